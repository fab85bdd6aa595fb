/* Base64, as messages that are not text travel in JSON. */
#ifndef DAEMON_BASE64_H
#define DAEMON_BASE64_H

#include <stddef.h>

/* Both return what free() takes, or NULL: out of memory or, for decode, not base64. */
char *base64_encode(const void *bytes, size_t size);
void *base64_decode(const char *text, size_t *size);

#endif
