/* "Did you mean": the word most like another. */
#include "daemon/ctl.h"

#include <string.h>

enum { MAX_LENGTH = 63 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters are to be added, removed or replaced to make one word of the other. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[MAX_LENGTH + 1];
    unsigned columns = (unsigned)strlen(b);

    for (unsigned j = 0; j <= columns; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; *a != '\0'; a++, i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= columns; j++) {
            unsigned replaced = diagonal + (*a != b[j - 1]);

            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[columns];
}

const char *ctl_suggest(const char *word, const char *const *words)
{
    size_t length = strlen(word);
    unsigned best = (unsigned)length / 3 + 2; /* farther off, and it is another word */
    const char *found = NULL;

    for (; length <= MAX_LENGTH && *words != NULL; words++) {
        if (strlen(*words) <= MAX_LENGTH && distance(word, *words) < best) {
            best = distance(word, *words);
            found = *words;
        }
    }
    return found;
}
