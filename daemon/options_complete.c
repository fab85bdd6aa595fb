/* axond --complete: its options, their values, and graph files. */
#include "daemon/complete.h"
#include "daemon/options.h"

#include <string.h>

/* The option that a word is, or begins with, as in --control=PATH; NULL: none. */
static const struct option_spec *find(const char *word)
{
    const size_t size = strcspn(word, "=");

    for (const struct option_spec *spec = option_specs; spec->name != NULL; spec++) {
        const bool is_short = word[0] == '-' && word[1] == spec->letter && word[2] == '\0';

        if (is_short || (strncmp(word, "--", 2) == 0 && size == strlen(spec->name) + 2 &&
                         memcmp(word + 2, spec->name, size - 2) == 0)) {
            return spec;
        }
    }
    return NULL;
}

static void offer_value(const struct unfinished *typed, const char *argument)
{
    if (strcmp(argument, "PATH") == 0) {
        complete_offer_files();
    }
    complete_offer_all(typed, complete_values(argument));
}

void options_complete(int count, char **words)
{
    const char *before = count > 1 ? words[count - 2] : "";
    struct unfinished typed = {.word = count > 0 ? words[count - 1] : ""};
    const struct option_spec *spec = strchr(before, '=') == NULL ? find(before) : NULL;

    if (spec != NULL && spec->argument != NULL) {
        offer_value(&typed, spec->argument);
    } else if (strchr(typed.word, '=') != NULL && (spec = find(typed.word)) != NULL) {
        typed.settled = strcspn(typed.word, "=") + 1;
        offer_value(&typed, spec->argument != NULL ? spec->argument : "");
    } else if (typed.word[0] == '-') {
        for (spec = option_specs; spec->name != NULL; spec++) {
            complete_offer_option(&typed, spec->name, spec->help);
        }
    } else {
        complete_offer_files();
    }
}
