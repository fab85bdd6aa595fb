#include "graph/talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/loop.h"

enum { OWN, OF_CONNECTIONS, TALKS };

static uint32_t age(const struct loop *loop, const struct talk *talk)
{
    return loop_ms(loop) - talk->since;
}

static void tell(struct loop *loop, struct talk *talk)
{
    const unsigned held_back = talk->held_back;
    const bool is_one = held_back == 1;
    char path[PATH_SIZE];

    list_remove(&talk->link);
    talk->held_back = 0;
    loop_log(loop, talk->level,
             talk->speaker != NULL ? component_path(talk->speaker, path, sizeof(path)) : NULL,
             "%u more line%s%s %s held back: more than %d in %d s", held_back, is_one ? "" : "s",
             talk->is_of_connections ? " of its connections" : "", is_one ? "was" : "were",
             TALK_LINES, TALK_TIME / 1000);
}

/* ---- when the time is up ---- */

/* They stand in the order in which they began to hold back, which need not be that in which their
 * times end: none waits for twice the time. */
static void set_timer(struct loop *loop)
{
    struct talks *talks = &loop->talks;

    if (!list_is_empty(&talks->holding) && !ev_is_active(&talks->timer)) {
        const struct talk *first = container_of(talks->holding.next, struct talk, link);
        const uint32_t gone = age(loop, first);

        ev_timer_set(&talks->timer, (gone < TALK_TIME ? TALK_TIME - gone : 0) / 1000.0, 0.0);
        ev_timer_start(loop->ev, &talks->timer);
    }
}

static void on_timer(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct loop *loop = watcher->data;
    struct list *at;
    struct list *after;

    list_for_each_safe (at, after, &loop->talks.holding) {
        struct talk *talk = container_of(at, struct talk, link);

        if (age(loop, talk) >= TALK_TIME) {
            tell(loop, talk);
        }
    }
    set_timer(loop);
}

void talks_init(struct loop *loop)
{
    list_init(&loop->talks.holding);
    ev_init(&loop->talks.timer, on_timer);
    loop->talks.timer.data = loop;
}

void talks_deinit(struct loop *loop)
{
    while (!list_is_empty(&loop->talks.holding)) {
        tell(loop, container_of(loop->talks.holding.next, struct talk, link));
    }
    ev_timer_stop(loop->ev, &loop->talks.timer);
}

/* ---- who may talk ---- */

static void hold_back(struct loop *loop, struct talk *talk, enum log_level level)
{
    loop->held_back++;
    if (talk->held_back++ == 0) {
        talk->level = level;
        list_append(&loop->talks.holding, &talk->link);
        set_timer(loop);
    } else if (level < talk->level) {
        talk->level = level;
    }
}

bool talk_lets(struct loop *loop, struct talk *talk, enum log_level level)
{
    if (loop->hooks.wants != NULL && !loop->hooks.wants(loop->hooks.arg, level)) {
        return false; /* nobody would see it */
    }
    if (talk->lines == 0 || age(loop, talk) >= TALK_TIME) {
        if (talk->held_back > 0) {
            tell(loop, talk);
        }
        talk->since = loop_ms(loop);
        talk->lines = 0;
    }
    if (talk->lines == TALK_LINES) {
        hold_back(loop, talk, level);
        return false;
    }
    talk->lines++;
    return true;
}

/* The component of the file that a connection's is there for. */
static struct component *speaker_of(struct component *component)
{
    while (component->graph->holder != NULL) {
        component = component->graph->holder;
    }
    return component;
}

bool component_may_say(struct component *component, enum log_level level)
{
    struct component *speaker = speaker_of(component);
    const bool is_of_connections = speaker != component;
    struct component_extra *extra;
    struct talk *talk;

    if (!is_of_connections && level > LOG_LEVEL_WARNING) {
        return true;
    }
    extra = component_need_extra(speaker);
    if (extra->talks == NULL) {
        extra->talks = mem_alloc_array(TALKS, sizeof(struct talk));
    }
    talk = &extra->talks[is_of_connections ? OF_CONNECTIONS : OWN];
    talk->speaker = speaker;
    talk->is_of_connections = is_of_connections;
    return talk_lets(component->graph->loop, talk, level);
}

void talk_free(struct talk *talks)
{
    for (int i = 0; talks != NULL && i < TALKS; i++) {
        if (talks[i].held_back > 0) {
            tell(talks[i].speaker->graph->loop, &talks[i]);
        }
    }
    free(talks);
}
