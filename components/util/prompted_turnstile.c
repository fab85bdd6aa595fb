/* PromptedTurnstile: keeps what arrives, and lets one message through for each that comes to next.
 *
 *     "a" "b" "c" --> [inbox] PromptedTurnstile [outbox] --> "a" "b"
 *     prompt, prompt --> [next]
 *
 * Both inboxes are queues: what waits for a prompt waits in inbox, and its sender with it once
 * inbox is full; prompts that find nothing to let through wait in next ("boxes: {next: {size: 1,
 * when_full: drop_newest}}" keeps at most one).  Told to finish, we wait for the prompts that are
 * needed to let the rest through; prompts that are left over don't matter. */
#include "graph/component.h"
#include "graph/loop.h"

enum { INBOX, NEXT, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what is to be let through"},
    [NEXT] = {.name = "next",
              .carries = ANYTHING,
              .may_remain = true,
              .doc = "prompts: whatever comes lets one message through"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "let the rest through, as prompted, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "one message for each prompt"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};

_Static_assert(TURN % 2 == 0, "a turn is over between two pairs, never within one");

static void prompted_turnstile_run(struct component *self)
{
    while (!inbox_is_empty(self, INBOX) && !inbox_is_empty(self, NEXT) &&
           outbox_has_room(self, OUTBOX)) {
        struct message *prompt = inbox_take(self, NEXT);
        struct message *msg;

        if (prompt == NULL) {
            return;
        }
        msg = inbox_take(self, INBOX);
        REQUIRE(msg != NULL);
        outbox_send(self, OUTBOX, msg);
        message_release(prompt);
    }
}

const struct component_type prompted_turnstile_type = {
    .name = "PromptedTurnstile",
    .summary = "keeps what arrives, and lets one message through for each prompt",
    .inboxes = inboxes,
    .outboxes = outboxes,
    .run = prompted_turnstile_run,
};
