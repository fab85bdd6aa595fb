/* What a component waits for: what the runtime knows of it, and what its type does (inspect.h).
 *
 *     sender ──► [full]  component  [outbox] ──► [full]          "room at b.inbox, for 3 s"
 *                             └────── type->waits_for ──► peer   "the peer to read"
 */
#include "graph/inspect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/supervise.h"
#include "graph/value.h"
#include "graph/waiting.h"

/* What has been said so far: parts, with semicolons between. */
struct words {
    char *text;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *words, const char *format, ...)
{
    va_list args;
    int length;

    if (words->used > 0 && words->used + 2 < words->size) {
        memcpy(words->text + words->used, "; ", 3);
        words->used += 2;
    }
    va_start(args, format);
    length = vsnprintf(words->text + words->used, words->size - words->used, format, args);
    va_end(args);
    words->used += length > 0 ? (size_t)length : 0;
    words->used = words->used < words->size ? words->used : words->size - 1;
}

/* The time, to a second. */
static void say_room(struct words *words, const struct outbox *out)
{
    char path[BOX_PATH_SIZE];
    const double waiting = outbox_waiting(out);

    (void)box_full_path(&out->sink->box, path, sizeof(path));
    if (waiting < 1) {
        say(words, "room at %s", path);
    } else {
        say(words, "room at %s, for %s", path, value_show_duration((double)(uint64_t)waiting).text);
    }
}

static bool say_rooms(struct words *words, const struct component *component)
{
    bool is_any = false;

    for (unsigned i = NO_BOX; (i = component_next_outbox(component, i)) != NO_BOX;) {
        const struct outbox *out = component_have_outbox(component, i);
        uint32_t since;

        if (out != NULL && out->sink != NULL && waiting_since(out, &since)) {
            say_room(words, out);
            is_any = true;
        }
    }
    return is_any;
}

enum waits component_waits_outside(struct component *component, char *text, size_t size)
{
    enum waits waits = WAITS_NOT;

    text[0] = '\0';
    if (component->state == RESTARTING) {
        const double left = component_next_restart(component) - component_now(component);

        (void)snprintf(text, size, "its restart, in %s",
                       value_show_duration(left > 1 ? (double)(uint64_t)left : 1).text);
        return WAITS_OUT;
    }
    if (component->state == RUNNING && component->type->waits_for != NULL) {
        waits = component->type->waits_for(component, text, size);
        component_hide(component, text, size);
    }
    return waits;
}

enum waits component_waits_for(struct component *component, char *text, size_t size)
{
    struct words words = {.text = text, .size = size};
    char outside[200];
    const enum waits waits = component_waits_outside(component, outside, sizeof(outside));
    bool is_blocked;

    text[0] = '\0';
    if (waits == WAITS_OUT) {
        say(&words, "%s", outside);
    }
    is_blocked = component->state == RUNNING && say_rooms(&words, component);
    if (waits == WAITS_IN && !is_blocked) {
        say(&words, "%s", outside);
    }
    return is_blocked ? WAITS_OUT : waits;
}
