#include "graph/queue_time.h"

#include <time.h>

#include "graph/component.h"
#include "graph/graph.h"
#include "graph/ledger.h"
#include "graph/message.h"

/* In units of 4 us, which wrap after 4.9 hours: whoever waits longer is taken for younger. */
#define UNIT 4096e-9

static uint32_t now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint32_t)(((uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec) >> 12);
}

void queue_time_begin(struct message *msg)
{
    if (msg->kind == DATA) {
        msg->error = (int)(now() | 1); /* 0: it does not wait */
    }
}

void queue_time_end(const struct inbox *in, struct message *msg)
{
    if (msg->kind == DATA && msg->error != 0) {
        const uint32_t waited = now() - (uint32_t)msg->error;

        msg->error = 0;
        /* What began in an odd unit that had not come yet has not waited. */
        ledger_note_wait(ledger_of(component_loop(box_owner(&in->box))), in,
                         waited == UINT32_MAX ? 0 : waited * UNIT);
    }
}
