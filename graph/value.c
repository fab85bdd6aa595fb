/* Values: booleans, whole numbers, sizes and durations. */
#include "graph/value_private.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LONGEST_DURATION (36525.0 * 86400.0) /* a century, in seconds */

enum { MOST_DIGITS = 15 }; /* a double holds these exactly */

bool value_reject(struct accepted *accepted, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(accepted->text, sizeof(accepted->text), format, arguments);
    va_end(arguments);
    return false;
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
    return value_reject(accepted, "true or false");
}

struct value_text value_show_bool(bool value)
{
    struct value_text shown = {0};

    snprintf(shown.text, sizeof(shown.text), "%s", value ? "true" : "false");
    return shown;
}

bool value_read_digits(const char *text, unsigned base, uint64_t *value)
{
    uint64_t sum = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        unsigned char letter = (unsigned char)*text;
        unsigned digit = value_is_digit(*text) ? (unsigned)(letter - '0') : base;

        if (base == 16 && letter < 0x80 && isxdigit(letter) && !value_is_digit(*text)) {
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
        if (!value_read_digits(text + 2, 16, &size)) {
            return false;
        }
    } else if (!value_read_digits(text, 10, &size)) {
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
        return value_reject(accepted, "a whole number");
    }
    if (max == INT64_MAX) {
        return value_reject(accepted, "a whole number, at least %" PRId64, min);
    }
    if (min == INT64_MIN) {
        return value_reject(accepted, "a whole number, at most %" PRId64, max);
    }
    return value_reject(accepted, "a whole number from %" PRId64 " to %" PRId64, min, max);
}

struct value_text value_show_integer(int64_t value)
{
    struct value_text shown = {0};

    snprintf(shown.text, sizeof(shown.text), "%" PRId64, value);
    return shown;
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

    if (!value_is_digit(*text)) {
        return false;
    }
    for (; value_is_digit(*text); text++) {
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
        return value_reject(accepted, "a size, such as 512, 64KiB or 10MB");
    }
    if (max == SIZE_MAX) {
        return value_reject(accepted, "a size of at least %zu byte%s, such as 64KiB", min,
                            min == 1 ? "" : "s");
    }
    return value_reject(accepted, "a size from %zu to %zu bytes, such as %s", min, max,
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
    for (; value_is_digit(*text) ||
           (*text == '.' && !fraction && digits > 0 && value_is_digit(text[1]));
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
        return value_reject(accepted, "a duration from %s to %s, such as 250ms, 5s or 2min",
                            value_show_duration(min).text, value_show_duration(max).text);
    }
    if (min > 0) {
        return value_reject(accepted, "a duration of at least %s, such as 250ms, 5s or 2min",
                            value_show_duration(min).text);
    }
    return value_reject(accepted, "a duration, such as 250ms, 5s or 2min");
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
