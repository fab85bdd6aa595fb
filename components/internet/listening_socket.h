/* Listening sockets: from an address in words to descriptors that are bound and listen.
 *
 * With several workers each has a socket of its own for an address, bound with SO_REUSEPORT, so
 * that the kernel deals out the connections; worker 0 binds first, without it, so that an address
 * which another process has is refused.  A Unix socket, or one that was passed in, can't be bound
 * twice: all workers accept from the same.
 *
 * Where there were more workers before, in this process's place, there are sockets that none has
 * for its own.  The kernel goes on dealing out connections to them, and who waits in one would be
 * reset with it: so they are kept, and those that there are now accept from them as well. */
#ifndef AXOND_COMPONENTS_INTERNET_LISTENING_SOCKET_H
#define AXOND_COMPONENTS_INTERNET_LISTENING_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "components/internet/socket_options.h"
#include "graph/listeners.h"
#include "graph/mem.h"
#include "graph/workers.h"

enum {
    LISTENING_ADDRESSES = 16, /* of one server, and as many as there may be of a time before */
    LISTENING_MOST = LISTENING_ADDRESSES + WORKERS_MOST,
};

struct listening_socket {
    int fd;
    char name[160]; /* "127.0.0.1:8080", "[::]:8080", "unix:/run/x.sock", "systemd:echo" */
    bool is_left;   /* of a worker that is no more, of an address that another entry has as well */
};

struct listening_request {
    const char *host; /* NULL: every address; else as TCPServer's parameter */
    int port;         /* not for unix: and systemd: */
    int backlog;      /* 0: the system's */
    unsigned worker;  /* the server's, from 0 ... */
    unsigned workers; /* ... of so many that listen together, at least 1 */
    bool reuseport;
    bool nodelay;
    bool keepalive;
    const struct socket_options *options;
    struct listeners *listeners; /* where sockets are shared */
    struct listener_owner owner; /* the server */
};

/* False for unix: and systemd:.  host: as in a request */
bool listening_has_port(const char *host);

/* Opens the sockets of one server: one, or several where a host's name stands for several
 * addresses. Sockets that listeners has under their name are shared, not bound anew.
 *
 * sockets: LISTENING_MOST entries.  text: a sentence for people if this fails.
 * Returns their number, or -errno with none open: -EADDRINUSE, -EACCES, … */
MUST_CHECK int listening_open(const struct listening_request *request,
                              struct listening_socket *sockets, char *text, size_t size);

/* True if nobody else has the socket: it ends with listening_close(). */
bool listening_is_last(const struct listening_socket *socket, const struct listeners *listeners);

/* Takes it back from listeners and closes it; removes the path of a Unix socket that is our own. */
void listening_close(struct listening_socket *socket, struct listeners *listeners);

#endif
