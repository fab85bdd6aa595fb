/* A Varlink server on a Unix socket: JSON objects, each ended by a NUL byte.
 *
 *     client --> [input]  frame --> call --> method's handler
 *     client <-- [output] <-- reply <-------/      (now, later, or many times)
 *
 * - A connection has one call at a time.  Requests sent ahead wait, unparsed, in its input buffer,
 *   and beyond that in the socket: it is not read further.
 * - Nothing blocks, and no turn is long: one request or one batch of a stream per connection and
 *   turn of the loop, and all connections together stop for that turn after VARLINK_TURN.
 * - Memory per client is bounded: a request by max_request, what waits to be read by max_output and
 *   one reply.  A client that lets its output grow past that is cut off.
 * - A client that speaks no Varlink is disconnected; whatever it sends harms nobody else.
 *
 * A method may answer at once:
 *
 *     static void on_echo(struct varlink_call *call)
 *     {
 *         varlink_reply(call, json_pack("{s:s}", "text", varlink_string(call, "text")));
 *     }
 *
 * or keep the call, and answer when something has happened (on_end frees what it keeps for that);
 * or set call->produce, which is asked for one batch of a long answer whenever there is room. */
#ifndef DAEMON_VARLINK_H
#define DAEMON_VARLINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifndef MUST_CHECK
#define MUST_CHECK __attribute__((warn_unused_result))
#endif

struct ev_loop;
struct varlink_call;
struct varlink_connection;
struct varlink_server;

/* Varlink's own errors. */
#define VARLINK_INTERFACE_NOT_FOUND    "org.varlink.service.InterfaceNotFound"
#define VARLINK_METHOD_NOT_FOUND       "org.varlink.service.MethodNotFound"
#define VARLINK_METHOD_NOT_IMPLEMENTED "org.varlink.service.MethodNotImplemented"
#define VARLINK_INVALID_PARAMETER      "org.varlink.service.InvalidParameter"
#define VARLINK_PERMISSION_DENIED      "org.varlink.service.PermissionDenied"
#define VARLINK_EXPECTED_MORE          "org.varlink.service.ExpectedMore"

/* A request is parsed in one go: 128 KiB take up to 4 ms, and the loop is never held for more
 * than 5. For the same reason the number of its values is limited. */
enum {
    VARLINK_MAX_CLIENTS = 64,
    VARLINK_MAX_REQUEST = 128 << 10, /* bytes */
    VARLINK_MAX_OUTPUT = 1 << 20,    /* bytes */
    VARLINK_MAX_DEPTH = 32,          /* of a request's arrays and objects */
    VARLINK_MAX_VALUES = 4096,       /* in a request */
};

#define VARLINK_TURN 0.002 /* seconds */

/* What a parameter is; a value of another kind is answered with InvalidParameter. */
enum varlink_kind {
    VARLINK_BOOL,
    VARLINK_INT,
    VARLINK_FLOAT, /* an integer will do */
    VARLINK_STRING,
    VARLINK_STRINGS, /* an array of strings */
    VARLINK_OBJECT,
};

struct varlink_parameter {
    const char *name;
    enum varlink_kind kind;
    bool required;              /* else it may be left out, or null */
    const char *const *choices; /* of a string: the words accepted, then NULL */
};

/* Whether a method answers more than once. */
enum varlink_more {
    VARLINK_ONE_REPLY, /* "more" is not looked at */
    VARLINK_MAY_STREAM,
    VARLINK_MUST_STREAM, /* without "more": ExpectedMore */
};

struct varlink_method {
    const char *name;                           /* without the interface */
    const struct varlink_parameter *parameters; /* ended by {0}; NULL: it takes none */
    void (*handle)(struct varlink_call *call);  /* NULL: MethodNotImplemented */
    bool privileged; /* root or the daemon's own user; others get PermissionDenied */
    enum varlink_more more;
};

struct varlink_interface {
    const char *name;                     /* "io.axond" */
    const char *description;              /* the text in Varlink's IDL */
    const struct varlink_method *methods; /* ended by {0} */
};

/* What a server serves, beside org.varlink.service.  Borrowed by the server for all its life. */
struct varlink_service {
    const char *vendor;
    const char *product;
    const char *version;
    const char *url;
    const struct varlink_interface *interfaces; /* ended by {0} */

    /* Limits; 0 stands for the constants above. */
    unsigned max_clients;
    size_t max_request;
    size_t max_output;

    /* Sent to a client that is one too many, with its limit; NULL: just disconnected. */
    const char *too_many_clients;

    /* Called before and after anything that a call does; both or neither may be NULL. */
    void (*enter)(void *context);
    void (*leave)(void *context);

    /* Told what the operator should know, such as that no descriptors are left.  May be NULL. */
    void (*note)(void *context, const char *text);
};

struct varlink_peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    bool privileged; /* root, or the daemon's own user */
};

/* A call, from the handler's start to the last reply.  It is part of its connection: after the last
 * reply, or on_end, it must not be touched. */
struct varlink_call {
    /* read-only */
    const struct varlink_method *method;
    json_t *parameters; /* an object, of the kinds that the method's table wants */
    bool more;          /* the client takes several replies; never so for VARLINK_ONE_REPLY */
    bool oneway;        /* replies are thrown away */
    struct varlink_peer peer;
    void *context; /* of the server */

    /* public: the handler's own, zero when it is called */
    void *data;

    /* Called once, when the call is over: inside the last varlink_reply() or varlink_error(), or
     * from the loop when the client is gone or was cut off.  Frees data.  It cannot reply. */
    void (*on_end)(struct varlink_call *call);

    /* Called from the loop, after the handler has returned, while there is room for output: once a
     * turn, until it replies for the last time or sets produce to NULL.  A batch takes well under a
     * millisecond; without a reply, it has looked further and found nothing to tell yet. */
    void (*produce)(struct varlink_call *call);

    /* private */
    struct varlink_connection *connection;
    bool active;
};

/* Makes a server that does not listen yet.  context: for the handlers, in call->context.
 * Returns NULL when memory is out. */
struct varlink_server *varlink_server_create(struct ev_loop *loop,
                                             const struct varlink_service *service, void *context);

/* Listens on a new Unix socket.  One that is left over from a daemon that has died is replaced.
 *
 * mode: permissions of the socket; group: name of its group, or NULL.
 * why: on failure, one sentence for a person that names path and reason.
 * Returns 0, else -errno: -EADDRINUSE when somebody answers there already, -ENOENT when the folder
 * is missing, -EEXIST when path is something that is not a socket. */
MUST_CHECK int varlink_server_listen(struct varlink_server *server, const char *path, mode_t mode,
                                     const char *group, char *why, size_t why_size);

/* Listens on a socket that is open and listening already, as passed by systemd.  Takes fd over,
 * also when it fails. */
MUST_CHECK int varlink_server_listen_fd(struct varlink_server *server, int fd);

/* The socket of varlink_server_listen_fd() is the one at this path, which goes with us. */
void varlink_server_own(struct varlink_server *server, const char *path);

/* The socket that it listens on; borrowed.  -1: none. */
int varlink_server_socket(const struct varlink_server *server);

/* Listens no longer: another process does, on the same sockets.  Who is connected stays. */
void varlink_server_let_go(struct varlink_server *server);

/* How many clients are connected. */
unsigned varlink_server_clients(const struct varlink_server *server);

/* Ends all calls and connections, writing once what waits to be written.  Removes the socket if it
 * is still the one made by varlink_server_listen().  Not to be called from a handler or a hook. */
void varlink_server_destroy(struct varlink_server *server);

/* Parameters of a call.  Left out: NULL, or the fallback. */
const char *varlink_string(const struct varlink_call *call, const char *name);
json_int_t varlink_int(const struct varlink_call *call, const char *name, json_int_t fallback);
double varlink_float(const struct varlink_call *call, const char *name, double fallback);
bool varlink_bool(const struct varlink_call *call, const char *name, bool fallback);
json_t *varlink_value(const struct varlink_call *call, const char *name); /* borrowed */

/* Sets call->produce from elsewhere than the call's own handler and hooks, such as a timer. */
void varlink_call_produce(struct varlink_call *call, void (*produce)(struct varlink_call *call));

/* The last reply: ends the call.  Takes over parameters; NULL stands for an empty object. */
void varlink_reply(struct varlink_call *call, json_t *parameters);

/* A reply with more to follow; only when call->more.  Takes over parameters.
 * Returns 0; -EPIPE when the client was too slow, or is gone: it is disconnected from the loop,
 * which ends the call; until then replies go nowhere. */
int varlink_reply_continues(struct varlink_call *call, json_t *parameters);

/* Answers with an error, whose name includes its interface; ends the call.  Takes over parameters.
 */
void varlink_error(struct varlink_call *call, const char *name, json_t *parameters);

/* The commonest: parameter is the name of the one that is wrong. */
void varlink_invalid_parameter(struct varlink_call *call, const char *parameter);

/* For handlers where only some calls change something: false after answering PermissionDenied. */
MUST_CHECK bool varlink_require_privilege(struct varlink_call *call);

/* Whether a reply would be sent on soon: false while a good part of max_output waits to be read.
 * For a source that would rather lose a message than be cut off. */
bool varlink_call_has_room(const struct varlink_call *call);

#endif
