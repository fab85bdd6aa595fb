/* ForwardIteratingChooser: sends the items of a list one after another, the next for each NEXT.
 *
 *     "NEXT" "NEXT" "NEXT" --> [inbox] {items: [a, b, c]} [outbox] --> "a" "b" "c" producerFinished
 *
 * The first item goes out at once; SAME has an item sent again.  NEXT after the last one ends it:
 * whoever asks for the next job hears that there are no more.  With loop there are always more (the
 * original, also called InfiniteChooser, took an endless iterator for that). */
#include "components/util/choosing.h"
#include "components/util/text.h"

static const struct param_spec parameters[] = {
    {PARAM_TEXTS(struct choosing, items), .changeable = true,
     .doc = "what is to be sent, in order"},
    {PARAM_BOOL(struct choosing, loop), .changeable = true, .fallback = "false",
     .doc = "after the last item comes the first, without end"},
    {0},
};

static enum choice obey(struct choosing *choosing, const struct message *command)
{
    if (text_says(command, "NEXT")) {
        return choosing_next(choosing) == CHOICE_MADE ? CHOICE_MADE : CHOICE_OVER;
    }
    return text_says(command, "SAME") ? choosing_same(choosing) : CHOICE_UNKNOWN;
}

static void forward_iterating_chooser_run(struct component *self)
{
    choosing_run(self, obey, "NEXT and SAME");
}

const struct component_type forward_iterating_chooser_type = {
    .name = "ForwardIteratingChooser",
    .summary = "sends the items of a list, the next for each NEXT, then finishes",
    .size = sizeof(struct choosing),
    .inboxes = choosing_inboxes,
    .outboxes = choosing_outboxes,
    .parameters = parameters,
    .statistics = choosing_statistics,
    .start = choosing_start,
    .changed = choosing_changed,
    .run = forward_iterating_chooser_run,
    .flush = choosing_flush,
};
