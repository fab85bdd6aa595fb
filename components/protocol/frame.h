/* Frames, as Framer and DeFramer make and read them:
 *
 *     "TAG data"   <──►   "TAG LENGTH\n" and LENGTH bytes of data
 *
 * A tag is up to 64 bytes, none of them a space or a control character; the number of
 * TagWithSequenceNumber is one.  LENGTH is decimal. */
#ifndef AXOND_COMPONENTS_PROTOCOL_FRAME_H
#define AXOND_COMPONENTS_PROTOCOL_FRAME_H

#include <stddef.h>

enum {
    FRAME_MOST_TAG = 64,
    FRAME_MOST_DIGITS = 10,
    FRAME_MOST_HEADER = FRAME_MOST_TAG + 1 + FRAME_MOST_DIGITS, /* without the newline */
};

/* Bytes of the tag that a text begins with, up to the space after it; 0: there is none. */
static inline size_t frame_tag_size(const unsigned char *text, size_t size)
{
    for (size_t at = 0; at < size && at <= FRAME_MOST_TAG; at++) {
        if (text[at] == ' ') {
            return at;
        }
        if (text[at] < ' ' || text[at] == 0x7f) {
            return 0;
        }
    }
    return 0;
}

#endif
