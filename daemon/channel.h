/* The channel between a process and the one that comes in its place (upgrade.h): parcels, whole and
 * in order, with their descriptors. */
#ifndef AXOND_DAEMON_CHANNEL_H
#define AXOND_DAEMON_CHANNEL_H

#include "graph/mem.h"

struct parcel;

enum { CHANNEL_PATIENCE = 10 }; /* s, for the other to read, or to write the rest */

/* Makes both ends.  Returns 0, or -errno. */
MUST_CHECK int channel_create(int ends[2]);

/* Has an end wait, as those below do, that this process got with others, of which none does.
 * Returns 0, or -errno. */
MUST_CHECK int channel_adopt(int channel);

/* Has an end never wait: -EAGAIN instead.  Returns 0, or -errno. */
MUST_CHECK int channel_poll(int channel);

/* Returns 0, or -errno: the other can have got none of it, or a part. */
MUST_CHECK int channel_send(int channel, const struct parcel *parcel);

/* Waits for a parcel, into an empty one; see parcel_deinit().  Returns 1; 0: the other has closed
 * its end; or -errno. */
MUST_CHECK int channel_receive(int channel, struct parcel *parcel);

#endif
