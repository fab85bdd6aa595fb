/* Dialling: from the address of a server in words to a socket that is connected to it.
 *
 *     name ──► addresses ──► connect, 250 ms later the next beside it ──► the first to answer
 *
 * A client has a dial only until it is connected.  It never waits: dial_run() does what can be done
 * now, and the client is run again when there is more. */
#ifndef AXOND_COMPONENTS_INTERNET_DIAL_H
#define AXOND_COMPONENTS_INTERNET_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "components/internet/socket_options.h"
#include "graph/mem.h"

struct component;
struct dial;
struct resolver;

/* Everything pointed to lives longer than the dial, but for the host, which is copied. */
struct dial_request {
    const char *host; /* IPv4, IPv6, a name, unix:PATH, unix:@NAME */
    int port;         /* not for unix: */
    double timeout;   /* seconds: for the name, and for each address */
    bool nodelay;
    bool keepalive;
    const struct socket_options *options;
    struct resolver *resolver;
    struct component *client;
    unsigned selector; /* its outbox that leads to the Selector */
    unsigned ready;    /* its inbox that the Selector sets */
};

/* Enough for any address of a request in words, and for any reason. */
enum { DIAL_NAME_SIZE = 300, DIAL_REASON_SIZE = DIAL_NAME_SIZE + 200 };

/* "127.0.0.1:6379", "[::1]:80", "example.org:80", "unix:/run/x.sock".  Returns name. */
const char *dial_name(const char *host, int port, char *name, size_t size);

/* True if this is a Unix socket's address; *fits says whether its path is as long as a path may be.
 */
bool dial_is_unix(const char *host, bool *fits);

/* Begins; nothing is opened before dial_run(). */
MUST_CHECK struct dial *dial_create(const struct dial_request *request);

/* Goes on.  Returns a connected descriptor, which is the caller's, and in *peer whom it leads to;
 * -EINPROGRESS: the client will be run; another -errno: in vain. */
MUST_CHECK int dial_run(struct dial *dial, struct sockaddr_storage *peer);

/* Why it was in vain, with that errno: "could not connect to [::1]:80: Connection refused". */
void dial_reason(const struct dial *dial, int error, char text[DIAL_REASON_SIZE]);

/* Gives up what is under way.  NULL is fine. */
void dial_destroy(struct dial *dial);

#endif
