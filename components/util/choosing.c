#include "components/util/choosing.h"

#include "components/util/text.h"

const struct box_spec choosing_inboxes[] = {
    [CHOOSING_INBOX] = {.name = "inbox",
                        .carries = BYTES,
                        .doc = "commands, one in each message, with or without a newline"},
    [CHOOSING_CONTROL] = {.name = "control",
                          .carries = NOTICES,
                          .doc = "answer the rest, then finish"},
    {0},
};
const struct box_spec choosing_outboxes[] = {
    [CHOOSING_OUTBOX] = {.name = "outbox",
                         .carries = BYTES,
                         .doc = "the first item, then the item of each command"},
    [CHOOSING_SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
const struct stat_spec choosing_statistics[] = {
    {STAT(struct choosing, unknown_commands), .unit = "messages",
     .doc = "that were no command; the first is in the log"},
    {0},
};

enum choice choosing_same(const struct choosing *choosing)
{
    return choosing->items.count > 0 ? CHOICE_MADE : CHOICE_NONE;
}

enum choice choosing_next(struct choosing *choosing)
{
    if (choosing->at + 1 < choosing->items.count) {
        choosing->at++;
        return CHOICE_MADE;
    }
    if (choosing->loop && choosing->items.count > 0) {
        choosing->at = 0;
        return CHOICE_MADE;
    }
    return CHOICE_NONE;
}

int choosing_start(struct component *self)
{
    component_wake(self);
    return 0;
}

static void send_choice(struct component *self)
{
    const struct choosing *choosing = component_state(self);

    text_send(self, CHOOSING_OUTBOX, choosing->items.items[choosing->at]);
}

static void begin(struct component *self)
{
    struct choosing *choosing = component_state(self);

    choosing->is_begun = true;
    if (choosing->items.count > 0) {
        send_choice(self);
    }
}

static void count_unknown(struct component *self, const struct message *command,
                          const char *commands)
{
    struct choosing *choosing = component_state(self);

    if (choosing->unknown_commands++ == 0) {
        component_log(self, LOG_LEVEL_WARNING,
                      "no such command: \"%s\"; there are %s (said once, counted from now on)",
                      text_shown(command).text, commands);
    }
}

void choosing_run(struct component *self, choosing_obey_fn obey, const char *commands)
{
    struct choosing *choosing = component_state(self);

    while (outbox_has_room(self, CHOOSING_OUTBOX)) {
        struct message *command;

        if (!choosing->is_begun) {
            begin(self);
            continue;
        }
        command = inbox_take(self, CHOOSING_INBOX);
        if (command == NULL) {
            return;
        }
        switch (obey(choosing, command)) {
        case CHOICE_MADE:
            send_choice(self);
            break;
        case CHOICE_NONE:
            break;
        case CHOICE_UNKNOWN:
            count_unknown(self, command, commands);
            break;
        case CHOICE_OVER:
            message_release(command);
            component_finish(self);
            return;
        }
        message_release(command);
    }
}

/* There may be fewer items than before. */
void choosing_changed(struct component *self)
{
    struct choosing *choosing = component_state(self);

    if (choosing->at >= choosing->items.count) {
        choosing->at = choosing->items.count > 0 ? choosing->items.count - 1 : 0;
    }
}

/* The first item goes out, whatever ends us in good order. */
bool choosing_flush(struct component *self)
{
    const struct choosing *choosing = component_state(self);

    return choosing->is_begun;
}
