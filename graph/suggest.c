/* "Did you mean ...?" */
#include "graph/suggest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 64, MOST_SLIPS = 3, SHORTEST_BEGINNING = 3 };

static unsigned char fold(char letter)
{
    return (unsigned char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Returns the number of slips between two names of at most LONGEST bytes (optimal string
 * alignment); more than `most` if it is more than that. */
static size_t count_slips(const char *a, size_t a_length, const char *b, size_t b_length,
                          size_t most)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0]; /* the row before the last */
    size_t *last = rows[1];
    size_t *row = rows[2];
    size_t i;
    size_t j;

    for (j = 0; j <= b_length; j++) {
        last[j] = j;
    }
    for (i = 1; i <= a_length; i++) {
        size_t *oldest = before;
        size_t best = i;

        row[0] = i;
        for (j = 1; j <= b_length; j++) {
            size_t differs = fold(a[i - 1]) != fold(b[j - 1]);

            row[j] = smaller(last[j - 1] + differs, smaller(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1])) {
                row[j] = smaller(row[j], before[j - 2] + 1);
            }
            best = smaller(best, row[j]);
        }
        if (best > most) {
            return best;
        }
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_length];
}

const char *suggest(const char *name, suggest_candidate *candidate, void *context)
{
    size_t length = strnlen(name, LONGEST + 1);
    size_t most = smaller(length / 3, MOST_SLIPS);
    size_t fewest = most + 1;
    const char *nearest = NULL;
    const char *longer = NULL;
    size_t longer_count = 0;
    const char *other;
    size_t i;

    if (length > LONGEST) {
        return NULL;
    }
    for (i = 0; (other = candidate(context, i)) != NULL; i++) {
        size_t other_length = strnlen(other, LONGEST + 1);
        size_t slips;

        if (strcasecmp(name, other) == 0) {
            return other;
        }
        if (length >= SHORTEST_BEGINNING && strncasecmp(name, other, length) == 0) {
            longer = other;
            longer_count++;
        }
        if (other_length > LONGEST || other_length > length + most ||
            length > other_length + most || fewest == 0) {
            continue;
        }
        slips = count_slips(name, length, other, other_length, fewest - 1);
        if (slips < fewest) {
            fewest = slips;
            nearest = other;
        }
    }
    if (nearest == NULL && longer_count == 1) {
        return longer;
    }
    return nearest;
}

static const char *from_array(void *context, size_t index)
{
    const char *const *const *names = context;

    return (*names)[index];
}

const char *suggest_from(const char *name, const char *const *names)
{
    return suggest(name, from_array, &names);
}

struct suggestion suggest_words(const char *meant)
{
    struct suggestion words = {0};

    if (meant != NULL && strlen(meant) <= LONGEST) {
        snprintf(words.text, sizeof(words.text), "; did you mean \"%s\"?", meant);
    }
    return words;
}
