/* Chunks, as DataChunker and DataDeChunker make and read them:
 *
 *     SYNC chunk SYNC chunk SYNC chunk …
 *
 * so that a reader who has missed something, or came late, finds the next one.  Within a chunk
 * every byte that SYNC has, and every %, is written as % and two digits: "%58" for X.  For this
 * SYNC has no %, no digits and no letters a to f itself; then none of its bytes is ever seen but in
 * a SYNC. */
#ifndef AXOND_COMPONENTS_PROTOCOL_CHUNK_H
#define AXOND_COMPONENTS_PROTOCOL_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct node;

enum { CHUNK_MOST_SYNC = 64 }; /* bytes */

#define CHUNK_SYNC "XXXXXXXXXXXXXXXXXXXXXXXX"
#define CHUNK_SYNC_DOC                                                                             \
    "what stands before each chunk; 1 to 64 bytes, no %, digits or letters a to f"

/* Looks whether a syncmessage is one; type is whose it is. */
bool chunk_check_sync(const char *type, const char *syncmessage, const struct node *at,
                      struct error *err);

/* The bytes that can't stand for themselves: a bit for each. */
struct chunk_specials {
    uint64_t words[4];
};
void chunk_specials_init(struct chunk_specials *specials, const char *syncmessage);

/* Bytes that these take once they are escaped. */
size_t chunk_escaped_size(const struct chunk_specials *specials, const unsigned char *bytes,
                          size_t size);

/* Escapes bytes to where there is room for that many. */
void chunk_escape(const struct chunk_specials *specials, const unsigned char *bytes, size_t size,
                  unsigned char *to);

/* The reverse; to where there is room for "size".  False: they were never escaped like this. */
bool chunk_unescape(const unsigned char *bytes, size_t size, unsigned char *to, size_t *used);

#endif
