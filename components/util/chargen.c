/* Chargen: sends characters as fast as its reader takes them (RFC 864).
 *
 *     Chargen [outbox] --> " !\"#$%&'()*+,-./0123456789:;<=>?@ABC…" …
 *
 * Lines of 72 characters, each beginning one character later than the last; or text, over and over,
 * as in the original.  The pattern is made once, in one block that all messages share; when the way
 * is full it stops, and costs nothing until there is room. */
#include <string.h>

#include "graph/component.h"
#include "graph/error.h"

enum {
    FIRST_CHARACTER = ' ',
    CHARACTERS = '~' - ' ' + 1, /* and as many lines until they begin again */
    LINE = 72,
    MESSAGES_A_TURN = 64,
};

struct chargen {
    const char *text;        /* parameter */
    struct message *pattern; /* of which every message is a share */
};

enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "characters without end"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct chargen, text), .doc = "what each message is; RFC 864's lines unless given"},
    {0},
};

static struct message *make_lines(struct pool *pool)
{
    size_t room;
    unsigned char *const begin = message_reserve(pool, (size_t)CHARACTERS * (LINE + 2), &room);
    unsigned char *to = begin;

    for (int line = 0; line < CHARACTERS; line++) {
        for (int i = 0; i < LINE; i++) {
            *to++ = (unsigned char)(FIRST_CHARACTER + (line + i) % CHARACTERS);
        }
        *to++ = '\r';
        *to++ = '\n';
    }
    return message_commit(pool, (size_t)(to - begin));
}

static int chargen_start(struct component *self)
{
    struct chargen *chargen = component_state(self);
    struct pool *pool = component_pool(self);

    chargen->pattern = chargen->text != NULL
                           ? message_copy(pool, chargen->text, strlen(chargen->text))
                           : make_lines(pool);
    message_compact(chargen->pattern);
    component_wake(self);
    return 0;
}

/* Without a reader nothing is sent: there would be no end to it. */
static void chargen_run(struct component *self)
{
    const struct chargen *chargen = component_state(self);

    if (!outbox_is_linked(self, OUTBOX)) {
        return;
    }
    for (int sent = 0; outbox_has_room(self, OUTBOX); sent++) {
        if (sent == MESSAGES_A_TURN) {
            component_wake(self);
            return;
        }
        outbox_send(self, OUTBOX, message_share(component_pool(self), chargen->pattern));
    }
}

static void chargen_stop(struct component *self)
{
    struct chargen *chargen = component_state(self);

    if (chargen->pattern != NULL) {
        message_release(chargen->pattern);
        chargen->pattern = NULL;
    }
}

static bool chargen_check(const void *state, const struct node *at, struct error *err)
{
    const struct chargen *chargen = state;

    return (chargen->text == NULL || chargen->text[0] != '\0') ||
           error_set(err, at, "Chargen: text may not be empty");
}

const struct component_type chargen_type = {
    .name = "Chargen",
    .summary = "sends characters as fast as its reader takes them",
    .size = sizeof(struct chargen),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .check = chargen_check,
    .start = chargen_start,
    .run = chargen_run,
    .stop = chargen_stop,
};
