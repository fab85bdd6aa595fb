#include "components/file/process_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "components/file/process_parameters.h"
#include "graph/connection.h"

/* Said to axond by its manager, or about a connection: not for its children. */
static const char *const not_inherited[] = {
    "LISTEN_FDNAMES", "LISTEN_FDS",  "LISTEN_PID",   "LOCAL_ADDR",    "LOCAL_PORT", "NOTIFY_SOCKET",
    "REMOTE_ADDR",    "REMOTE_PORT", "WATCHDOG_PID", "WATCHDOG_USEC", NULL,
};

/* Whether two have the same name; b may be a name alone. */
static bool is_same(const char *a, const char *b)
{
    const size_t length = strcspn(a, "=");

    return strncmp(a, b, length) == 0 && (b[length] == '=' || b[length] == '\0');
}

static bool is_among(const char *item, const char *const *items)
{
    for (; items != NULL && *items != NULL; items++) {
        if (is_same(item, *items)) {
            return true;
        }
    }
    return false;
}

static size_t count_of(const char *const *items)
{
    size_t count = 0;

    while (items != NULL && items[count] != NULL) {
        count++;
    }
    return count;
}

static void add(struct process_environment *environment, size_t *count, const char *item)
{
    for (size_t i = 0; i < *count; i++) {
        if (is_same(item, environment->items[i])) {
            environment->items[i] = item;
            return;
        }
    }
    environment->items[(*count)++] = item;
}

static void add_end(struct process_environment *environment, size_t *count, int at,
                    const char *whose, const struct sockaddr_storage *end)
{
    char host[HOST_SIZE];
    uint16_t port;

    if (connection_host(end, host, &port)) {
        char(*texts)[96] = &environment->ends[at];

        (void)snprintf(texts[0], sizeof(texts[0]), "%s_ADDR=%s", whose, host);
        (void)snprintf(texts[1], sizeof(texts[1]), "%s_PORT=%u", whose, port);
        add(environment, count, texts[0]);
        add(environment, count, texts[1]);
    }
}

void process_environment_init(struct process_environment *environment, struct component *self,
                              const struct process_variables *variables, bool clear)
{
    const char *const *inherited = clear ? NULL : (const char *const *)environ;
    struct connection_ends ends;
    size_t count = 0;

    environment->items = mem_alloc_array(count_of(inherited) + count_of(variables->items) + 5,
                                         sizeof(*environment->items));
    for (; inherited != NULL && *inherited != NULL; inherited++) {
        if (!is_among(*inherited, not_inherited) && !is_among(*inherited, variables->items)) {
            environment->items[count++] = *inherited;
        }
    }
    for (const char *const *item = variables->items; item != NULL && *item != NULL; item++) {
        environment->items[count++] = *item;
    }
    if (connection_ends_of(self, &ends)) {
        add_end(environment, &count, 0, "REMOTE", &ends.peer);
        add_end(environment, &count, 2, "LOCAL", &ends.local);
    }
    environment->items[count] = NULL;
}

void process_environment_deinit(struct process_environment *environment)
{
    free(environment->items);
}
