/* ConnectedSocketAdapter, for those who make them: TCPServer and TCPClient. */
#ifndef AXOND_COMPONENTS_INTERNET_CONNECTED_SOCKET_ADAPTER_H
#define AXOND_COMPONENTS_INTERNET_CONNECTED_SOCKET_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "graph/component.h"

extern const struct component_type connected_socket_adapter_type;

enum { CSA_INBOX, CSA_CONTROL, CSA_MAKESSL, CSA_READ_READY, CSA_SEND_READY };
enum { CSA_OUTBOX, CSA_SIGNAL, CSA_CREATOR_FEEDBACK, CSA_SELECTOR_SIGNAL, CSA_SSLREADY };

/* Gives a new adapter its socket (connected, non-blocking, from now on the adapter's), before it is
 * started.  peer: as from accept4(2). */
void csa_init(struct component *self, int fd, const struct sockaddr_storage *peer);

/* The peer has probably sent already: what is there is read before anything is watched for, which
 * saves a wait.  Who connects and speaks first has, by the time that it is accepted; for who does
 * not, it is a recv(2) in vain.  Called after csa_init(). */
void csa_expect(struct component *self);

/* Removes the socket from the Selector and closes it; without a socket it does nothing. */
void csa_close(struct component *self);

/* Seconds since something has come or gone. */
double csa_quiet(const struct component *self);

/* Ends the connection if nothing has come or gone for "idle" seconds (0: never), or if it has
 * waited too long for the peer's end with nobody left to read what comes.  Returns after how many
 * seconds it should be called again; 0: there is nothing to wait for, as things are.
 *
 * So a timeout costs nothing per message: who makes adapters calls this when a timer says so. */
double csa_expire(struct component *self, double idle);

/* Why the connection ended: an errno; 0: in order. */
int csa_error(const struct component *self);

/* True once our FIN is out: it was told producerFinished, and all is written. */
bool csa_has_finished(const struct component *self);

/* True if a notice in this control asks for the end at once.  That another connection is over, in
 * order, does not: what it sent is still delivered, as after producerFinished. */
bool csa_is_told_to_stop(struct component *component, unsigned control);

/* "127.0.0.1:53112", "[::1]:53112", "unix"; IPv4 in IPv6 as IPv4. */
bool csa_describe_peer(struct component *self, char *text, size_t size);

#endif
