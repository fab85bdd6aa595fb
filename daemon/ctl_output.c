/* Values as people read them, and what axonctl complains of. */
#include "daemon/ctl.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void ctl_complain(const char *format, ...)
{
    va_list args;
    char text[4096];

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fflush(stdout);
    fputs("axonctl: ", stderr);
    for (const char *line = text; *line != '\0';) { /* our own newlines are meant */
        size_t length = strcspn(line, "\n");

        ctl_print_escaped(stderr, line, length);
        putc('\n', stderr);
        line += length + (line[length] == '\n');
    }
}

const char *ctl_string(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

long long ctl_int(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

double ctl_real(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

bool ctl_has(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return value != NULL && !json_is_null(value);
}

struct ctl_text ctl_count(long long n)
{
    struct ctl_text t;

    snprintf(t.text, sizeof(t.text), "%lld", n);
    return t;
}

struct ctl_text ctl_size(double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    struct ctl_text t;
    size_t unit = 0;

    while (bytes >= 1024 && unit < sizeof(units) / sizeof(units[0]) - 1) {
        bytes /= 1024;
        unit++;
    }
    snprintf(t.text, sizeof(t.text), "%.*f %s", bytes < 100 && bytes != floor(bytes) ? 1 : 0, bytes,
             units[unit]);
    return t;
}

/* The two largest units that say something. */
struct ctl_text ctl_duration(double seconds)
{
    struct ctl_text t;
    long whole = seconds > 0 ? (long)seconds : 0;

    if (seconds <= 0) {
        snprintf(t.text, sizeof(t.text), "0 s");
    } else if (seconds < 0.001) {
        snprintf(t.text, sizeof(t.text), "%.0f us", seconds * 1e6);
    } else if (seconds < 1) {
        snprintf(t.text, sizeof(t.text), "%.0f ms", seconds * 1e3);
    } else if (seconds < 60) {
        snprintf(t.text, sizeof(t.text), "%.1f s", seconds);
    } else if (whole < 3600) {
        snprintf(t.text, sizeof(t.text), "%ld min %ld s", whole / 60, whole % 60);
    } else if (whole < 86400) {
        snprintf(t.text, sizeof(t.text), "%ld h %ld min", whole / 3600, whole % 3600 / 60);
    } else {
        snprintf(t.text, sizeof(t.text), "%ld d %ld h", whole / 86400, whole % 86400 / 3600);
    }
    return t;
}

struct ctl_text ctl_rate(double per_second)
{
    struct ctl_text t;

    snprintf(t.text, sizeof(t.text), "%.*f", per_second < 100 && per_second > 0 ? 1 : 0,
             per_second);
    return t;
}

struct ctl_text ctl_time(double seconds)
{
    struct ctl_text t = {""};
    time_t whole = (time_t)seconds;
    struct tm local;

    if (localtime_r(&whole, &local) != NULL) {
        strftime(t.text, sizeof(t.text), "%Y-%m-%d %H:%M:%S", &local);
    }
    return t;
}

struct ctl_text ctl_clock(double seconds)
{
    struct ctl_text t = {""};
    double floored = floor(seconds);
    time_t whole = (time_t)floored;
    struct tm local;

    if (localtime_r(&whole, &local) != NULL) {
        snprintf(t.text, sizeof(t.text), "%02d:%02d:%02d.%03d", local.tm_hour, local.tm_min,
                 local.tm_sec, (int)((seconds - floored) * 1000));
    }
    return t;
}

void ctl_print_json(const json_t *value)
{
    json_dumpf(value, stdout, 0);
    putchar('\n');
}

/* How many bytes the valid, printable UTF-8 character at the start takes; 0: it is none. */
static size_t printable_size(const unsigned char *bytes, size_t size)
{
    unsigned char c = bytes[0];
    size_t length = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

    if (length == 0 || length > size || c < 0x20 || c == 0x7f) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((c == 0xc2 && bytes[1] < 0xa0) ||  /* control characters */
        (c == 0xe0 && bytes[1] < 0xa0) ||  /* longer than need be */
        (c == 0xed && bytes[1] >= 0xa0) || /* surrogates */
        (c == 0xf0 && bytes[1] < 0x90) ||  /* longer than need be */
        (c == 0xf4 && bytes[1] >= 0x90)) { /* beyond Unicode */
        return 0;
    }
    return length;
}

void ctl_print_escaped(FILE *file, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = printable_size((const unsigned char *)bytes + i, size - i);

        if (length > 0) {
            fwrite(bytes + i, 1, length, file);
            i += length;
            continue;
        }
        switch (bytes[i]) {
        case '\n':
            fputs("\\n", file);
            break;
        case '\r':
            fputs("\\r", file);
            break;
        case '\t':
            fputs("\\t", file);
            break;
        default:
            fprintf(file, "\\x%02x", (unsigned char)bytes[i]);
            break;
        }
        i++;
    }
}

bool ctl_has_colours(void)
{
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL && term != NULL &&
           strcmp(term, "dumb") != 0;
}
