#include "components/file/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STACK = 32 * 1024,  /* of the new process, until it has become the program */
    DESCRIPTORS = 1024, /* what a program may expect, and select(2) can do */
};

/* Where programs are, if the environment does not say. */
#define USUAL_PATH "/usr/local/bin:/usr/bin:/bin"

/* What the new process works from, and what it has to say. */
struct birth {
    const char *program;
    const struct spawn_request *request;
    const int *pipes; /* its ends; none is below 3 */
    pid_t parent;
    const char *failed; /* what could not be done: "enter"; NULL: all is well */
    const char *object;
    int error;
};

/* ---- in the new process ---- */

static void set_signals_back(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};

    for (int number = 1; number < NSIG; number++) {
        (void)sigaction(number, &plain, NULL); /* some can't be set, and need not be */
    }
    (void)sigprocmask(SIG_SETMASK, &plain.sa_mask, NULL);
}

static void limit_descriptors(void)
{
    struct rlimit limit;

    (void)close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC); /* what axond was given */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > DESCRIPTORS) {
        limit.rlim_cur = DESCRIPTORS;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool take_pipes(const int *pipes)
{
    for (int fd = 0; fd < 3; fd++) {
        if (dup2(pipes[fd], fd) == -1) {
            return false;
        }
    }
    return true;
}

/* Becomes the program.  Memory is shared with the parent, who waits: nothing but *birth is changed,
 * and nothing is called that could. */
__attribute__((no_sanitize("address", "undefined", "thread"))) static int become(void *arg)
{
    struct birth *birth = arg;
    const struct spawn_request *request = birth->request;

    (void)setsid();
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != birth->parent) {
        _exit(EXIT_FAILURE); /* it has ended before it could be watched */
    }
    set_signals_back();
    birth->failed = "join";
    birth->object = "its pipes";
    if (take_pipes(birth->pipes)) {
        limit_descriptors();
        birth->failed = "enter";
        birth->object = request->directory;
        if (request->directory == NULL || chdir(request->directory) == 0) {
            birth->failed = "run";
            birth->object = birth->program;
            (void)execve(birth->program, (char *const *)(uintptr_t)request->arguments,
                         (char *const *)(uintptr_t)request->environment);
        }
    }
    birth->error = errno;
    _exit(EXIT_FAILURE);
}

/* ---- in ours ---- */

PRINTF_LIKE(4, 5)
static int refuse(int error, char *text, size_t size, const char *format, ...)
{
    size_t used;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, size, format, args);
    va_end(args);
    used = strlen(text);
    (void)snprintf(text + used, size - used, ": %s", strerror(error));
    return -error;
}

static bool is_program(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

static const char *path_of(const char *const *environment)
{
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, "PATH=", 5) == 0) {
            return *environment + 5;
        }
    }
    return USUAL_PATH;
}

/* The path of a program.  Empty entries of PATH, which stand for wherever we are, are left out. */
static int find_program(const struct spawn_request *request, char path[PATH_MAX], char *text,
                        size_t size)
{
    const char *name = request->arguments[0];
    const char *places = path_of(request->environment);
    const char *place = places;

    if (strchr(name, '/') != NULL) {
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX
                   ? 0
                   : refuse(ENAMETOOLONG, text, size, "could not run %.80s…", name);
    }
    while (*place != '\0') {
        const size_t length = strcspn(place, ":");

        if (length > 0 && length < PATH_MAX &&
            snprintf(path, PATH_MAX, "%.*s/%s", (int)length, place, name) < PATH_MAX &&
            is_program(path)) {
            return 0;
        }
        place += length + (place[length] == ':');
    }
    (void)snprintf(text, size, "could not run %.80s: there is no such program in %.300s", name,
                   places);
    return -ENOENT;
}

static void close_all(int fds[3])
{
    for (int i = 0; i < 3; i++) {
        if (fds[i] != -1) {
            (void)close(fds[i]);
            fds[i] = -1;
        }
    }
}

/* A descriptor that taking the places 0, 1 and 2 can't close. */
static int lift(int *fd)
{
    const int low = *fd;

    if (low > STDERR_FILENO) {
        return 0;
    }
    *fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(low);
    return *fd == -1 ? -errno : 0;
}

static int make_pipe(int fd, int *ours, int *theirs)
{
    int ends[2];
    const bool is_input = fd == STDIN_FILENO;

    if (pipe2(ends, O_CLOEXEC) == -1) {
        return -errno;
    }
    *ours = ends[is_input];
    *theirs = ends[!is_input];
    if (fcntl(*ours, F_SETFL, O_NONBLOCK | (is_input ? O_WRONLY : O_RDONLY)) == -1) {
        return -errno;
    }
    return lift(theirs);
}

static int make_pipes(int ours[3], int theirs[3])
{
    int result = 0;

    for (int fd = 0; fd < 3 && result == 0; fd++) {
        result = make_pipe(fd, &ours[fd], &theirs[fd]);
    }
    return result;
}

/* Makes the process, and returns once it has become the program or has given up.  No signal may
 * come in between: our handlers would run in both. */
static int give_birth(struct birth *birth, struct spawned *spawned)
{
    alignas(16) char stack[STACK];
    sigset_t all;
    sigset_t before;
    int result;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    spawned->pidfd = -1;
    spawned->pid = clone(become, stack + sizeof(stack),
                         CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, birth, &spawned->pidfd);
    result = spawned->pid == -1 ? -errno : 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

int spawn(const struct spawn_request *request, struct spawned *spawned, char *text, size_t size)
{
    char program[PATH_MAX];
    int theirs[3] = {-1, -1, -1};
    struct birth birth = {
        .program = program, .request = request, .pipes = theirs, .parent = getpid()};
    int result = find_program(request, program, text, size);

    memset(spawned->pipes, -1, sizeof(spawned->pipes));
    if (result < 0) {
        return result;
    }
    result = make_pipes(spawned->pipes, theirs);
    if (result < 0) {
        (void)refuse(-result, text, size, "could not make pipes for %.80s", program);
        goto failed;
    }
    result = give_birth(&birth, spawned);
    if (result < 0) {
        (void)refuse(-result, text, size, "could not make a process for %.80s", program);
        goto failed;
    }
    if (birth.error != 0) {
        result = refuse(birth.error, text, size, "could not %s %.200s", birth.failed, birth.object);
        (void)waitpid(spawned->pid, NULL, 0);
        (void)close(spawned->pidfd);
        goto failed;
    }
    close_all(theirs);
    return 0;
failed:
    close_all(theirs);
    close_all(spawned->pipes);
    return result;
}
