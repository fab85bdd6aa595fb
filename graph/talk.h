/* Talk: how much is logged of late, so that nobody can fill the log.
 *
 *     echo/17 ─┐                     ┌─ up to TALK_LINES in TALK_TIME ─► log
 *     echo/18 ─┼─► talk of "echo" ───┤
 *     echo/19 ─┘                     └─ the rest ─► "9981 more lines …" once the time is up
 *
 * 1. What a component of a connection says, whatever its level, counts for the component of the
 *    file that has made the connection: peers can cause any of it, as often as they like.
 * 2. What a component of the file says itself counts from warnings on, apart from its connections:
 *    notices are the lines of a program that it runs, or of its own life.
 * 3. What was held back is told after TALK_TIME at the latest, also if nothing more is said. */
#ifndef AXOND_GRAPH_TALK_H
#define AXOND_GRAPH_TALK_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "graph/list.h"
#include "graph/log_level.h"

struct component;
struct loop;

enum {
    TALK_LINES = 10,   /* in … */
    TALK_TIME = 10000, /* … ms */
};

/* Of one speaker; zeroes are one who has said nothing. */
struct talk {
    struct list link;          /* while something is held back: in the loop's */
    struct component *speaker; /* NULL: the loop itself */
    bool is_of_connections;    /* what the speaker's connections say */
    enum log_level level;      /* the most important that was held back */
    uint32_t since;            /* loop_ms() of the first line */
    unsigned lines;
    unsigned held_back;
};

/* The loop's part. */
struct talks {
    struct list holding; /* those who hold something back */
    ev_timer timer;      /* until the first of them has to tell; active only then */
    struct talk own;     /* of what is about no component that is still there */
};

void talks_init(struct loop *loop);

/* Tells what is held back, at the loop's end. */
void talks_deinit(struct loop *loop);

/* False: this line is not to be logged, and was counted. */
bool talk_lets(struct loop *loop, struct talk *talk, enum log_level level);

/* The same for what a component is about to say. */
bool component_may_say(struct component *component, enum log_level level);

/* The component goes: what it holds back is told. */
void talk_free(struct talk *talks);

#endif
