/* Chooser: sends items of a list, one for each command that it gets.
 *
 *     "NEXT" "PREV" "FIRST" "LAST" "SAME" --> [inbox] Chooser {items: [a, b, c]} [outbox] --> "b"
 *
 * The first item goes out at once.  At the last item NEXT is not answered, nor is PREV at the
 * first, unless loop is set: then the one leads to the first item, the other to the last.  (So says
 * the page of the original; its code had the two answers to PREV exchanged.)  FIRST, LAST and SAME
 * are always answered, if there are items at all. */
#include "components/util/choosing.h"
#include "components/util/text.h"

static const struct param_spec parameters[] = {
    {PARAM_TEXTS(struct choosing, items), .changeable = true,
     .doc = "what there is to choose from"},
    {PARAM_BOOL(struct choosing, loop), .changeable = true, .fallback = "false",
     .doc = "NEXT leads from the last item to the first, and PREV back"},
    {0},
};

static enum choice previous(struct choosing *choosing)
{
    if (choosing->at > 0) {
        choosing->at--;
        return CHOICE_MADE;
    }
    if (choosing->loop && choosing->items.count > 0) {
        choosing->at = choosing->items.count - 1;
        return CHOICE_MADE;
    }
    return CHOICE_NONE;
}

static enum choice obey(struct choosing *choosing, const struct message *command)
{
    if (text_says(command, "NEXT")) {
        return choosing_next(choosing);
    }
    if (text_says(command, "PREV")) {
        return previous(choosing);
    }
    if (text_says(command, "FIRST")) {
        choosing->at = 0;
        return choosing_same(choosing);
    }
    if (text_says(command, "LAST")) {
        choosing->at = choosing->items.count > 0 ? choosing->items.count - 1 : 0;
        return choosing_same(choosing);
    }
    return text_says(command, "SAME") ? choosing_same(choosing) : CHOICE_UNKNOWN;
}

static void chooser_run(struct component *self)
{
    choosing_run(self, obey, "NEXT, PREV, FIRST, LAST and SAME");
}

const struct component_type chooser_type = {
    .name = "Chooser",
    .summary = "sends items of a list, one for each command: NEXT, PREV, FIRST, LAST, SAME",
    .size = sizeof(struct choosing),
    .inboxes = choosing_inboxes,
    .outboxes = choosing_outboxes,
    .parameters = parameters,
    .statistics = choosing_statistics,
    .start = choosing_start,
    .changed = choosing_changed,
    .run = chooser_run,
    .flush = choosing_flush,
};
