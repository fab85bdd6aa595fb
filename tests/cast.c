#include "tests/cast.h"

#include "graph/graph.h"
#include "tests/unit.h"

void cast_start(struct cast *cast)
{
    cast_start_with(cast, "");
}

void cast_start_with(struct cast *cast, const char *keys)
{
    cast->scene = scene_start(NULL, scene_text("components:\n"
                                               "  a: {type: Probe}\n"
                                               "  b: {type: Probe}\n"
                                               "  p: {type: Probe}\n"
                                               "  q: {type: Probe}\n"
                                               "  z: {type: Probe%s}\n",
                                               keys));
    cast->a = scene_find(cast->scene, "a");
    cast->b = scene_find(cast->scene, "b");
    cast->p = scene_find(cast->scene, "p");
    cast->q = scene_find(cast->scene, "q");
    cast->z = scene_find(cast->scene, "z");
}

void cast_stop(struct cast *cast)
{
    scene_stop(cast->scene);
}

struct box *in_box(struct component *component, unsigned index)
{
    return &component_need_inbox(component, index)->box;
}

struct box *out_box(struct component *component, unsigned index)
{
    return &component_need_outbox(component, index)->box;
}

void cast_hears(struct cast *cast, struct component *component, unsigned inbox, const char *text)
{
    probe_hears(cast->scene, component, inbox, text);
}

void cast_silent(struct cast *cast, struct component *component, unsigned inbox)
{
    assert_null(probe_take(cast->scene, component, inbox));
}

void bound(struct component *component, unsigned inbox, uint32_t limit, enum when_full policy)
{
    struct inbox *in = component_inbox(component, inbox);

    in->limit = limit;
    in->box.flags = (uint16_t)(in->box.flags & ~BOX_BOUND_BYTES);
    in->box.flags = (uint16_t)(in->box.flags | (unsigned)policy << BOX_POLICY_SHIFT);
}

uint64_t runs(struct component *component)
{
    return ((struct probe *)component_state(component))->runs;
}
