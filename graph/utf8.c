/* UTF-8, as far as a loader needs it. */
#include "graph/utf8.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0U) == 0x80U;
}

size_t utf8_decode(const char *text, size_t size, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)text[0];
    uint32_t value;
    size_t length;
    size_t i;

    if (first < 0x80U) {
        *character = first;
        return 1;
    }
    if (first >= 0xC2U && first < 0xE0U) {
        length = 2;
        value = first & 0x1FU;
    } else if (first >= 0xE0U && first < 0xF0U) {
        length = 3;
        value = first & 0x0FU;
    } else if (first >= 0xF0U && first < 0xF5U) {
        length = 4;
        value = first & 0x07U;
    } else {
        return 0;
    }
    if (size < length) {
        return 0;
    }
    for (i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (!is_continuation(byte)) {
            return 0;
        }
        value = value << 6U | (byte & 0x3FU);
    }
    if (value < smallest[length] || value > 0x10FFFFU || (value >= 0xD800U && value < 0xE000U)) {
        return 0;
    }
    *character = value;
    return length;
}

size_t utf8_count(const char *text, size_t size)
{
    size_t count = 0;
    size_t i = 0;

    while (i < size) {
        uint32_t character;
        size_t length = utf8_decode(text + i, size - i, &character);

        i += length > 0 ? length : 1;
        count++;
    }
    return count;
}

bool utf8_is_text(const char *text, size_t size)
{
    size_t i = 0;

    while (i < size) {
        uint32_t character = 0;
        size_t length = utf8_decode(text + i, size - i, &character);

        if (length == 0 || character == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

bool utf8_is_control(uint32_t character)
{
    return character < 0x20U || (character >= 0x7FU && character < 0xA0U) || character == 0x061CU ||
           character == 0x200EU || character == 0x200FU ||
           (character >= 0x2028U && character <= 0x202EU) ||
           (character >= 0x2066U && character <= 0x2069U) || character == 0xFEFFU;
}
