#include "components/util/request_pace.h"

/* Sums of many fractions miss a whole number by less. */
#define ROUNDING 1e-6

static double whole_of(double number)
{
    return number > 0 ? (double)(uint64_t)number : 0.0;
}

void pace_init(struct request_pace *pace, double rate, double chunk, double now)
{
    *pace = (struct request_pace){.rate = rate, .chunk = chunk, .owed = chunk, .since = now};
}

static void accrue(struct request_pace *pace, double now)
{
    if (now > pace->since) {
        pace->owed += (now - pace->since) * pace->rate;
        pace->since = now;
    }
}

/* Whole bytes of so many chunks. */
static uint64_t take(struct request_pace *pace, double chunks)
{
    const double bytes = pace->rest + chunks * pace->chunk;
    const double whole = whole_of(bytes + ROUNDING);

    pace->owed -= chunks * pace->chunk;
    pace->rest = bytes - whole;
    return (uint64_t)whole;
}

static double chunks_due(const struct request_pace *pace)
{
    return whole_of((pace->owed + ROUNDING) / pace->chunk);
}

uint64_t pace_take(struct request_pace *pace, double now)
{
    accrue(pace, now);
    return chunks_due(pace) >= 1 ? take(pace, 1) : 0;
}

uint64_t pace_take_all(struct request_pace *pace, double now)
{
    accrue(pace, now);
    return take(pace, chunks_due(pace));
}

double pace_wait(const struct request_pace *pace, double now)
{
    const double due = pace->since + (pace->chunk - pace->owed) / pace->rate;

    return due > now ? due - now : 0.0;
}

void pace_change(struct request_pace *pace, double rate, double now)
{
    accrue(pace, now);
    pace->rate = rate;
}
