#include "daemon/complete.h"

#include <stdio.h>
#include <string.h>

void complete_offer(const struct unfinished *typed, const char *candidate, const char *doc)
{
    const char *begun = typed->word + typed->settled;

    if (strncmp(candidate, begun, strlen(begun)) == 0) {
        printf("%.*s%s%s%s\n", (int)typed->settled, typed->word, candidate, doc != NULL ? "\t" : "",
               doc != NULL ? doc : "");
    }
}

void complete_offer_all(const struct unfinished *typed, const char *const *candidates)
{
    for (; candidates != NULL && *candidates != NULL; candidates++) {
        complete_offer(typed, *candidates, NULL);
    }
}

void complete_offer_option(const struct unfinished *typed, const char *name, const char *doc)
{
    char option[64];

    snprintf(option, sizeof(option), "--%s", name);
    complete_offer(typed, option, doc);
}

void complete_offer_files(void)
{
    printf(":files\n");
}

const char *const *complete_values(const char *argument)
{
    static const char *const levels[] = {"error", "warning", "notice", "info", "debug", NULL};
    static const char *const targets[] = {"auto", "stderr", "journal", NULL};

    if (strcmp(argument, "LEVEL") == 0) {
        return levels;
    }
    return strcmp(argument, "TARGET") == 0 ? targets : NULL;
}
