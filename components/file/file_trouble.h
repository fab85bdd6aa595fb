/* What can't be done with a file just now: said once, and tried again after pauses that grow.
 *
 *     trouble_note() ── pause ──► another try ──► trouble_note() ── longer pause ──► … ──►
 * trouble_end()
 */
#ifndef AXOND_COMPONENTS_FILE_FILE_TROUBLE_H
#define AXOND_COMPONENTS_FILE_FILE_TROUBLE_H

#include <stdint.h>

struct component;

/* Times are of steady_now().  Zeroes are one that never was in trouble. */
struct file_trouble {
    int error;        /* an errno; 0: all is well */
    const char *deed; /* what failed: "open", "write to" */
    double since;
    double over;      /* when the last one was; 0: there was none */
    double pause;     /* seconds */
    double retry_at;  /* 0: nothing is waited for */
    uint32_t dropped; /* by the inbox when it began */
};

/* The deed has failed.  dropped: messages, by the inbox so far. */
void trouble_note(struct file_trouble *trouble, struct component *self, const char *path,
                  const char *deed, int error, uint32_t dropped);

/* All is well; says so if it was not. */
void trouble_end(struct file_trouble *trouble, struct component *self, const char *path,
                 uint32_t dropped);

#endif
