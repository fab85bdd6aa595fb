#include "daemon/ctl_diff.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CELLS = 64 << 20 }; /* of the table; beyond that all lines in between are others */

struct lines {
    const char **first; /* of each line */
    size_t *size;
    size_t count;
};

static void *need(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static struct lines split(const char *text)
{
    struct lines lines = {0};
    size_t room = 1;

    for (const char *at = text; *at != '\0'; at++) {
        room += *at == '\n';
    }
    lines.first = need(calloc(room, sizeof(*lines.first)));
    lines.size = need(calloc(room, sizeof(*lines.size)));
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        const size_t size = end != NULL ? (size_t)(end - text) : strlen(text);

        lines.first[lines.count] = text;
        lines.size[lines.count++] = size;
        text += size + (end != NULL);
    }
    return lines;
}

static void lines_free(struct lines *lines)
{
    free(lines->first);
    free(lines->size);
}

static bool is_same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
    return a->size[i] == b->size[j] && memcmp(a->first[i], b->first[j], a->size[i]) == 0;
}

static void print_line(char sign, const struct lines *lines, size_t i)
{
    printf("%c%.*s\n", sign, (int)lines->size[i], lines->first[i]);
}

/* The part of two texts that is not the same at both ends. */
struct middle {
    size_t begin_a, end_a, begin_b, end_b;
};

/* How many lines two rests have in common, for each pair of them, by the classic table. */
static unsigned *measure(const struct lines *a, const struct lines *b, const struct middle *m)
{
    const size_t rows = m->end_a - m->begin_a;
    const size_t columns = m->end_b - m->begin_b;
    unsigned *table;

    if ((rows + 1) > MOST_CELLS / (columns + 1)) {
        return NULL;
    }
    table = need(calloc((rows + 1) * (columns + 1), sizeof(*table)));
    for (size_t i = rows; i-- > 0;) {
        for (size_t j = columns; j-- > 0;) {
            unsigned *cell = &table[i * (columns + 1) + j];
            const unsigned below = cell[columns + 1];
            const unsigned right = cell[1];

            if (is_same(a, m->begin_a + i, b, m->begin_b + j)) {
                *cell = cell[columns + 2] + 1;
            } else {
                *cell = below > right ? below : right;
            }
        }
    }
    return table;
}

static void print_middle(const struct lines *a, const struct lines *b, const struct middle *m)
{
    unsigned *table = measure(a, b, m);
    const size_t columns = m->end_b - m->begin_b;
    size_t i = m->begin_a;
    size_t j = m->begin_b;

    while (i < m->end_a || j < m->end_b) {
        const unsigned *cell =
            table != NULL ? &table[(i - m->begin_a) * (columns + 1) + j - m->begin_b] : NULL;

        if (i < m->end_a && j < m->end_b && is_same(a, i, b, j)) {
            print_line(' ', a, i++);
            j++;
        } else if (i < m->end_a &&
                   (j == m->end_b || cell == NULL || cell[columns + 1] >= cell[1])) {
            print_line('-', a, i++);
        } else {
            print_line('+', b, j++);
        }
    }
    free(table);
}

void ctl_print_diff(const char *before, const char *after)
{
    struct lines a = split(before);
    struct lines b = split(after);
    struct middle m = {0, a.count, 0, b.count};
    size_t from;
    size_t to;

    while (m.begin_a < a.count && m.begin_b < b.count && is_same(&a, m.begin_a, &b, m.begin_b)) {
        m.begin_a++;
        m.begin_b++;
    }
    while (m.end_a > m.begin_a && m.end_b > m.begin_b &&
           is_same(&a, m.end_a - 1, &b, m.end_b - 1)) {
        m.end_a--;
        m.end_b--;
    }
    if (m.begin_a < m.end_a || m.begin_b < m.end_b) {
        from = m.begin_a > CONTEXT ? m.begin_a - CONTEXT : 0;
        to = m.end_a + CONTEXT < a.count ? m.end_a + CONTEXT : a.count;
        for (size_t i = from; i < m.begin_a; i++) {
            print_line(' ', &a, i);
        }
        print_middle(&a, &b, &m);
        for (size_t i = m.end_a; i < to; i++) {
            print_line(' ', &a, i);
        }
    }
    lines_free(&a);
    lines_free(&b);
}
