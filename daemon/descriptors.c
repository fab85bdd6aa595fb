#include "daemon/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum {
    NUMBER_SIZE = 24,  /* bytes of a process's number, as text */
    STACK = 64 * 1024, /* of the new process, until it has become the program */
};

/* What the new process has to know, all of it made before: it must not allocate. */
struct birth {
    const struct descriptors *descriptors;
    char *const *arguments;
    char **environment;
    char *listen_pid; /* in it: the text after "=", NUMBER_SIZE bytes */
    char *watchdog_pid;
    int error; /* why it could not be run */
};

void descriptors_add(struct descriptors *descriptors, const char *name, int fd)
{
    const size_t used = descriptors->names != NULL ? strlen(descriptors->names) : 0;
    const size_t size = used + strlen(name) + 2;

    descriptors->fds =
        mem_resize_array(descriptors->fds, descriptors->count + 1, sizeof(descriptors->fds[0]));
    descriptors->names = mem_resize_array(descriptors->names, size, 1);
    (void)snprintf(descriptors->names + used, size - used, "%s%s",
                   descriptors->count > 0 ? ":" : "", name);
    descriptors->fds[descriptors->count++] = fd;
}

void descriptors_free(struct descriptors *descriptors)
{
    free(descriptors->fds);
    free(descriptors->names);
    *descriptors = (struct descriptors){0};
}

/* ---- in the new process: nothing is called that could change our memory ---- */

static void write_number(char *text, pid_t pid)
{
    char digits[NUMBER_SIZE];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + pid % 10);
        pid /= 10;
    } while (pid > 0);
    while (count > 0) {
        *text++ = digits[--count];
    }
    *text = '\0';
}

/* Puts them from 3 on, where some of them may be already; false with errno set. */
static bool take_places(const struct descriptors *descriptors)
{
    const int above = SD_LISTEN_FDS_START + (int)descriptors->count;

    for (size_t i = 0; i < descriptors->count; i++) {
        descriptors->fds[i] = fcntl(descriptors->fds[i], F_DUPFD_CLOEXEC, above);
        if (descriptors->fds[i] == -1) {
            return false;
        }
    }
    for (size_t i = 0; i < descriptors->count; i++) {
        if (dup2(descriptors->fds[i], SD_LISTEN_FDS_START + (int)i) == -1) {
            return false;
        }
    }
    return true;
}

static void set_signals_back(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};

    for (int number = 1; number < NSIG; number++) {
        (void)sigaction(number, &plain, NULL); /* some can't be set, and need not be */
    }
    (void)sigprocmask(SIG_SETMASK, &plain.sa_mask, NULL);
}

/* Becomes the program.  Memory is shared with the parent, who waits. */
__attribute__((no_sanitize("address", "undefined", "thread"))) static int become(void *arg)
{
    struct birth *birth = arg;

    set_signals_back();
    write_number(birth->listen_pid, getpid());
    write_number(birth->watchdog_pid, getpid());
    if (take_places(birth->descriptors)) {
        (void)execvpe(birth->arguments[0], birth->arguments, birth->environment);
    }
    birth->error = errno;
    _exit(EXIT_FAILURE);
}

/* ---- in ours ---- */

static bool is_replaced(const char *variable)
{
    return strncmp(variable, "LISTEN_", 7) == 0 || strncmp(variable, "WATCHDOG_PID=", 13) == 0;
}

/* "NAME=", and room for a number; returns where that comes. */
static char *add_number(char **place, const char *name)
{
    const size_t length = strlen(name);

    *place = mem_alloc(length + NUMBER_SIZE);
    memcpy(*place, name, length);
    return *place + length;
}

/* Ours, but for what is said of the descriptors. */
static void make_environment(struct birth *birth)
{
    size_t count = 0;
    size_t length = strlen("LISTEN_FDNAMES=") + strlen(birth->descriptors->names) + 1;
    char **to;

    while (environ[count] != NULL) {
        count++;
    }
    birth->environment = mem_alloc((count + 5) * sizeof(char *));
    to = birth->environment;
    birth->listen_pid = add_number(to++, "LISTEN_PID=");
    birth->watchdog_pid = add_number(to++, "WATCHDOG_PID=");
    (void)snprintf(add_number(to++, "LISTEN_FDS="), NUMBER_SIZE, "%zu", birth->descriptors->count);
    *to = mem_alloc(length);
    (void)snprintf(*to++, length, "LISTEN_FDNAMES=%s", birth->descriptors->names);
    for (size_t i = 0; i < count; i++) {
        if (!is_replaced(environ[i])) {
            *to++ = environ[i];
        }
    }
}

static void free_environment(struct birth *birth)
{
    for (int i = 0; i < 4; i++) {
        free(birth->environment[i]);
    }
    free(birth->environment);
}

/* Makes the process, and returns once it has become the program or has given up.  No signal may
 * come in between: our handlers would run in both. */
static pid_t give_birth(struct birth *birth, int *pidfd)
{
    const int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
    char *stack = mem_alloc(STACK);
    sigset_t all;
    sigset_t before;
    pid_t pid;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = clone(become, stack + STACK, flags | CLONE_PARENT, birth, pidfd);
    if (pid == -1 && errno == EINVAL) { /* we are the first process of a container */
        pid = clone(become, stack + STACK, flags, birth, pidfd);
    }
    pid = pid == -1 ? -errno : pid;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(stack);
    return pid;
}

pid_t descriptors_start(const struct descriptors *descriptors, char *const *arguments, int *pidfd)
{
    struct birth birth = {.descriptors = descriptors, .arguments = arguments};
    pid_t pid;

    make_environment(&birth);
    pid = give_birth(&birth, pidfd);
    free_environment(&birth);
    if (pid > 0 && birth.error != 0) {
        (void)close(*pidfd);
        return -birth.error;
    }
    return pid;
}
