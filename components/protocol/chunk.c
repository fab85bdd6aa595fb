#include "components/protocol/chunk.h"

#include <string.h>

#include "graph/error.h"

static const char digits[] = "0123456789abcdef";

bool chunk_check_sync(const char *type, const char *syncmessage, const struct node *at,
                      struct error *err)
{
    const size_t size = strlen(syncmessage);

    if (size == 0 || size > CHUNK_MOST_SYNC || strpbrk(syncmessage, "%0123456789abcdef") != NULL) {
        return error_set(err, at,
                         "%s: syncmessage must have 1 to %d bytes, and no %%, digits or letters a "
                         "to f; got \"%s\"",
                         type, CHUNK_MOST_SYNC, shown(syncmessage).text);
    }
    return true;
}

static void add(struct chunk_specials *specials, unsigned char byte)
{
    specials->words[byte / 64] |= UINT64_C(1) << byte % 64;
}

void chunk_specials_init(struct chunk_specials *specials, const char *syncmessage)
{
    *specials = (struct chunk_specials){{0}};
    add(specials, '%');
    for (; *syncmessage != '\0'; syncmessage++) {
        add(specials, (unsigned char)*syncmessage);
    }
}

static bool is_special(const struct chunk_specials *specials, unsigned char byte)
{
    return (specials->words[byte / 64] >> byte % 64 & 1) != 0;
}

size_t chunk_escaped_size(const struct chunk_specials *specials, const unsigned char *bytes,
                          size_t size)
{
    size_t escaped = size;

    for (size_t i = 0; i < size; i++) {
        escaped += is_special(specials, bytes[i]) ? 2 : 0;
    }
    return escaped;
}

void chunk_escape(const struct chunk_specials *specials, const unsigned char *bytes, size_t size,
                  unsigned char *to)
{
    for (size_t i = 0; i < size; i++) {
        if (is_special(specials, bytes[i])) {
            *to++ = '%';
            *to++ = (unsigned char)digits[bytes[i] >> 4];
            *to++ = (unsigned char)digits[bytes[i] & 15];
        } else {
            *to++ = bytes[i];
        }
    }
}

/* -1: it is none of ours. */
static int digit_value(unsigned char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool chunk_unescape(const unsigned char *bytes, size_t size, unsigned char *to, size_t *used)
{
    const unsigned char *start = to;

    for (size_t i = 0; i < size; i++) {
        int high;
        int low;

        if (bytes[i] != '%') {
            *to++ = bytes[i];
            continue;
        }
        if (size - i < 3) {
            return false;
        }
        high = digit_value(bytes[i + 1]);
        low = digit_value(bytes[i + 2]);
        if (high < 0 || low < 0) {
            return false;
        }
        *to++ = (unsigned char)(high << 4 | low);
        i += 2;
    }
    *used = (size_t)(to - start);
    return true;
}
