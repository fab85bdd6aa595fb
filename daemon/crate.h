/* Crates: parcels that nobody has for a while, between a process that ends and the next.
 *
 *     their bytes ─────────► a memfd ─┐
 *     their descriptors, 253 at once ─┴─► [socket ═══ socket] ──► whoever keeps it
 *                                          closed     one descriptor
 *
 * All of it waits in the queue of one socket, whose other end is closed.  systemd, which keeps it
 * (restart.h), compares each descriptor that it is given with all that it has: thousands of
 * connections would hold it up for seconds, and one costs nothing.
 *
 * What is read is checked, for it may be of another version, and is refused as a whole. */
#ifndef AXOND_DAEMON_CRATE_H
#define AXOND_DAEMON_CRATE_H

#include <stddef.h>

#include "graph/parcel.h"

enum {
    CRATE_FDS = 32768,    /* at most: they take 130 messages, half of what a queue usually holds */
    CRATE_SIZE = 1 << 28, /* bytes, at most */
};

/* Zeroes are an empty one. */
struct crate {
    struct parcel bytes; /* of each parcel: how many descriptors, how many bytes, and these */
    int *fds;            /* of all, in their order */
    size_t fd_count;
    size_t count; /* of parcels */
    size_t taken; /* of parcels; and of descriptors: */
    size_t fds_taken;
};

/* ---- who packs ---- */

/* Puts a parcel in; its descriptors are borrowed until crate_close().  Returns 0, or -ENOSPC: it
 * does not fit any more. */
MUST_CHECK int crate_add(struct crate *crate, const struct parcel *parcel);

/* Returns the socket, or -errno. */
MUST_CHECK int crate_close(const struct crate *crate);

/* ---- who unpacks ---- */

/* Reads an empty one from a socket, without waiting; closes that.  Returns 0, -EPROTONOSUPPORT: it
 * is of another version, -EBADMSG: it is damaged, or no crate; or another -errno. */
MUST_CHECK int crate_open(struct crate *crate, int socket);

/* Takes the next parcel out, into an empty one; see parcel_deinit().  Returns false after the last.
 */
MUST_CHECK bool crate_take(struct crate *crate, struct parcel *parcel);

/* Frees it; was_received: closes the descriptors that nobody has taken out. */
void crate_deinit(struct crate *crate, bool was_received);

#endif
