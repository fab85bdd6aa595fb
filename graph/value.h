/* Values: texts as users write them, to and from numbers.
 *
 * A parser returns true and the value; or false and, in `accepted`, words that complete the
 * sentence
 * "... must be": "a size from 1 to 16777216 bytes, such as 64KiB". */
#ifndef AXOND_GRAPH_VALUE_H
#define AXOND_GRAPH_VALUE_H

#include "graph/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct accepted {
    char text[160];
};

/* true, yes, on; false, no, off; in any case. */
MUST_CHECK bool value_bool(const char *text, bool *value, struct accepted *accepted);

/* Decimal, or hexadecimal after 0x, from min to max. */
MUST_CHECK bool value_integer(const char *text, int64_t min, int64_t max, int64_t *value,
                              struct accepted *accepted);

/* Bytes from min to max: a whole number, alone or with B, KiB MiB GiB TiB (1024) or kB KB MB GB TB
 * (1000). */
MUST_CHECK bool value_size(const char *text, size_t min, size_t max, size_t *size,
                           struct accepted *accepted);

/* Seconds from min to max (HUGE_VAL: any): a decimal number with its unit, us ms s min h d.  Only 0
 * may go without one: whether 10 is seconds or milliseconds is for the user to say. */
MUST_CHECK bool value_duration(const char *text, double min, double max, double *seconds,
                               struct accepted *accepted);

enum address_kind {
    ADDRESS_INET,     /* 127.0.0.1:8080 */
    ADDRESS_INET6,    /* [::1]:80, also with a scope: [fe80::1%eth0]:80 */
    ADDRESS_HOST,     /* example.org:80, to be resolved */
    ADDRESS_UNIX,     /* unix:/run/x.sock */
    ADDRESS_ABSTRACT, /* unix:@name */
    ADDRESS_SYSTEMD,  /* systemd:NAME, a socket passed under that name */
};

struct address {
    enum address_kind kind;
    uint16_t port;  /* of the first three; 0: any free one */
    char text[256]; /* the host without brackets, the path, or the name without @ */
};

MUST_CHECK bool value_address(const char *text, struct address *address, struct accepted *accepted);

/* A host without a port, as one of the first three kinds; port becomes 0.  An IPv6 host may have
 * its brackets or not. */
MUST_CHECK bool value_host(const char *text, struct address *address, struct accepted *accepted);

/* A value as a user would write it; what the parsers read back as the same. */
struct value_text {
    char text[272];
};

struct value_text value_show_bool(bool value);
struct value_text value_show_integer(int64_t value);
struct value_text value_show_size(size_t size);        /* 65536 is 64KiB, 1000 is 1000 */
struct value_text value_show_duration(double seconds); /* 0.25 is 250ms; exact to 1 us */
struct value_text value_show_address(const struct address *address);

#endif
