#include "daemon/top_rows.h"

#include <stdbool.h>
#include <stdlib.h>

#include "graph/mem.h"

void top_rows_init(struct top_rows *rows, size_t most)
{
    *rows = (struct top_rows){.most = most};
    for (int i = 0; i < TOP_MEASURES; i++) {
        rows->rankings[i].rows = mem_alloc_array(most, sizeof(struct top_row *));
    }
}

static void let_go(struct top_row *row)
{
    if (--row->uses == 0) {
        free(row->data);
        free(row);
    }
}

void top_rows_deinit(struct top_rows *rows)
{
    for (int i = 0; i < TOP_MEASURES; i++) {
        for (size_t j = 0; j < rows->rankings[i].count; j++) {
            let_go(rows->rankings[i].rows[j]);
        }
        free(rows->rankings[i].rows);
    }
    *rows = (struct top_rows){0};
}

static void swap(struct top_row **a, struct top_row **b)
{
    struct top_row *kept = *a;

    *a = *b;
    *b = kept;
}

static void sift_up(struct top_ranking *ranking, int measure)
{
    struct top_row **rows = ranking->rows;

    for (size_t at = ranking->count - 1; at > 0; at = (at - 1) / 2) {
        if (rows[(at - 1) / 2]->by[measure] <= rows[at]->by[measure]) {
            return;
        }
        swap(&rows[at], &rows[(at - 1) / 2]);
    }
}

static void sift_down(struct top_ranking *ranking, int measure)
{
    struct top_row **rows = ranking->rows;

    for (size_t at = 0, least = 1; least < ranking->count; at = least, least = 2 * at + 1) {
        if (least + 1 < ranking->count && rows[least + 1]->by[measure] < rows[least]->by[measure]) {
            least++;
        }
        if (rows[at]->by[measure] <= rows[least]->by[measure]) {
            return;
        }
        swap(&rows[at], &rows[least]);
    }
}

/* TOP_FIRST is never positive, and needs to lead nobody out. */
static bool leads(const struct top_rows *rows, int measure, double value)
{
    const struct top_ranking *ranking = &rows->rankings[measure];

    return (value > 0 || measure == TOP_FIRST) &&
           (ranking->count < rows->most || value > ranking->rows[0]->by[measure]);
}

static void rank(struct top_rows *rows, int measure, struct top_row *row)
{
    struct top_ranking *ranking = &rows->rankings[measure];

    row->uses++;
    if (ranking->count < rows->most) {
        ranking->rows[ranking->count++] = row;
        sift_up(ranking, measure);
    } else {
        let_go(ranking->rows[0]);
        ranking->rows[0] = row;
        sift_down(ranking, measure);
    }
}

void top_rows_offer(struct top_rows *rows, double by[TOP_MEASURES], void *(*make)(const void *arg),
                    const void *arg)
{
    struct top_row *row = NULL;

    by[TOP_FIRST] = -(double)rows->offered++;
    for (int i = 0; i < TOP_MEASURES; i++) {
        if (!leads(rows, i, by[i])) {
            continue;
        }
        if (row == NULL) {
            row = mem_alloc(sizeof(*row));
            row->data = make(arg);
            for (int j = 0; j < TOP_MEASURES; j++) {
                row->by[j] = by[j];
            }
        }
        rank(rows, i, row);
    }
}

static int by_first(const void *a, const void *b)
{
    const struct top_row *const *one = a;
    const struct top_row *const *other = b;
    const double difference = (*other)->by[TOP_FIRST] - (*one)->by[TOP_FIRST];

    return (difference > 0) - (difference < 0);
}

void top_rows_each(struct top_rows *rows, void (*see)(void *arg, const struct top_row *row),
                   void *arg)
{
    struct top_row **all = mem_alloc_array(TOP_MEASURES * rows->most, sizeof(struct top_row *));
    size_t count = 0;

    for (int i = 0; i < TOP_MEASURES; i++) {
        for (size_t j = 0; j < rows->rankings[i].count; j++) {
            all[count++] = rows->rankings[i].rows[j];
        }
    }
    qsort(all, count, sizeof(struct top_row *), by_first);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || all[i] != all[i - 1]) {
            see(arg, all[i]);
        }
    }
    free(all);
}
