/* Resolver: from the name of a host to its addresses, without ever waiting (c-ares on libev).
 *
 *     lookup_start() ──► c-ares ──► /etc/hosts, name servers
 *     component_wake() ◄──┘
 *
 * 1. There is one in each loop.  Lookups of a name that is being looked up share its query, and an
 *    answer is kept for as long as it says: from one second (/etc/hosts, and names that are not
 *    found) to one minute.
 * 2. The channel to the name servers lives only while something is looked up: an idle daemon has no
 *    socket and no timer for it, and changes of /etc/resolv.conf are seen.
 * 3. Addresses come in the order of RFC 6724, IPv6 and IPv4 by turns, so that whoever tries them
 *    one after the other soon meets both. */
#ifndef AXOND_COMPONENTS_INTERNET_RESOLVER_H
#define AXOND_COMPONENTS_INTERNET_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "graph/list.h"
#include "graph/mem.h"

struct answer;
struct component;
struct ev_loop;
struct resolver;

enum { RESOLVER_MOST = 16 }; /* addresses of one name that are kept */

union inet_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* What somebody wants to know; zeroes: nothing. */
struct lookup {
    struct list link; /* in the answer's list of those who wait */
    struct answer *answer;
    struct component *asker;
};

MUST_CHECK struct resolver *resolver_create(struct ev_loop *ev);

/* All lookups must have been released.  NULL is fine. */
void resolver_destroy(struct resolver *resolver);

/* Asks for the addresses of a host.  asker: is woken when the answer is there, unless it is there
 * already. */
void lookup_start(struct lookup *lookup, struct resolver *resolver, const char *host,
                  struct component *asker);
bool lookup_is_done(const struct lookup *lookup);

/* Of a lookup that is done: the number of addresses, and each with port 0.  They live until the
 * lookup is released. */
size_t lookup_count(const struct lookup *lookup);
const union inet_address *lookup_address(const struct lookup *lookup, size_t index);

/* Why there are no addresses, in words. */
const char *lookup_reason(const struct lookup *lookup);

/* Forgets the question and the answer; may be called again. */
void lookup_release(struct lookup *lookup);

#endif
