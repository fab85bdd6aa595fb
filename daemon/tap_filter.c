/* No JIT: the daemon's unit lets no memory be both written and executed. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "daemon/tap_filter.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "graph/mem.h"

enum {
    MOST_STEPS = 20000, /* for one message: well under a millisecond */
    MOST_HEAP = 256,    /* KiB */
};

#define SHARE  0.1  /* of all time, that looking may take */
#define CREDIT 0.05 /* seconds of it that may be saved up */

struct tap_filter {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    double credit; /* seconds of work that there is time for */
    double looked; /* CLOCK_MONOTONIC, at the last look */
};

static double clock_read(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static pcre2_code *compile(const char *regex, struct tap_filter_error *err)
{
    const uint32_t options = PCRE2_DOTALL | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP;
    PCRE2_SIZE offset = 0;
    int error;
    pcre2_code *code;

    if (strlen(regex) > TAP_FILTER_LONGEST) {
        err->offset = TAP_FILTER_LONGEST;
        (void)snprintf(err->text, sizeof(err->text), "it is longer than %d bytes",
                       TAP_FILTER_LONGEST);
        return NULL;
    }
    code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, options, &error, &offset, NULL);
    if (code == NULL) {
        err->offset = offset;
        (void)pcre2_get_error_message(error, (PCRE2_UCHAR *)err->text, sizeof(err->text));
    }
    return code;
}

struct tap_filter *tap_filter_create(const char *regex, struct tap_filter_error *err)
{
    pcre2_code *code = compile(regex, err);
    struct tap_filter *filter;

    if (code == NULL) {
        return NULL;
    }
    filter = mem_alloc(sizeof(*filter));
    filter->code = code;
    filter->match = pcre2_match_data_create(1, NULL);
    filter->limits = pcre2_match_context_create(NULL);
    REQUIRE(filter->match != NULL && filter->limits != NULL);
    (void)pcre2_set_match_limit(filter->limits, MOST_STEPS);
    (void)pcre2_set_heap_limit(filter->limits, MOST_HEAP);
    filter->credit = CREDIT;
    filter->looked = clock_read(CLOCK_MONOTONIC);
    return filter;
}

void tap_filter_destroy(struct tap_filter *filter)
{
    if (filter == NULL) {
        return;
    }
    pcre2_code_free(filter->code);
    pcre2_match_data_free(filter->match);
    pcre2_match_context_free(filter->limits);
    free(filter);
}

static void save_up(struct tap_filter *filter)
{
    const double now = clock_read(CLOCK_MONOTONIC);

    filter->credit += (now - filter->looked) * SHARE;
    filter->credit = filter->credit < CREDIT ? filter->credit : CREDIT;
    filter->looked = now;
}

enum tap_filtered tap_filter_look(struct tap_filter *filter, const void *bytes, size_t size)
{
    double begun;
    int found;

    save_up(filter);
    if (filter->credit <= 0) {
        return TAP_UNKNOWN;
    }
    begun = clock_read(CLOCK_THREAD_CPUTIME_ID); /* not what others take meanwhile */
    found = pcre2_match(filter->code, (PCRE2_SPTR)bytes, size, 0, 0, filter->match, filter->limits);
    filter->credit -= clock_read(CLOCK_THREAD_CPUTIME_ID) - begun;
    if (found >= 0) {
        return TAP_MATCHES;
    }
    return found == PCRE2_ERROR_NOMATCH ? TAP_DIFFERS : TAP_UNKNOWN;
}
