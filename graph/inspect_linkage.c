/* Looking into linkages (inspect.h): what each worker has of one is shown as one. */
#include "graph/inspect.h"

#include "graph/component.h"
#include "graph/component_type.h"

struct component *component_next_alike(const struct component *component, unsigned box,
                                       const struct component *after)
{
    if (box >= ADDED_BOX || component->type->has_relay) {
        return after == NULL ? (struct component *)(uintptr_t)component : NULL;
    }
    return component_next_replica(component, after);
}

/* From the outbox that sends to the inbox that keeps, whatever passes on in between. */
static const struct inbox *end_of(const struct outbox *out)
{
    return out != NULL && (out->box.flags & BOX_PASSES) == 0 ? outbox_destination(out) : NULL;
}

static void add(struct linkage *linkage, const struct outbox *out, const struct inbox *in)
{
    linkage->messages += out->messages;
    linkage->bytes += out->bytes;
    linkage->waited += outbox_waited(out);
    if (linkage->out == NULL) {
        linkage->out = out;
        linkage->in = in;
    } else if (inbox_fill(in) > inbox_fill(linkage->in)) {
        linkage->in = in;
    }
}

/* Fills in what there is at .replica and .index.  Returns false if nothing leads from there. */
static bool measure(struct linkage *linkage)
{
    const struct component *replica = linkage->replica;
    const struct component *at = NULL;
    const struct inbox *before = NULL;

    *linkage = (struct linkage){.replica = replica, .index = linkage->index};
    while ((at = component_next_alike(replica, linkage->index, at)) != NULL) {
        const struct outbox *out = component_have_outbox(at, linkage->index);
        const struct inbox *in = end_of(out);

        if (in == NULL) {
            continue;
        }
        add(linkage, out, in);
        if (in != before) { /* else all of them lead to the same */
            linkage->dropped += in->box.dropped;
        }
        before = in;
    }
    return linkage->out != NULL;
}

bool component_next_linkage(const struct component *component, struct linkage *linkage)
{
    if (linkage->replica == NULL) {
        *linkage =
            (struct linkage){.replica = component_next_replica(component, NULL), .index = NO_BOX};
    }
    for (; linkage->replica != NULL;
         linkage->replica = component_next_replica(component, linkage->replica)) {
        while ((linkage->index = component_next_outbox(linkage->replica, linkage->index)) !=
               NO_BOX) {
            if ((linkage->replica == component || linkage->index >= ADDED_BOX) &&
                measure(linkage)) {
                return true;
            }
        }
    }
    return false;
}
