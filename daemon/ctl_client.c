/* Calling the daemon: one call on one connection, its replies read as they come. */
#include "daemon/ctl.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_REPLY = 64 << 20 };

/* What has been received and not been read yet. */
struct incoming {
    char *bytes;
    size_t head;
    size_t scanned;
    size_t size;
    size_t capacity;
};

enum wait {
    WAIT_READABLE,
    WAIT_INTERRUPTED, /* Ctrl-C */
    WAIT_UNREAD,      /* nobody reads what we print any more */
    WAIT_TYPED,       /* at the terminal that was taken over */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = 1;
}

/* Has Ctrl-C noticed while we wait for the daemon, and only then.  unblocked: the mask to wait
 * with. */
static void catch_interrupts(sigset_t *unblocked)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, unblocked);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Says who could open a socket that we may not. */
static void complain_of_permission(const char *path)
{
    struct stat st;
    const struct group *group = NULL;

    if (stat(path, &st) == 0) {
        group = getgrgid(st.st_gid);
    }
    if (group != NULL && (st.st_mode & S_IWGRP) != 0) {
        ctl_complain("no permission to open %s; it is open to the group \"%s\"", path,
                     group->gr_name);
    } else {
        ctl_complain("no permission to open %s", path);
    }
}

static void complain_of_connect(const char *path, int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        ctl_complain("no daemon at %s: there is no such socket; is axond running?\n"
                     "(Option -s or $AXOND_CONTROL names another socket.)",
                     path);
        return;
    case ECONNREFUSED:
        ctl_complain("no daemon at %s: nobody answers; axond is not running", path);
        return;
    case EACCES:
    case EPERM:
        complain_of_permission(path);
        return;
    default:
        ctl_complain("no daemon at %s: %s", path, strerror(error));
    }
}

enum ctl_status ctl_connect(struct ctl *ctl)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (ctl->fd != -1) {
        return CTL_DONE;
    }
    if (strlen(ctl->socket) >= sizeof(address.sun_path)) {
        ctl_complain("\"%s\" is too long for the path of a socket", ctl->socket);
        return CTL_NO_DAEMON;
    }
    memcpy(address.sun_path, ctl->socket, strlen(ctl->socket) + 1);
    ctl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (ctl->fd == -1 ||
        connect(ctl->fd, (const struct sockaddr *)&address, sizeof(address)) == -1) {
        complain_of_connect(ctl->socket, errno);
        return CTL_NO_DAEMON;
    }
    return CTL_DONE;
}

/* Sends a request.  That the daemon has hung up is seen when reading, with its reason. */
static void send_request(const struct ctl *ctl, const char *text)
{
    size_t left = strlen(text) + 1;

    while (left > 0) {
        ssize_t sent = send(ctl->fd, text, left, MSG_NOSIGNAL);

        if (sent == -1 && errno != EINTR) {
            return;
        }
        if (sent > 0) {
            text += sent;
            left -= (size_t)sent;
        }
    }
}

/* Waits for the daemon; during a stream, also for whoever reads what we print to be gone, and for
 * what is typed.  A signal that does not end us tells of the terminal. */
static enum wait wait_for_daemon(const struct ctl *ctl, bool stream, const sigset_t *unblocked)
{
    const bool listens = ctl->terminal != NULL;

    for (;;) {
        struct pollfd fds[] = {
            {.fd = ctl->fd, .events = POLLIN},
            {.fd = stream ? STDOUT_FILENO : -1},
            {.fd = listens ? STDIN_FILENO : -1, .events = POLLIN},
        };
        int ready = ppoll(fds, 3, NULL, unblocked);

        if (interrupted) {
            return WAIT_INTERRUPTED;
        }
        if (ready > 0 && fds[0].revents != 0) {
            return WAIT_READABLE;
        }
        if (ready > 0 && fds[1].revents != 0) {
            return WAIT_UNREAD;
        }
        if (listens) {
            return WAIT_TYPED;
        }
    }
}

/* Before something is said to a person. */
static void leave_terminal(const struct ctl *ctl)
{
    if (ctl->terminal != NULL) {
        ctl->terminal->leave(ctl->terminal->data);
    }
}

/* Reads more from the daemon.  Returns NULL, or what is wrong: it has hung up. */
static const char *receive(const struct ctl *ctl, struct incoming *in)
{
    ssize_t got;

    if (in->head > 0) {
        in->size -= in->head;
        in->scanned -= in->head;
        memmove(in->bytes, in->bytes + in->head, in->size);
        in->head = 0;
    }
    if (in->size == in->capacity) {
        size_t capacity = in->capacity == 0 ? 64 << 10 : 2 * in->capacity;
        char *bytes = capacity <= MAX_REPLY ? realloc(in->bytes, capacity) : NULL;

        if (bytes == NULL) {
            return "sends a reply that is too long";
        }
        in->bytes = bytes;
        in->capacity = capacity;
    }
    do {
        got = recv(ctl->fd, in->bytes + in->size, in->capacity - in->size, 0);
    } while (got == -1 && errno == EINTR);
    if (got <= 0) {
        return "has hung up";
    }
    in->size += (size_t)got;
    return NULL;
}

/* Takes the next message, if all of it is there. */
static const char *take_message(struct incoming *in)
{
    const char *start = in->bytes + in->head;
    const char *end = NULL;

    if (in->scanned < in->size) {
        end = memchr(in->bytes + in->scanned, '\0', in->size - in->scanned);
    }
    if (end == NULL) {
        in->scanned = in->size;
        return NULL;
    }
    in->head = (size_t)(end - in->bytes) + 1;
    in->scanned = in->head;
    return start;
}

/* Has one message read.  *again: whether to go on. */
static enum ctl_status read_message(struct ctl *ctl, const char *text,
                                    const struct ctl_reader *reader, bool *again)
{
    json_t *message = json_loads(text, 0, NULL);
    json_t *parameters = json_object_get(message, "parameters");
    const char *error = json_string_value(json_object_get(message, "error"));
    enum ctl_status status = CTL_DONE;

    *again = false;
    if (!json_is_object(message)) {
        leave_terminal(ctl);
        ctl_complain("what answers at %s is not axond", ctl->socket);
        status = CTL_NO_DAEMON;
    } else if (error != NULL) {
        leave_terminal(ctl);
        if (ctl->json) {
            ctl_print_json(message);
        }
        ctl_explain(ctl, error, parameters);
        status = CTL_REFUSED;
    } else {
        *again = reader->read(ctl, parameters, reader->data) &&
                 json_is_true(json_object_get(message, "continues"));
    }
    json_decref(message);
    return status;
}

/* Waits until there is more to read, and reads it.  *again: whether to go on.  A stream that is
 * ended from this side has done what it should; another call has not. */
static enum ctl_status read_more(struct ctl *ctl, bool stream, struct incoming *in,
                                 const sigset_t *unblocked, bool *again)
{
    const char *trouble = NULL;

    *again = false;
    if (fflush(stdout) == EOF) {
        return stream ? CTL_DONE : CTL_REFUSED;
    }
    switch (wait_for_daemon(ctl, stream, unblocked)) {
    case WAIT_READABLE:
        trouble = receive(ctl, in);
        break;
    case WAIT_TYPED:
        *again = ctl->terminal->input(ctl->terminal->data);
        return CTL_DONE;
    case WAIT_INTERRUPTED:
    case WAIT_UNREAD:
        return stream ? CTL_DONE : CTL_REFUSED;
    }
    if (trouble != NULL) {
        leave_terminal(ctl);
        ctl_complain("the daemon at %s %s", ctl->socket, trouble);
        return CTL_NO_DAEMON;
    }
    *again = true;
    return CTL_DONE;
}

static enum ctl_status read_replies(struct ctl *ctl, bool stream, const struct ctl_reader *reader)
{
    struct incoming in = {0};
    enum ctl_status status = CTL_DONE;
    bool again = true;
    sigset_t unblocked;

    catch_interrupts(&unblocked);
    while (again) {
        const char *message = take_message(&in);

        if (message != NULL) {
            status = read_message(ctl, message, reader, &again);
        } else {
            status = read_more(ctl, stream, &in, &unblocked, &again);
        }
    }
    free(in.bytes);
    return status;
}

enum ctl_status ctl_call(struct ctl *ctl, const char *method, json_t *parameters, bool more,
                         struct ctl_reader reader)
{
    char name[64];
    json_t *request;
    char *text;
    enum ctl_status status;

    snprintf(name, sizeof(name), "io.axond.%s", method);
    request = json_pack("{s:s, s:o*, s:b}", "method", name, "parameters", parameters, "more", more);
    text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    if (text == NULL) {
        ctl_complain("what is to be sent is not valid UTF-8");
        return CTL_USAGE;
    }
    status = ctl->no_daemon ? CTL_USAGE : ctl_connect(ctl);
    if (ctl->no_daemon) {
        ctl_complain("%s cannot be answered without a daemon", ctl->command->name);
    } else if (status == CTL_DONE) {
        send_request(ctl, text);
        status = read_replies(ctl, more, &reader);
    }
    free(text);
    return status;
}

static bool read_nothing(struct ctl *ctl, json_t *reply, void *data)
{
    if (ctl->json) {
        ctl_print_json(reply);
    }
    return true;
}

enum ctl_status ctl_do(struct ctl *ctl, const char *method, json_t *parameters)
{
    return ctl_call(ctl, method, parameters, false, (struct ctl_reader){read_nothing, NULL});
}

struct list_reader {
    const char *list;
    struct ctl_reader reader;
    size_t count;
};

static bool read_batch(struct ctl *ctl, json_t *reply, void *data)
{
    struct list_reader *list = data;
    size_t i;
    json_t *item;

    json_array_foreach(json_object_get(reply, list->list), i, item)
    {
        if (!ctl->json) {
            list->reader.read(ctl, item, list->reader.data);
            continue;
        }
        if (list->count++ == 0) {
            printf("{\"%s\": [\n", list->list);
        } else {
            printf(",\n");
        }
        json_dumpf(item, stdout, 0);
    }
    return !ferror(stdout);
}

enum ctl_status ctl_list(struct ctl *ctl, const char *method, json_t *parameters, const char *list,
                         struct ctl_reader reader)
{
    struct list_reader state = {.list = list, .reader = reader};
    enum ctl_status status =
        ctl_call(ctl, method, parameters, true, (struct ctl_reader){read_batch, &state});

    if (ctl->json && state.count > 0) {
        printf("\n]}\n");
    } else if (ctl->json && status == CTL_DONE) {
        printf("{\"%s\": []}\n", list);
    }
    return status;
}
