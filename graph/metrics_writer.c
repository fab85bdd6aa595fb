/* Metrics as text (metrics.h): one family after another, in each one account after another. */
#include "graph/metrics.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/component.h"
#include "graph/ledger.h"
#include "graph/loop.h"

enum {
    STEP = 32,         /* accounts that are looked at in a step */
    LINE_SIZE = 2048,  /* of what is put at once: paths and names are much shorter */
    PART_SIZE = 32768, /* bytes that are worth a message of their own */
};

/* Where a family's numbers are. */
enum source { OF_COMPONENTS, OF_INBOXES, OF_OUTBOXES, OF_WAITS, OF_STATISTICS };

struct described {
    struct metrics_family family;
    enum source source;
    unsigned number;   /* enum account_number, or box_number */
    double scale;      /* 0: whole numbers */
    bool only_nonzero; /* what seldom happens has no series before it does */
};

static const struct described described[] = {
    {{"axond_component_running", NULL,
      "components that run: of the file 0 or 1, of connections any number", METRICS_GAUGE},
     .source = OF_COMPONENTS,
     .number = ACCOUNT_RUNNING},
    {{"axond_component_failed", NULL, "components that have failed, and are not started again",
      METRICS_GAUGE},
     .source = OF_COMPONENTS,
     .number = ACCOUNT_FAILED},
    {{"axond_component_restarts", NULL, "times that one was started again", METRICS_COUNTER},
     .source = OF_COMPONENTS,
     .number = ACCOUNT_RESTARTS},
    {{"axond_component_loop_held", NULL, "times that one has held the loop for more than 100 ms",
      METRICS_COUNTER},
     .source = OF_COMPONENTS,
     .number = ACCOUNT_HELD,
     .only_nonzero = true},
    {{"axond_component_discarded_messages", "messages",
      "messages and notices for outboxes that are seldom linked, and were not", METRICS_COUNTER},
     .source = OF_COMPONENTS,
     .number = ACCOUNT_DISCARDED,
     .only_nonzero = true},
    {{"axond_inbox_queued_messages", "messages", "messages that wait in the inbox", METRICS_GAUGE},
     .source = OF_INBOXES,
     .number = BOX_QUEUED},
    {{"axond_inbox_queued_bytes", "bytes", "bytes of the messages that wait in the inbox",
      METRICS_GAUGE},
     .source = OF_INBOXES,
     .number = BOX_QUEUED_BYTES},
    {{"axond_inbox_dropped_messages", "messages",
      "messages dropped as the inbox was full, or at its component's end", METRICS_COUNTER},
     .source = OF_INBOXES,
     .number = BOX_DROPPED},
    {{"axond_inbox_wait_seconds", "seconds",
      "how long messages have waited in the inbox (time_in_queue)", METRICS_HISTOGRAM},
     .source = OF_WAITS},
    {{"axond_linkage_messages", "messages", "messages sent by the outbox, which has one linkage",
      METRICS_COUNTER},
     .source = OF_OUTBOXES,
     .number = BOX_MESSAGES},
    {{"axond_linkage_bytes", "bytes", "bytes sent by the outbox", METRICS_COUNTER},
     .source = OF_OUTBOXES,
     .number = BOX_BYTES},
    {{"axond_linkage_blocked_seconds", "seconds",
      "time that the sender has waited for room in the inbox at the other end", METRICS_COUNTER},
     .source = OF_OUTBOXES,
     .number = BOX_BLOCKED,
     .scale = 0.001},
    {{"axond_outbox_discarded_messages", "messages",
      "messages sent while the outbox was linked nowhere", METRICS_COUNTER},
     .source = OF_OUTBOXES,
     .number = BOX_DROPPED,
     .only_nonzero = true},
};
enum { DESCRIBED = sizeof(described) / sizeof(*described) };

static const struct metrics_family of_loop[LOOP_NUMBERS] = {
    [LOOP_CONNECTIONS] = {"axond_connections", "connections", "open connections", METRICS_GAUGE},
    [LOOP_ACCEPTED] = {"axond_accepted_connections", "connections",
                       "connections made since the start", METRICS_COUNTER},
    [LOOP_REFUSED] = {"axond_refused_connections", "connections", "connections turned away",
                      METRICS_COUNTER},
    [LOOP_MESSAGES] = {"axond_messages", "messages",
                       "messages made of what came in, or by components", METRICS_COUNTER},
    [LOOP_BYTES] = {"axond_message_bytes", "bytes", "bytes in these messages", METRICS_COUNTER},
    [LOOP_MEMORY] = {"axond_message_memory_bytes", "bytes",
                     "memory of messages, in use or kept for more", METRICS_GAUGE},
    [LOOP_TURNS] = {"axond_turns", NULL, "turns that components have had", METRICS_COUNTER},
    [LOOP_HELD] = {"axond_loop_held", NULL, "times that the loop was held for more than 100 ms",
                   METRICS_COUNTER},
    [LOOP_HELD_BACK] = {"axond_log_held_back_lines", "lines",
                        "lines of the log that were too many in a short time", METRICS_COUNTER},
};

struct metrics_writer {
    struct loop *loop;
    const struct accounts *accounts;
    enum metrics_format format;
    struct metrics_text *text;
    char part[PART_SIZE];
    size_t used;
    bool has_begun;
    size_t next;           /* of described[] */
    const struct list *at; /* the account before the next one; NULL: the family begins */
    bool has_head;         /* the family has */
    const struct component_type **types; /* that have accounts and statistics */
    size_t type_count;
    size_t next_type;
    size_t next_stat;
};

/* ---- text ---- */

static void end_part(struct metrics_writer *writer)
{
    struct metrics_text *text = writer->text;

    if (writer->used > 0) {
        text->parts = mem_resize_array(text->parts, text->count + 1, sizeof(*text->parts));
        text->parts[text->count++] = message_copy(&writer->loop->pool, writer->part, writer->used);
        text->size += writer->used;
        writer->used = 0;
    }
}

PRINTF_LIKE(2, 3) static void put(struct metrics_writer *writer, const char *format, ...)
{
    va_list args;
    int written;

    if (sizeof(writer->part) - writer->used < LINE_SIZE) {
        end_part(writer);
    }
    va_start(args, format);
    written = vsnprintf(writer->part + writer->used, LINE_SIZE, format, args);
    va_end(args);
    REQUIRE(written >= 0 && written < LINE_SIZE);
    writer->used += (size_t)written;
}

static const char *const kind_names[] = {
    [METRICS_COUNTER] = "counter", [METRICS_GAUGE] = "gauge", [METRICS_HISTOGRAM] = "histogram"};

static const char *ending(const struct metrics_family *family)
{
    return family->kind == METRICS_COUNTER ? "_total" : "";
}

/* In OpenMetrics a family goes without the ending of its series. */
static void put_head(struct metrics_writer *writer, const struct metrics_family *family)
{
    const bool is_open = writer->format == METRICS_OPENMETRICS;
    const char *end = is_open ? "" : ending(family);

    put(writer, "# HELP %s%s %s\n", family->name, end, family->help);
    put(writer, "# TYPE %s%s %s\n", family->name, end, kind_names[family->kind]);
    if (is_open && family->unit != NULL) {
        put(writer, "# UNIT %s %s\n", family->name, family->unit);
    }
}

struct quoted {
    char text[2 * PATH_SIZE + 1];
};

static struct quoted quote(const char *text)
{
    struct quoted quoted;
    size_t used = 0;

    for (; *text != '\0' && used + 2 < sizeof(quoted.text); text++) {
        if (*text == '\\' || *text == '"' || *text == '\n') {
            quoted.text[used++] = '\\';
        }
        quoted.text[used++] = *text;
        if (*text == '\n') {
            quoted.text[used - 1] = 'n';
        }
    }
    quoted.text[used] = '\0';
    return quoted;
}

/* "component="…",type="…"", and the box if there is one. */
static void put_labels(struct metrics_writer *writer, const struct account *account,
                       const struct account_box *box)
{
    put(writer, "component=\"%s\",type=\"%s\"", quote(account->path).text,
        quote(account->type_name).text);
    if (box != NULL) {
        put(writer, ",%s=\"%s\"", box->is_inbox ? "inbox" : "outbox", quote(box->name).text);
    }
}

static void put_number(struct metrics_writer *writer, double value)
{
    if (value == floor(value) && fabs(value) < 1e15) {
        put(writer, " %.0f\n", value);
    } else {
        put(writer, " %.15g\n", value);
    }
}

void metrics_write(struct metrics_writer *writer, const struct metrics_family *family,
                   const char *labels, double value)
{
    put_head(writer, family);
    put(writer, labels != NULL ? "%s%s{%s}" : "%s%s%s", family->name, ending(family),
        labels != NULL ? labels : "");
    put_number(writer, value);
}

/* ---- series ---- */

static void put_series(struct metrics_writer *writer, const struct metrics_family *family,
                       const struct account *account, const struct account_box *box, uint64_t value,
                       double scale)
{
    if (!writer->has_head) {
        writer->has_head = true;
        put_head(writer, family);
    }
    put(writer, "%s%s{", family->name, ending(family));
    put_labels(writer, account, box);
    if (scale == 0) {
        put(writer, "} %llu\n", (unsigned long long)value);
    } else {
        put(writer, "}");
        put_number(writer, (double)value * scale);
    }
}

static void put_wait_class(struct metrics_writer *writer, const struct account *account,
                           const struct account_box *box, const char *limit, uint64_t count)
{
    put(writer, "axond_inbox_wait_seconds_bucket{");
    put_labels(writer, account, box);
    put(writer, ",le=\"%s\"} %llu\n", limit, (unsigned long long)count);
}

static void put_waits(struct metrics_writer *writer, const struct metrics_family *family,
                      const struct account *account, const struct account_box *box)
{
    uint64_t count = 0;

    if (!writer->has_head) {
        writer->has_head = true;
        put_head(writer, family);
    }
    for (int i = 0; i < WAIT_CLASSES; i++) {
        char limit[16] = "+Inf";

        if (i < WAIT_CLASSES - 1) {
            (void)snprintf(limit, sizeof(limit), "%g%s", wait_limits[i],
                           wait_limits[i] == floor(wait_limits[i]) ? ".0" : "");
        }
        count += box->waits->counts[i];
        put_wait_class(writer, account, box, limit, count);
    }
    put(writer, "%s_sum{", family->name);
    put_labels(writer, account, box);
    put(writer, "}");
    put_number(writer, box->waits->sum);
    put(writer, "%s_count{", family->name);
    put_labels(writer, account, box);
    put(writer, "} %llu\n", (unsigned long long)count);
}

static void put_box(struct metrics_writer *writer, const struct described *what,
                    const struct account *account, const struct account_box *box)
{
    const uint64_t value = box->numbers[what->number].value;

    if (what->source == OF_WAITS) {
        if (box->waits != NULL) {
            put_waits(writer, &what->family, account, box);
        }
    } else if (box->is_inbox == (what->source == OF_INBOXES) && box->is_told &&
               (value > 0 || !what->only_nonzero)) {
        put_series(writer, &what->family, account, box, value, what->scale);
    }
}

static void put_described(struct metrics_writer *writer, const struct described *what,
                          const struct account *account)
{
    if (what->source == OF_COMPONENTS) {
        const uint64_t value = account->numbers[what->number].value;

        if (value > 0 || !what->only_nonzero) {
            put_series(writer, &what->family, account, NULL, value, what->scale);
        }
        return;
    }
    for (size_t i = 0; i < account->box_count; i++) {
        put_box(writer, what, account, account->boxes[i]);
    }
}

/* ---- families of types ---- */

/* "TCPServer": "tcp_server"; a word begins with a capital after a small letter, and with the last
 * of several that is followed by a small letter. */
static size_t to_snake_case(char *out, size_t size, const char *name)
{
    size_t used = 0;

    for (size_t i = 0; name[i] != '\0' && used + 2 < size; i++) {
        const unsigned char c = (unsigned char)name[i];
        const unsigned char before = i > 0 ? (unsigned char)name[i - 1] : '_';
        const unsigned char after = (unsigned char)name[i + 1];

        if (isupper(c) && before != '_' && (!isupper(before) || islower(after))) {
            out[used++] = '_';
        }
        out[used++] = (char)(isalnum(c) ? tolower(c) : '_');
    }
    out[used] = '\0';
    return used;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t size = strlen(text);
    const size_t end_size = strlen(end);

    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* Words of which a name needs none: it counts. */
static bool is_just_count(const char *unit)
{
    return unit == NULL || strcmp(unit, "times") == 0 || strcmp(unit, "tries") == 0;
}

struct metrics_family metrics_family_of(const struct component_type *type,
                                        const struct stat_spec *spec, char name[METRICS_NAME_SIZE])
{
    struct metrics_family family = {
        .name = name, .help = spec->doc, .kind = spec->is_gauge ? METRICS_GAUGE : METRICS_COUNTER};
    size_t used = (size_t)snprintf(name, METRICS_NAME_SIZE, "axond_");

    used += to_snake_case(name + used, METRICS_NAME_SIZE - used, type->name);
    used += (size_t)snprintf(name + used, METRICS_NAME_SIZE - used, "_%s", spec->name);
    REQUIRE(used < METRICS_NAME_SIZE);
    if (is_just_count(spec->unit)) {
        return family;
    }
    family.unit = spec->unit;
    if (!ends_with(spec->name, spec->unit)) {
        used += (size_t)snprintf(name + used, METRICS_NAME_SIZE - used, "_%s", spec->unit);
        REQUIRE(used < METRICS_NAME_SIZE);
    }
    return family;
}

static bool has_type(const struct metrics_writer *writer, const struct component_type *type)
{
    for (size_t i = 0; i < writer->type_count; i++) {
        if (writer->types[i] == type) {
            return true;
        }
    }
    return false;
}

static void list_types(struct metrics_writer *writer)
{
    const struct list *at;

    list_for_each (at, &writer->accounts->all) {
        const struct account *account =
            container_of((struct list *)(uintptr_t)at, struct account, link);

        if (account->type->statistics != NULL && !has_type(writer, account->type)) {
            writer->types = mem_resize_array(writer->types, writer->type_count + 1,
                                             sizeof(const struct component_type *));
            writer->types[writer->type_count++] = account->type;
        }
    }
}

/* ---- step by step ---- */

/* The next account of the family under way, or NULL after the last: then the next family begins. */
static const struct account *next_account(struct metrics_writer *writer)
{
    const struct list *head = &writer->accounts->all;

    writer->at = writer->at != NULL ? writer->at->next : head->next;
    if (writer->at == head) {
        writer->at = NULL;
        writer->has_head = false;
        return NULL;
    }
    return container_of((struct list *)(uintptr_t)writer->at, struct account, link);
}

static void go_on_with_described(struct metrics_writer *writer)
{
    const struct described *what = &described[writer->next];

    for (int i = 0; i < STEP; i++) {
        const struct account *account = next_account(writer);

        if (account == NULL) {
            writer->next++;
            return;
        }
        put_described(writer, what, account);
    }
}

static void go_on_with_types(struct metrics_writer *writer)
{
    const struct component_type *type = writer->types[writer->next_type];
    const struct stat_spec *spec = &type->statistics[writer->next_stat];
    char name[METRICS_NAME_SIZE];
    char help[400];
    struct metrics_family family;

    if (spec->name == NULL) {
        writer->next_type++;
        writer->next_stat = 0;
        return;
    }
    family = metrics_family_of(type, spec, name);
    (void)snprintf(help, sizeof(help), "%s: %s %s", type->name, spec->unit, spec->doc);
    family.help = help;
    for (int i = 0; i < 4 * STEP; i++) {
        const struct account *account = next_account(writer);

        if (account == NULL) {
            writer->next_stat++;
            return;
        }
        if (account->type == type) {
            put_series(writer, &family, account, NULL, account->statistics[writer->next_stat].value,
                       0);
        }
    }
}

static void put_loop(struct metrics_writer *writer)
{
    for (int i = 0; i < LOOP_NUMBERS; i++) {
        metrics_write(writer, &of_loop[i], NULL, (double)writer->accounts->loop[i]);
    }
    if (writer->loop->hooks.metrics != NULL) {
        writer->loop->hooks.metrics(writer->loop->hooks.arg, writer);
    }
}

struct metrics_writer *metrics_writer_create(struct loop *loop, const struct accounts *accounts,
                                             enum metrics_format format)
{
    struct metrics_writer *writer = mem_alloc(sizeof(*writer));

    writer->loop = loop;
    writer->accounts = accounts;
    writer->format = format;
    writer->text = mem_alloc(sizeof(*writer->text));
    writer->text->refs = 1;
    return writer;
}

bool metrics_writer_go_on(struct metrics_writer *writer)
{
    if (!writer->has_begun) {
        writer->has_begun = true;
        put_loop(writer);
        list_types(writer);
    } else if (writer->next < DESCRIBED) {
        go_on_with_described(writer);
    } else if (writer->next_type < writer->type_count) {
        go_on_with_types(writer);
    } else {
        if (writer->format == METRICS_OPENMETRICS) {
            put(writer, "# EOF\n");
        }
        end_part(writer);
        return false;
    }
    return true;
}

struct metrics_text *metrics_writer_finish(struct metrics_writer *writer)
{
    struct metrics_text *text = writer->text;

    writer->text = NULL;
    metrics_writer_destroy(writer);
    return text;
}

void metrics_writer_destroy(struct metrics_writer *writer)
{
    if (writer != NULL) {
        metrics_text_release(writer->text);
        free(writer->types);
        free(writer);
    }
}

void metrics_text_release(struct metrics_text *text)
{
    if (text == NULL || --text->refs > 0) {
        return;
    }
    for (size_t i = 0; i < text->count; i++) {
        message_release(text->parts[i]);
    }
    free(text->parts);
    free(text);
}
