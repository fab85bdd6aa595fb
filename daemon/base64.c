#include "daemon/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *bytes, size_t size)
{
    const unsigned char *in = bytes;
    char *text = malloc((size + 2) / 3 * 4 + 1);
    char *out = text;

    if (text == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)in[i] << 16;

        group |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        group |= left > 2 ? in[i + 2] : 0;
        out[0] = digits[group >> 18];
        out[1] = digits[group >> 12 & 63];
        out[2] = digits[group >> 6 & 63];
        out[3] = digits[group & 63];
        if (left < 3) {
            memset(out + 1 + left, '=', 3 - left);
        }
        out += 4;
    }
    *out = '\0';
    return text;
}

void *base64_decode(const char *text, size_t *size)
{
    size_t length = strlen(text);
    size_t padding = 0;
    unsigned char *bytes;
    unsigned char *out;
    uint32_t group = 0;

    if (length % 4 != 0) {
        return NULL;
    }
    while (padding < 2 && padding < length && text[length - padding - 1] == '=') {
        padding++;
    }
    bytes = malloc(length / 4 * 3 + 1);
    if (bytes == NULL) {
        return NULL;
    }
    out = bytes;
    for (size_t i = 0; i < length; i++) {
        const char *digit = strchr(digits, text[i]);
        uint32_t value = 0;

        if (i < length - padding) {
            if (digit == NULL) {
                free(bytes);
                return NULL;
            }
            value = (uint32_t)(digit - digits);
        }
        group = group << 6 | value;
        if (i % 4 == 3) {
            *out++ = (unsigned char)(group >> 16);
            *out++ = (unsigned char)(group >> 8);
            *out++ = (unsigned char)group;
        }
    }
    *size = length / 4 * 3 - padding;
    return bytes;
}
