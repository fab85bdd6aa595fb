/* Values: texts as users write them, to and from numbers. */
#include "graph/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#define LONGEST_DURATION (36525.0 * 86400.0) /* a century, in seconds */

enum { MOST_DIGITS = 15 }; /* a double holds these exactly */

/* Says what is accepted.  Returns false. */
static bool reject(struct accepted *accepted, const char *format, ...) PRINTF_LIKE(2, 3);

static bool reject(struct accepted *accepted, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(accepted->text, sizeof(accepted->text), format, arguments);
    va_end(arguments);
    return false;
}

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

/* ---- booleans and numbers ---- */

bool value_bool(const char *text, bool *value, struct accepted *accepted)
{
    static const char *const names[][3] = {{"false", "no", "off"}, {"true", "yes", "on"}};
    unsigned i;
    unsigned j;

    for (i = 0; i < 2; i++) {
        for (j = 0; j < 3; j++) {
            if (strcasecmp(text, names[i][j]) == 0) {
                *value = i == 1;
                return true;
            }
        }
    }
    return reject(accepted, "true or false");
}

/* Reads digits to the end of the text.  Returns false if there are none, others, or too many. */
static bool read_digits(const char *text, unsigned base, uint64_t *value)
{
    uint64_t sum = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        unsigned char letter = (unsigned char)*text;
        unsigned digit = is_digit(*text) ? (unsigned)(letter - '0') : base;

        if (base == 16 && letter < 0x80 && isxdigit(letter) && !is_digit(*text)) {
            digit = (unsigned)tolower(letter) - 'a' + 10;
        }
        if (digit >= base || __builtin_mul_overflow(sum, base, &sum) ||
            __builtin_add_overflow(sum, digit, &sum)) {
            return false;
        }
    }
    *value = sum;
    return true;
}

static bool read_integer(const char *text, int64_t *value)
{
    bool negative = *text == '-';
    uint64_t size;

    text += negative || *text == '+';
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        if (!read_digits(text + 2, 16, &size)) {
            return false;
        }
    } else if (!read_digits(text, 10, &size)) {
        return false;
    }
    if (negative) {
        *value = size <= INT64_MAX ? -(int64_t)size : INT64_MIN;
        return size <= (uint64_t)INT64_MAX + 1;
    }
    *value = (int64_t)size;
    return size <= INT64_MAX;
}

bool value_integer(const char *text, int64_t min, int64_t max, int64_t *value,
                   struct accepted *accepted)
{
    int64_t number;

    if (read_integer(text, &number) && number >= min && number <= max) {
        *value = number;
        return true;
    }
    if (min == INT64_MIN && max == INT64_MAX) {
        return reject(accepted, "a whole number");
    }
    if (max == INT64_MAX) {
        return reject(accepted, "a whole number, at least %" PRId64, min);
    }
    if (min == INT64_MIN) {
        return reject(accepted, "a whole number, at most %" PRId64, max);
    }
    return reject(accepted, "a whole number from %" PRId64 " to %" PRId64, min, max);
}

/* ---- sizes ---- */

struct size_unit {
    const char *name;
    size_t size;
};

static const struct size_unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"KiB", (size_t)1 << 10},
    {"MiB", (size_t)1 << 20},
    {"GiB", (size_t)1 << 30},
    {"TiB", (size_t)1 << 40},
    {"kB", 1000},
    {"KB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", (size_t)1000000000000},
};

static bool read_size(const char *text, size_t *size)
{
    const size_t count = sizeof(size_units) / sizeof(size_units[0]);
    size_t number = 0;
    size_t i;

    if (!is_digit(*text)) {
        return false;
    }
    for (; is_digit(*text); text++) {
        if (__builtin_mul_overflow(number, 10U, &number) ||
            __builtin_add_overflow(number, (size_t)(*text - '0'), &number)) {
            return false;
        }
    }
    for (i = 0; i < count; i++) {
        if (strcmp(text, size_units[i].name) == 0) {
            return !__builtin_mul_overflow(number, size_units[i].size, size);
        }
    }
    return false;
}

bool value_size(const char *text, size_t min, size_t max, size_t *size, struct accepted *accepted)
{
    size_t number;

    if (read_size(text, &number) && number >= min && number <= max) {
        *size = number;
        return true;
    }
    if (max == SIZE_MAX && min == 0) {
        return reject(accepted, "a size, such as 512, 64KiB or 10MB");
    }
    if (max == SIZE_MAX) {
        return reject(accepted, "a size of at least %zu byte%s, such as 64KiB", min,
                      min == 1 ? "" : "s");
    }
    return reject(accepted, "a size from %zu to %zu bytes, such as %s", min, max,
                  value_show_size(max < 65536 ? max : 65536).text);
}

struct value_text value_show_size(size_t size)
{
    static const struct size_unit units[] = {
        {"TiB", (size_t)1 << 40},
        {"GiB", (size_t)1 << 30},
        {"MiB", (size_t)1 << 20},
        {"KiB", (size_t)1 << 10},
        {"TB", (size_t)1000000000000},
        {"GB", 1000000000},
        {"MB", 1000000},
        {"", 1},
    };
    struct value_text shown = {0};
    size_t i = 0;

    while (size == 0 ? units[i].size > 1 : size % units[i].size != 0) {
        i++;
    }
    snprintf(shown.text, sizeof(shown.text), "%zu%s", size / units[i].size, units[i].name);
    return shown;
}

/* ---- durations ---- */

struct duration_unit {
    const char *name;
    double times;
    double parts; /* seconds are number * times / parts: divided last, 0.3 stays 0.3 */
    uint64_t microseconds;
};

static const struct duration_unit duration_units[] = {
    {"d", 86400, 1, UINT64_C(86400000000)},
    {"h", 3600, 1, UINT64_C(3600000000)},
    {"min", 60, 1, 60000000},
    {"s", 1, 1, 1000000},
    {"ms", 1, 1e3, 1000},
    {"us", 1, 1e6, 1},
};

enum { DURATION_UNITS = sizeof(duration_units) / sizeof(duration_units[0]) };

/* Reads "1.25" as 125 and 100. */
static const char *read_decimal(const char *text, double *number, double *parts)
{
    unsigned digits = 0;
    bool fraction = false;

    *number = 0;
    *parts = 1;
    for (; is_digit(*text) || (*text == '.' && !fraction && digits > 0 && is_digit(text[1]));
         text++) {
        if (*text == '.') {
            fraction = true;
            continue;
        }
        if (++digits > MOST_DIGITS) {
            return NULL;
        }
        *number = *number * 10 + (*text - '0');
        *parts *= fraction ? 10 : 1;
    }
    return digits > 0 ? text : NULL;
}

static bool read_duration(const char *text, double *seconds)
{
    double number;
    double parts;
    size_t i;

    text = read_decimal(text, &number, &parts);
    if (text == NULL) {
        return false;
    }
    if (*text == '\0' && fpclassify(number) == FP_ZERO) {
        *seconds = 0;
        return true;
    }
    for (i = 0; i < DURATION_UNITS; i++) {
        const struct duration_unit *unit = &duration_units[i];

        if (strcmp(text, unit->name) == 0) {
            *seconds = number * unit->times / (unit->parts * parts);
            return *seconds <= LONGEST_DURATION;
        }
    }
    return false;
}

bool value_duration(const char *text, double min, double max, double *seconds,
                    struct accepted *accepted)
{
    double number;

    if (read_duration(text, &number) && number >= min && number <= max) {
        *seconds = number;
        return true;
    }
    if (max < LONGEST_DURATION) {
        return reject(accepted, "a duration from %s to %s, such as 250ms, 5s or 2min",
                      value_show_duration(min).text, value_show_duration(max).text);
    }
    if (min > 0) {
        return reject(accepted, "a duration of at least %s, such as 250ms, 5s or 2min",
                      value_show_duration(min).text);
    }
    return reject(accepted, "a duration, such as 250ms, 5s or 2min");
}

struct value_text value_show_duration(double seconds)
{
    struct value_text shown = {.text = "0s"};
    uint64_t microseconds;
    size_t i = 0;

    seconds = seconds < LONGEST_DURATION ? seconds : LONGEST_DURATION;
    microseconds = seconds > 0 ? (uint64_t)llround(seconds * 1e6) : 0;
    if (microseconds > 0) {
        while (microseconds % duration_units[i].microseconds != 0) {
            i++;
        }
        snprintf(shown.text, sizeof(shown.text), "%" PRIu64 "%s",
                 microseconds / duration_units[i].microseconds, duration_units[i].name);
    }
    return shown;
}

/* ---- addresses ---- */

static bool set_address(struct address *address, enum address_kind kind, const char *text,
                        size_t size)
{
    if (size >= sizeof(address->text)) {
        return false;
    }
    *address = (struct address){.kind = kind};
    memcpy(address->text, text, size);
    return true;
}

/* An IPv6 address, perhaps with a scope after %. */
static bool read_inet6(const char *text, size_t size, struct address *address)
{
    const char *scope = memchr(text, '%', size);
    size_t host_size = scope != NULL ? (size_t)(scope - text) : size;
    unsigned char binary[16];
    char host[64] = "";
    size_t i;

    if (host_size >= sizeof(host)) {
        return false;
    }
    memcpy(host, text, host_size);
    if (inet_pton(AF_INET6, host, binary) != 1) {
        return false;
    }
    if (scope != NULL && (size - host_size < 2 || size - host_size > 16)) {
        return false;
    }
    for (i = host_size + 1; i < size; i++) {
        if (strchr("._-", text[i]) == NULL && !isalnum((unsigned char)text[i])) {
            return false;
        }
    }
    return set_address(address, ADDRESS_INET6, text, size);
}

/* A name as in the DNS: labels of letters, digits, - and _, with dots between. */
static bool is_host_name(const char *text, size_t size)
{
    size_t label = 0;
    bool has_letter = false;
    size_t i;

    if (size == 0 || size > 253) {
        return false;
    }
    for (i = 0; i < size; i++) {
        unsigned char letter = (unsigned char)text[i];

        if (letter == '.' && label > 0) {
            label = 0;
            continue;
        }
        if ((letter >= 0x80 || !isalnum(letter)) && letter != '-' && letter != '_') {
            return false;
        }
        has_letter = has_letter || !is_digit(text[i]);
        if (++label > 63) {
            return false;
        }
    }
    return has_letter; /* digits and dots alone are an IPv4 address gone wrong */
}

static bool read_host(const char *text, size_t size, struct address *address)
{
    unsigned char binary[4];
    char host[16] = "";

    if (size < sizeof(host)) {
        memcpy(host, text, size);
        if (inet_pton(AF_INET, host, binary) == 1) {
            return set_address(address, ADDRESS_INET, text, size);
        }
    }
    return is_host_name(text, size) && set_address(address, ADDRESS_HOST, text, size);
}

static bool read_port(const char *text, uint16_t *port)
{
    uint64_t number;

    if (strlen(text) > 5 || !read_digits(text, 10, &number) || number > UINT16_MAX) {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

static bool read_unix(const char *path, struct address *address, struct accepted *accepted)
{
    const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    bool abstract = path[0] == '@';
    size_t size = strlen(path);

    if (size > most) {
        return reject(accepted, "an address; a path after \"unix:\" has at most %zu bytes", most);
    }
    if ((path[0] != '/' && !abstract) || size < 2) {
        return reject(accepted, "an address; after \"unix:\" comes an absolute path, or @ and a "
                                "name");
    }
    path += abstract;
    set_address(address, abstract ? ADDRESS_ABSTRACT : ADDRESS_UNIX, path, strlen(path));
    return true;
}

static bool read_systemd(const char *name, struct address *address, struct accepted *accepted)
{
    size_t size = strlen(name);
    size_t i;

    for (i = 0; i < size; i++) {
        if (name[i] <= ' ' || name[i] > '~' || name[i] == ':') {
            break;
        }
    }
    if (size == 0 || i < size || !set_address(address, ADDRESS_SYSTEMD, name, size)) {
        return reject(accepted, "an address; after \"systemd:\" comes the name of a socket");
    }
    return true;
}

bool value_address(const char *text, struct address *address, struct accepted *accepted)
{
    const char *colon = strrchr(text, ':');
    size_t host_size;
    uint16_t port;
    bool good;

    if (strncmp(text, "unix:", 5) == 0) {
        return read_unix(text + 5, address, accepted);
    }
    if (strncmp(text, "systemd:", 8) == 0) {
        return read_systemd(text + 8, address, accepted);
    }
    if (colon == NULL || strchr(colon, ']') != NULL) {
        return reject(accepted, "an address with its port, such as 127.0.0.1:8080 or [::1]:80, or "
                                "unix:/run/x.sock");
    }
    host_size = (size_t)(colon - text);
    if (!read_port(colon + 1, &port)) {
        return reject(accepted, "an address whose port is a number from 0 to 65535");
    }
    if (text[0] != '[' && memchr(text, ':', host_size) != NULL) {
        return reject(accepted, "an address; an IPv6 one has brackets, as in [::1]:80");
    }
    if (text[0] == '[') {
        good = host_size > 2 && colon[-1] == ']' && read_inet6(text + 1, host_size - 2, address);
    } else {
        good = read_host(text, host_size, address);
    }
    if (!good) {
        return reject(accepted, "an address, such as 127.0.0.1:8080, [::1]:80, example.org:80 or "
                                "unix:/run/x.sock");
    }
    address->port = port;
    return true;
}

bool value_host(const char *text, struct address *address, struct accepted *accepted)
{
    size_t size = strlen(text);
    bool good;

    if (size > 2 && text[0] == '[' && text[size - 1] == ']') {
        good = read_inet6(text + 1, size - 2, address);
    } else if (strchr(text, ':') != NULL) {
        good = read_inet6(text, size, address);
    } else {
        good = read_host(text, size, address);
    }
    return good || reject(accepted, "a host without a port, such as 127.0.0.1, ::1 or example.org");
}

struct value_text value_show_address(const struct address *address)
{
    struct value_text shown = {0};
    size_t room = sizeof(shown.text);

    switch (address->kind) {
    case ADDRESS_INET:
    case ADDRESS_HOST:
        snprintf(shown.text, room, "%s:%u", address->text, (unsigned)address->port);
        break;
    case ADDRESS_INET6:
        snprintf(shown.text, room, "[%s]:%u", address->text, (unsigned)address->port);
        break;
    case ADDRESS_UNIX:
        snprintf(shown.text, room, "unix:%s", address->text);
        break;
    case ADDRESS_ABSTRACT:
        snprintf(shown.text, room, "unix:@%s", address->text);
        break;
    case ADDRESS_SYSTEMD:
        snprintf(shown.text, room, "systemd:%s", address->text);
        break;
    }
    return shown;
}

struct value_text value_show_bool(bool value)
{
    struct value_text shown = {0};

    snprintf(shown.text, sizeof(shown.text), "%s", value ? "true" : "false");
    return shown;
}

struct value_text value_show_integer(int64_t value)
{
    struct value_text shown = {0};

    snprintf(shown.text, sizeof(shown.text), "%" PRId64, value);
    return shown;
}
