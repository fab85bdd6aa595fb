#include "tests/news.h"

#include "graph/inspect.h"
#include "tests/unit.h"

void news_say(struct scene *scene, const char *path, const char *text)
{
    probe_send(scene_find(scene, path), PROBE_OUT0, text);
    scene_run(scene);
}

void news_hears(struct scene *scene, const char *path, const char *text)
{
    probe_hears(scene, scene_find(scene, path), PROBE_IN0, text);
    scene_run(scene);
}

void news_silent(struct scene *scene, const char *path)
{
    assert_null(probe_take(scene, scene_find(scene, path), PROBE_IN0));
}

uint64_t news_statistic(const struct scene *scene, const char *path, const char *name)
{
    return component_statistic(scene_find(scene, path), name);
}

const char news_text[] = "components:\n"
                         "  a: {type: Probe}\n"
                         "  b: {type: Probe}\n"
                         "  pa: {type: PublishTo, destination: news}\n"
                         "  pb: {type: PublishTo, destination: news}\n"
                         "  bus: {type: Backplane, name: news}\n"
                         "  sy: {type: SubscribeTo, source: news}\n"
                         "  sz: {type: SubscribeTo, source: news}\n"
                         "  y: {type: Probe}\n"
                         "  z: {type: Probe}\n"
                         "linkages:\n"
                         "  - a.out0 -> pa.inbox\n"
                         "  - a.signal -> pa.control\n"
                         "  - b.out0 -> pb.inbox\n"
                         "  - sy.outbox -> y.in0\n"
                         "  - sy.signal -> y.control\n"
                         "  - sz.outbox -> z.in0\n";

static const char slow[] = "components:\n"
                           "  a: {type: Probe}\n"
                           "  pa: {type: PublishTo, destination: news, boxes: {inbox: {size: 1}}}\n"
                           "  bus: {type: Backplane, name: news, boxes: {inbox: {size: 1}}}\n"
                           "  sy: {type: SubscribeTo, source: news, boxes: {inbox: {size: 2%s}}}\n"
                           "  sz: {type: SubscribeTo, source: news}\n"
                           "  y: {type: Probe, boxes: {in0: {size: 1}}}\n"
                           "  z: {type: Probe}\n"
                           "linkages:\n"
                           "  - a.out0 -> pa.inbox\n"
                           "  - sy.outbox -> y.in0\n"
                           "  - sz.outbox -> z.in0\n";

struct scene *news_start_slow(const char *keys)
{
    return scene_start(NULL, scene_text(slow, keys));
}

int news_say_many(struct scene *scene, int most)
{
    for (int i = 0; i < most; i++) {
        if (!outbox_has_room(scene_find(scene, "a"), PROBE_OUT0)) {
            return i;
        }
        news_say(scene, "a", (const char[]){(char)('0' + i), '\0'});
    }
    return most;
}
