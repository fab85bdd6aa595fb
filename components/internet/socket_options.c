#include "components/internet/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/suggest.h"
#include "graph/value.h"

struct named {
    const char *name;
    int level; /* of an option: the level that it belongs to */
    int number;
};

#define LEVEL(name)                                                                                \
    {                                                                                              \
#name, 0, name                                                                             \
    }
#define OPTION(level, name)                                                                        \
    {                                                                                              \
#name, level, name                                                                         \
    }

static const struct named levels[] = {
    LEVEL(SOL_SOCKET), LEVEL(IPPROTO_TCP), LEVEL(IPPROTO_IP), LEVEL(IPPROTO_IPV6), {0},
};

static const struct named options[] = {
    OPTION(SOL_SOCKET, SO_REUSEADDR),
    OPTION(SOL_SOCKET, SO_REUSEPORT),
    OPTION(SOL_SOCKET, SO_KEEPALIVE),
    OPTION(SOL_SOCKET, SO_RCVBUF),
    OPTION(SOL_SOCKET, SO_SNDBUF),
    OPTION(SOL_SOCKET, SO_RCVLOWAT),
    OPTION(SOL_SOCKET, SO_OOBINLINE),
    OPTION(SOL_SOCKET, SO_PRIORITY),
    OPTION(SOL_SOCKET, SO_MARK),
    OPTION(SOL_SOCKET, SO_BUSY_POLL),
    OPTION(SOL_SOCKET, SO_INCOMING_CPU),
    OPTION(IPPROTO_TCP, TCP_NODELAY),
    OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT),
    OPTION(IPPROTO_TCP, TCP_FASTOPEN),
    OPTION(IPPROTO_TCP, TCP_KEEPIDLE),
    OPTION(IPPROTO_TCP, TCP_KEEPINTVL),
    OPTION(IPPROTO_TCP, TCP_KEEPCNT),
    OPTION(IPPROTO_TCP, TCP_MAXSEG),
    OPTION(IPPROTO_TCP, TCP_QUICKACK),
    OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT),
    OPTION(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
    OPTION(IPPROTO_IP, IP_TOS),
    OPTION(IPPROTO_IP, IP_TTL),
    OPTION(IPPROTO_IP, IP_FREEBIND),
    OPTION(IPPROTO_IP, IP_TRANSPARENT),
    OPTION(IPPROTO_IPV6, IPV6_V6ONLY),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS),
    {0},
};

static const char *name_at(void *context, size_t index)
{
    const struct named *table = context;

    return table[index].name;
}

static const struct named *find(const struct named *table, const struct node *node,
                                const char *what, struct error *err)
{
    const char *meant;

    if (node->kind != NODE_SCALAR) {
        error_set(err, node, "socketOptions: expected the name of a %s, found %s", what,
                  node_kind_name(node));
        return NULL;
    }
    for (const struct named *at = table; at->name != NULL; at++) {
        if (strcmp(at->name, node->text) == 0) {
            return at;
        }
    }
    meant = suggest(node->text, name_at, (void *)(uintptr_t)table);
    error_set(err, node, "socketOptions: there is no %s \"%s\"%s", what, shown(node->text).text,
              suggest_words(meant).text);
    return NULL;
}

static bool parse_one(const struct node *node, struct socket_option *option, struct error *err)
{
    const struct named *level;
    const struct named *name;
    struct accepted accepted;
    int64_t value;

    if (node->kind != NODE_SEQUENCE || node->size != 3) {
        return error_set(err, node,
                         "socketOptions: each must be [LEVEL, OPTION, VALUE], such as [SOL_SOCKET, "
                         "SO_KEEPALIVE, 1]");
    }
    level = find(levels, node->items[0], "level", err);
    name = level != NULL ? find(options, node->items[1], "option", err) : NULL;
    if (name == NULL) {
        return false;
    }
    if (name->level != level->number) {
        return error_set(err, node->items[1], "socketOptions: %s is no option of %s", name->name,
                         level->name);
    }
    if (node->items[2]->kind != NODE_SCALAR ||
        !value_integer(node->items[2]->text, INT32_MIN, INT32_MAX, &value, &accepted)) {
        return error_set(err, node->items[2], "socketOptions: the value of %s must be an integer",
                         name->name);
    }
    *option = (struct socket_option){
        .name = name->name, .level = name->level, .option = name->number, .value = (int)value};
    return true;
}

bool socket_options_parse(const struct node *node, void *field, struct arena *arena,
                          struct error *err)
{
    struct socket_options *parsed = field;
    struct socket_option *items;

    if (node->kind != NODE_SEQUENCE) {
        return error_set(err, node, "socketOptions must be " SOCKET_OPTIONS_ACCEPTED "; found %s",
                         node_kind_name(node));
    }
    items = arena_alloc_array(arena, node->size, sizeof(*items));
    for (size_t i = 0; i < node->size; i++) {
        if (!parse_one(node->items[i], &items[i], err)) {
            return false;
        }
    }
    *parsed = (struct socket_options){.items = items, .count = node->size};
    return true;
}

int socket_options_set(const struct socket_options *wanted, int fd,
                       const struct socket_option **failed)
{
    for (size_t i = 0; i < wanted->count; i++) {
        const struct socket_option *option = &wanted->items[i];

        if (setsockopt(fd, option->level, option->option, &option->value, sizeof(option->value)) ==
            -1) {
            *failed = option;
            return -errno;
        }
    }
    return 0;
}
