#include "components/internet/resolver.h"

#include <ares.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "graph/component.h"

enum {
    ANSWERS_MOST = 256,
    KEPT_LEAST = 1, /* seconds */
    KEPT_MOST = 60,
    QUERY_TIMEOUT_MS = 2000, /* of the first try of a server; c-ares doubles it */
    QUERY_TRIES = 3,
};

struct answer {
    struct list link; /* in the resolver's answers, the oldest first */
    struct resolver *resolver;
    char *host;
    struct list askers; /* struct lookup: those who wait */
    unsigned refs;      /* lookups that hold it */
    bool is_pending;
    bool is_listed; /* may be found; else it goes with its last lookup */
    int status;     /* of c-ares */
    double expires; /* ev_now() */
    size_t count;
    union inet_address addresses[RESOLVER_MOST];
};

/* A socket of c-ares. */
struct watched {
    struct list link;
    ev_io io;
};

struct resolver {
    struct ev_loop *ev;
    ares_channel channel; /* NULL: nothing is looked up */
    unsigned running;     /* queries */
    ev_timer timer;
    struct list watched;
    struct list answers;
    size_t answer_count;
};

/* ---- c-ares on libev ---- */

/* After every call of c-ares: its next timeout, or the end of the channel. */
static void settle(struct resolver *resolver)
{
    struct timeval wait;

    ev_timer_stop(resolver->ev, &resolver->timer);
    if (resolver->running == 0) {
        ares_destroy(resolver->channel);
        resolver->channel = NULL;
    } else if (ares_timeout(resolver->channel, NULL, &wait) != NULL) {
        const double seconds = (double)wait.tv_sec + (double)wait.tv_usec / 1e6;

        ev_timer_set(&resolver->timer, seconds, 0.0);
        ev_timer_start(resolver->ev, &resolver->timer);
    }
}

static void on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct resolver *resolver = timer->data;

    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    settle(resolver);
}

static void on_io(struct ev_loop *ev, ev_io *io, int revents)
{
    struct resolver *resolver = io->data;
    const int fd = io->fd; /* the watcher may be gone before we return */

    ares_process_fd(resolver->channel, (revents & EV_READ) != 0 ? fd : ARES_SOCKET_BAD,
                    (revents & EV_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
    settle(resolver);
}

static struct watched *find_watched(struct resolver *resolver, int fd)
{
    struct list *at;

    list_for_each (at, &resolver->watched) {
        struct watched *watched = container_of(at, struct watched, link);

        if (watched->io.fd == fd) {
            return watched;
        }
    }
    return NULL;
}

/* c-ares says what it waits for on a socket: nothing before it closes it. */
static void on_sock_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = arg;
    struct watched *watched = find_watched(resolver, fd);
    const int events = (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);

    if (watched != NULL) {
        ev_io_stop(resolver->ev, &watched->io);
    }
    if (events == 0) {
        if (watched != NULL) {
            list_remove(&watched->link);
            free(watched);
        }
        return;
    }
    if (watched == NULL) {
        watched = mem_alloc(sizeof(*watched));
        list_append(&resolver->watched, &watched->link);
    }
    ev_io_init(&watched->io, on_io, fd, events);
    watched->io.data = resolver;
    ev_io_start(resolver->ev, &watched->io);
}

/* Returns a status of c-ares. */
static int open_channel(struct resolver *resolver)
{
    struct ares_options options = {.timeout = QUERY_TIMEOUT_MS,
                                   .tries = QUERY_TRIES,
                                   .sock_state_cb = on_sock_state,
                                   .sock_state_cb_data = resolver};

    if (resolver->channel != NULL) {
        return ARES_SUCCESS;
    }
    return ares_init_options(&resolver->channel, &options,
                             ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
}

/* ---- answers ---- */

static void answer_unlist(struct answer *answer)
{
    answer->is_listed = false;
    answer->resolver->answer_count--;
    list_remove(&answer->link);
}

static void answer_free_if_unused(struct answer *answer)
{
    if (!answer->is_listed && !answer->is_pending && answer->refs == 0) {
        free(answer->host);
        free(answer);
    }
}

/* Drops what is too old, or the oldest of too many. */
static void tidy(struct resolver *resolver)
{
    const double now = ev_now(resolver->ev);
    struct list *at;
    struct list *after;

    list_for_each_safe (at, after, &resolver->answers) {
        struct answer *answer = container_of(at, struct answer, link);

        if (!answer->is_pending &&
            (answer->expires <= now || resolver->answer_count >= ANSWERS_MOST)) {
            answer_unlist(answer);
            answer_free_if_unused(answer);
        }
    }
}

static struct answer *find_answer(struct resolver *resolver, const char *host)
{
    struct list *at;

    list_for_each (at, &resolver->answers) {
        struct answer *answer = container_of(at, struct answer, link);

        if (strcmp(answer->host, host) == 0) {
            return answer;
        }
    }
    return NULL;
}

static const struct ares_addrinfo_node *of_family(const struct ares_addrinfo_node *node, int family)
{
    while (node != NULL && node->ai_family != family) {
        node = node->ai_next;
    }
    return node;
}

/* Copies the addresses, the two families by turns. */
static void copy_addresses(struct answer *answer, const struct ares_addrinfo_node *first)
{
    const int families[2] = {first->ai_family, first->ai_family == AF_INET ? AF_INET6 : AF_INET};
    const struct ares_addrinfo_node *next[2] = {of_family(first, families[0]),
                                                of_family(first, families[1])};

    for (int turn = 0; answer->count < RESOLVER_MOST && (next[0] != NULL || next[1] != NULL);
         turn ^= 1) {
        const struct ares_addrinfo_node *node = next[turn];

        if (node == NULL) {
            continue;
        }
        if (node->ai_addrlen <= sizeof(union inet_address)) {
            memcpy(&answer->addresses[answer->count++], node->ai_addr, node->ai_addrlen);
        }
        next[turn] = of_family(node->ai_next, families[turn]);
    }
}

/* Seconds that an answer is good for: as its shortest-lived part. */
static int shortest_ttl(const struct ares_addrinfo *info)
{
    int ttl = KEPT_MOST;

    for (const struct ares_addrinfo_node *node = info->nodes; node != NULL; node = node->ai_next) {
        ttl = node->ai_ttl < ttl ? node->ai_ttl : ttl;
    }
    for (const struct ares_addrinfo_cname *name = info->cnames; name != NULL; name = name->next) {
        ttl = name->ttl < ttl ? name->ttl : ttl;
    }
    return ttl > KEPT_LEAST ? ttl : KEPT_LEAST;
}

static void answer_finish(struct answer *answer, int status, int seconds)
{
    answer->is_pending = false;
    answer->status = status;
    answer->expires = ev_now(answer->resolver->ev) + seconds;
    while (!list_is_empty(&answer->askers)) {
        struct lookup *lookup = container_of(answer->askers.next, struct lookup, link);

        list_remove(&lookup->link);
        component_wake(lookup->asker);
    }
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct answer *answer = arg;
    int seconds = KEPT_LEAST;

    answer->resolver->running--;
    if (status == ARES_SUCCESS && info->nodes != NULL) {
        copy_addresses(answer, info->nodes);
        seconds = shortest_ttl(info);
    } else if (status == ARES_SUCCESS) {
        status = ARES_ENODATA;
    }
    if (info != NULL) {
        ares_freeaddrinfo(info);
    }
    answer_finish(answer, status, seconds);
    answer_free_if_unused(answer);
}

static struct answer *answer_create(struct resolver *resolver, const char *host)
{
    struct answer *answer = mem_alloc(sizeof(*answer));

    answer->resolver = resolver;
    answer->host = mem_strdup(host);
    answer->is_pending = true;
    answer->is_listed = true;
    list_init(&answer->askers);
    list_append(&resolver->answers, &answer->link);
    resolver->answer_count++;
    return answer;
}

static void query(struct answer *answer)
{
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct resolver *resolver = answer->resolver;
    const int status = open_channel(resolver);

    if (status != ARES_SUCCESS) {
        answer_finish(answer, status, KEPT_LEAST);
        return;
    }
    resolver->running++;
    ares_getaddrinfo(resolver->channel, answer->host, NULL, &hints, on_answer, answer);
    settle(resolver);
}

/* ---- lookups ---- */

void lookup_start(struct lookup *lookup, struct resolver *resolver, const char *host,
                  struct component *asker)
{
    tidy(resolver);
    lookup->asker = asker;
    lookup->answer = find_answer(resolver, host);
    if (lookup->answer == NULL) {
        lookup->answer = answer_create(resolver, host);
        lookup->answer->refs++;
        query(lookup->answer);
    } else {
        lookup->answer->refs++;
    }
    list_init(&lookup->link);
    if (lookup->answer->is_pending) {
        list_append(&lookup->answer->askers, &lookup->link);
    }
}

bool lookup_is_done(const struct lookup *lookup)
{
    return !lookup->answer->is_pending;
}

size_t lookup_count(const struct lookup *lookup)
{
    return lookup->answer->count;
}

const union inet_address *lookup_address(const struct lookup *lookup, size_t index)
{
    return &lookup->answer->addresses[index];
}

const char *lookup_reason(const struct lookup *lookup)
{
    return ares_strerror(lookup->answer->status);
}

void lookup_release(struct lookup *lookup)
{
    if (lookup->answer == NULL) {
        return;
    }
    list_remove(&lookup->link);
    lookup->answer->refs--;
    answer_free_if_unused(lookup->answer);
    lookup->answer = NULL;
}

/* ---- life ---- */

struct resolver *resolver_create(struct ev_loop *ev)
{
    struct resolver *resolver = mem_alloc(sizeof(*resolver));

    resolver->ev = ev;
    ev_init(&resolver->timer, on_timer);
    resolver->timer.data = resolver;
    list_init(&resolver->watched);
    list_init(&resolver->answers);
    return resolver;
}

void resolver_destroy(struct resolver *resolver)
{
    struct list *at;
    struct list *after;

    if (resolver == NULL) {
        return;
    }
    if (resolver->channel != NULL) {
        ares_destroy(resolver->channel); /* every query gets its answer: there is none */
    }
    ev_timer_stop(resolver->ev, &resolver->timer);
    list_for_each_safe (at, after, &resolver->answers) {
        struct answer *answer = container_of(at, struct answer, link);

        answer_unlist(answer);
        answer_free_if_unused(answer);
    }
    free(resolver);
}
