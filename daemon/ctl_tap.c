/* axonctl tap, axonctl events: what passes, as it passes. */
#include "daemon/ctl.h"

#include "daemon/base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const ctl_tap_formats[] = {"text", "hex", "json", NULL};

static void print_hex(const unsigned char *bytes, size_t size)
{
    for (size_t row = 0; row < size; row += 16) {
        printf("  %08zx ", row);
        for (size_t i = row; i < row + 16; i++) {
            if (i % 8 == 0) {
                putchar(' ');
            }
            if (i < size) {
                printf("%02x ", bytes[i]);
            } else {
                printf("   ");
            }
        }
        printf(" |");
        for (size_t i = row; i < row + 16 && i < size; i++) {
            putchar(bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.');
        }
        printf("|\n");
    }
}

void ctl_print_data(const json_t *message, bool hex)
{
    const char *data = ctl_string(message, "data");
    size_t size = strlen(data);
    long long whole = ctl_int(message, "size");
    char *decoded = NULL;

    if (strcmp(ctl_string(message, "encoding"), "base64") == 0) {
        decoded = base64_decode(data, &size);
        data = decoded != NULL ? decoded : "";
        size = decoded != NULL ? size : 0;
    }
    printf("%lld B", whole);
    if ((size_t)whole > size) {
        printf(" (the first %zu)", size);
    }
    if (hex) {
        printf("\n");
        print_hex((const unsigned char *)data, size);
    } else {
        printf("  ");
        ctl_print_escaped(stdout, data, size);
        printf("\n");
    }
    free(decoded);
}

static bool print_message(struct ctl *ctl, json_t *message, void *data)
{
    const bool *hex = data;
    const char *kind = ctl_string(message, "kind");

    if (strcmp(kind, "started") == 0) {
        fflush(stdout);
        fprintf(stderr, "axonctl: tapping %s; Ctrl-C ends it\n", ctl->arguments[0]);
        return true;
    }
    if (ctl_int(message, "lost") > 0 && !ctl->json) {
        fflush(stdout);
        fprintf(stderr, "axonctl: lost here: %lld\n", ctl_int(message, "lost"));
    }
    if (strcmp(kind, "ended") == 0) {
        return true;
    }
    if (ctl->json) {
        ctl_print_json(message);
        return true;
    }
    printf("%s %s.%s  ", ctl_clock(ctl_real(message, "time")).text, ctl_string(message, "path"),
           ctl_string(message, "box"));
    if (ctl_has(message, "peer")) {
        printf("%s  ", ctl_string(message, "peer"));
    }
    if (strcmp(kind, "notice") == 0) {
        printf("%s\n", ctl_string(message, "notice"));
    } else {
        ctl_print_data(message, *hex);
    }
    return true;
}

enum ctl_status ctl_run_tap(struct ctl *ctl)
{
    const char *count = ctl_value(ctl, "count");
    const char *format = ctl_value(ctl, "format");
    const char *match = ctl_value(ctl, "match");
    bool hex = format != NULL && strcmp(format, "hex") == 0;
    json_t *parameters = json_pack("{s:s}", "path", ctl->arguments[0]);

    if (format != NULL && strcmp(format, "json") == 0) {
        ctl->json = true;
    }
    if (count != NULL) {
        char *end;
        long long n;

        errno = 0;
        n = strtoll(count, &end, 10);
        if (*end != '\0' || errno != 0 || n < 1) {
            ctl_complain("--count takes a number from 1, not \"%s\"", count);
            json_decref(parameters);
            return CTL_USAGE;
        }
        json_object_set_new(parameters, "count", json_integer(n));
    }
    if (match != NULL && json_object_set_new(parameters, "match", json_string(match)) != 0) {
        ctl_complain("--match: the expression is not valid UTF-8; \\xff stands for a byte");
        json_decref(parameters);
        return CTL_USAGE;
    }
    return ctl_call(ctl, "Tap", parameters, true, (struct ctl_reader){print_message, &hex});
}

static bool print_event(struct ctl *ctl, json_t *event, void *data)
{
    const char *kind = ctl_string(event, "kind");
    const char *text = ctl_string(event, "text");

    if (strcmp(kind, "subscribed") == 0) {
        fflush(stdout);
        fprintf(stderr, "axonctl: waiting for events; Ctrl-C ends it\n");
        return true;
    }
    if (ctl->json) {
        ctl_print_json(event);
        return true;
    }
    printf("%s %s  ", ctl_clock(ctl_real(event, "time")).text, kind);
    if (ctl_has(event, "path")) {
        printf("%s: ", ctl_string(event, "path"));
    }
    ctl_print_escaped(stdout, text, strlen(text));
    printf("\n");
    return true;
}

enum ctl_status ctl_run_events(struct ctl *ctl)
{
    return ctl_call(ctl, "Events", NULL, true, (struct ctl_reader){print_event, NULL});
}
