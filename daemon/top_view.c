#include "daemon/top_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/plural.h"
#include "graph/mem.h"

enum { FROM, TO, MESSAGES, BYTES, QUEUED, FULL, BLOCKED, DROPPED };

const struct top_column top_columns[TOP_COLUMNS] = {
    [FROM] = {"from", "FROM", false},          [TO] = {"to", "TO", false},
    [MESSAGES] = {"messages", ">MSG/S", true}, [BYTES] = {"bytes", ">BYTES/S", true},
    [QUEUED] = {"queued", ">QUEUED", true},    [FULL] = {"full", ">FULL", true},
    [BLOCKED] = {"blocked", ">BLOCKED", true}, [DROPPED] = {"dropped", ">DROPS/S", true},
};

const char *const top_column_names[] = {"from", "to",      "messages", "bytes", "queued",
                                        "full", "blocked", "dropped",  NULL};

static const char *const members[TOP_COLUMNS] = {
    [FROM] = "from",
    [TO] = "to",
    [MESSAGES] = "messages_per_second",
    [BYTES] = "bytes_per_second",
    [QUEUED] = "queued",
    [FULL] = "full",
    [BLOCKED] = "blocked",
    [DROPPED] = "dropped_per_second",
};

void top_view_init(struct top_view *view, const char *sort)
{
    *view = (struct top_view){.sort = MESSAGES};
    for (size_t i = 0; sort != NULL && i < TOP_COLUMNS; i++) {
        if (strcmp(top_columns[i].name, sort) == 0) {
            view->sort = i;
        }
    }
}

void top_view_deinit(struct top_view *view)
{
    json_decref(view->reply);
    free(view->rows);
    view->reply = NULL;
    view->rows = NULL;
    view->count = 0;
}

/* ---- order ---- */

/* In the order in which they are to be shown; 0: they tie. */
static int compare(const struct top_view *view, const json_t *a, const json_t *b)
{
    const char *member = members[view->sort];
    double difference;

    if (top_columns[view->sort].is_number) {
        difference = ctl_real(b, member) - ctl_real(a, member);
    } else {
        difference = strcmp(ctl_string(a, member), ctl_string(b, member));
    }
    if (view->is_reversed) {
        difference = -difference;
    }
    return (difference > 0) - (difference < 0);
}

/* Merges two sorted halves: those that tie stay in the order of the graph. */
static void merge(const struct top_view *view, json_t **rows, size_t middle, size_t count,
                  json_t **spare)
{
    size_t left = 0;
    size_t right = middle;

    for (size_t i = 0; i < count; i++) {
        const bool takes_left =
            right == count || (left < middle && compare(view, rows[left], rows[right]) <= 0);

        spare[i] = rows[takes_left ? left++ : right++];
    }
    memcpy(rows, spare, count * sizeof(*rows));
}

static void sort(const struct top_view *view, json_t **rows, size_t count, json_t **spare)
{
    if (count > 1) {
        sort(view, rows, count / 2, spare);
        sort(view, rows + count / 2, count - count / 2, spare);
        merge(view, rows, count / 2, count, spare);
    }
}

void top_view_sort(struct top_view *view)
{
    const json_t *rows = json_object_get(view->reply, "rows");
    json_t **spare = mem_alloc_array(view->count, sizeof(json_t *));

    for (size_t i = 0; i < view->count; i++) {
        view->rows[i] = json_array_get(rows, i);
    }
    sort(view, view->rows, view->count, spare);
    free(spare);
}

void top_view_set(struct top_view *view, json_t *reply)
{
    json_t *kept = json_incref(reply);

    top_view_deinit(view);
    view->reply = kept;
    view->count = json_array_size(json_object_get(kept, "rows"));
    view->rows = mem_alloc_array(view->count, sizeof(json_t *));
    top_view_sort(view);
}

/* ---- text ---- */

static void add_percent(char *text, size_t size, double share)
{
    /* what is there is not shown as nothing, nor what is not all as all */
    const int percent = (int)(share * 100 + 0.5);

    (void)snprintf(text, size, "%s%d%%", share > 0 && percent == 0 ? "<" : "",
                   share > 0 && percent == 0 ? 1 : percent);
}

const char *top_view_cell(const struct top_view *view, size_t row, size_t column, char *text,
                          size_t size)
{
    const json_t *flow = view->rows[row];
    const double value = ctl_real(flow, members[column]);

    switch (column) {
    case FROM:
    case TO:
        (void)snprintf(text, size, "%s", ctl_string(flow, members[column]));
        break;
    case BYTES:
        (void)snprintf(text, size, "%s", ctl_size(value < 100 ? (double)(int)value : value).text);
        break;
    case QUEUED:
        (void)snprintf(text, size, "%s",
                       ctl_string(flow, "unit")[0] == 'b' ? ctl_size(value).text
                                                          : ctl_count((long long)value).text);
        break;
    case FULL:
        if (ctl_has(flow, "bound")) {
            add_percent(text, size, value);
        } else {
            (void)snprintf(text, size, "-");
        }
        break;
    case BLOCKED:
        add_percent(text, size, value);
        break;
    default:
        (void)snprintf(text, size, "%s", ctl_rate(value).text);
        break;
    }
    return text;
}

void top_view_headline(const struct top_view *view, char *text, size_t size)
{
    const json_t *traffic = json_object_get(view->reply, "traffic");
    const long long components = ctl_int(view->reply, "components");
    const long long linkages = ctl_int(view->reply, "linkages");
    const long long connections = ctl_int(view->reply, "connections");

    (void)snprintf(text, size,
                   "%.8s  %lld component%s, %lld linkage%s, %lld connection%s, %s messages/s, %s/s",
                   ctl_clock(ctl_real(view->reply, "time")).text, components, PLURAL(components),
                   linkages, PLURAL(linkages), connections, PLURAL(connections),
                   ctl_rate(ctl_real(traffic, "messages_per_second")).text,
                   ctl_size((double)(long long)ctl_real(traffic, "bytes_per_second")).text);
}

static const json_t *bottleneck(const struct top_view *view, size_t index)
{
    return json_array_get(json_object_get(view->reply, "bottlenecks"), index);
}

size_t top_view_bottlenecks(const struct top_view *view)
{
    return json_array_size(json_object_get(view->reply, "bottlenecks"));
}

void top_view_bottleneck(const struct top_view *view, size_t index, char *text, size_t size)
{
    const json_t *found = bottleneck(view, index);
    const long long stalls = ctl_int(found, "stalls");
    const char *waits_for = ctl_string(found, "waits_for");
    const bool is_circle = json_is_true(json_object_get(found, "circle"));
    char percent[16];

    add_percent(percent, sizeof(percent), ctl_real(found, "blocked"));
    (void)snprintf(text, size, "bottleneck: %s (%s) holds up %lld linkage%s, %s blocked, and %s%s",
                   ctl_string(found, "path"), ctl_string(found, "type"), stalls, PLURAL(stalls),
                   percent,
                   is_circle              ? "waits itself for one of them: a circle"
                   : waits_for[0] != '\0' ? "waits for "
                                          : "is busy, or slow by itself",
                   is_circle ? "" : waits_for);
}

void top_view_way(const struct top_view *view, size_t index, char *text, size_t size)
{
    const json_t *way = json_object_get(bottleneck(view, index), "way");
    size_t used = 0;
    size_t i;
    json_t *path;

    text[0] = '\0';
    json_array_foreach(way, i, path)
    {
        const int length = snprintf(text + used, size - used, "%s%s", i > 0 ? " -> " : "  ",
                                    json_string_value(path));

        used += length > 0 ? (size_t)length : 0;
        used = used < size ? used : size - 1;
    }
}
