/* Parcels: bytes and descriptors that go to another process, and are read there in the order in
 * which they were put in.
 *
 *     parcel_put_…() ──► [ bytes | descriptors ] ──a socket──► parcel_get_…()
 *
 * One that was sent is only borrowed from: its descriptors are the sender's.  One that was received
 * owns those that nobody has taken out. */
#ifndef AXOND_GRAPH_PARCEL_H
#define AXOND_GRAPH_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/mem.h"

enum {
    PARCEL_FDS = 253,      /* at most: as many as Linux takes in one message */
    PARCEL_SIZE = 1 << 30, /* bytes: what is received and says that it has more is refused */
};

/* Zeroes are an empty one. */
struct parcel {
    unsigned char *bytes;
    size_t size;
    size_t capacity;
    size_t read; /* up to here */
    int fds[PARCEL_FDS];
    unsigned fd_count;
    unsigned fds_read;
    bool is_bad; /* more was asked for than is there, or put than goes in */
};

/* Where "size" more bytes go. */
void *parcel_extend(struct parcel *parcel, size_t size);

void parcel_put(struct parcel *parcel, const void *bytes, size_t size);
void parcel_put_number(struct parcel *parcel, uint64_t number);
void parcel_put_text(struct parcel *parcel, const char *text);
void parcel_put_fd(struct parcel *parcel, int fd); /* borrowed */

/* The next "size" bytes; NULL: there are not so many. */
const void *parcel_get(struct parcel *parcel, size_t size);
uint64_t parcel_get_number(struct parcel *parcel);   /* 0 if there is none */
const char *parcel_get_text(struct parcel *parcel);  /* "" if there is none */
MUST_CHECK int parcel_get_fd(struct parcel *parcel); /* the caller's; -1 if there is none */
bool parcel_is_at_end(const struct parcel *parcel);

/* Frees the bytes; closes what was received and not taken out. */
void parcel_deinit(struct parcel *parcel, bool was_received);

#endif
