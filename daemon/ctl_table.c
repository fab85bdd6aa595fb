/* Tables: every column as wide as its widest cell. */
#include "daemon/ctl.h"

#include <stdlib.h>
#include <string.h>

#define BOLD  "\x1b[1m"
#define RED   "\x1b[31m"
#define PLAIN "\x1b[0m"

enum { MAX_COLUMNS = 16 };

void ctl_table_init(struct ctl_table *table, const char *const *titles)
{
    *table = (struct ctl_table){.titles = titles};
    while (titles[table->columns] != NULL) {
        table->columns++;
    }
}

static _Noreturn void give_up(void)
{
    fputs("axonctl: out of memory\n", stderr);
    exit(CTL_REFUSED);
}

/* What a terminal would obey, or what would break a row, is left out. */
static char *copy_clean(const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL) {
        give_up();
    }
    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    return copy;
}

void ctl_table_add(struct ctl_table *table, const char *cell)
{
    if (table->count == table->capacity) {
        char **cells;

        table->capacity = table->capacity == 0 ? 64 : 2 * table->capacity;
        cells = realloc(table->cells, table->capacity * sizeof(*cells));
        if (cells == NULL) {
            give_up();
        }
        table->cells = cells;
    }
    table->cells[table->count++] = copy_clean(cell);
}

/* In characters, of which the bytes after the first do not count. */
static size_t width(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        n += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return n;
}

/* One row; what comes after its last cell that is not empty is left out. */
static void print_row(const struct ctl_table *table, const char *const *cells, const size_t *widths)
{
    bool colours = ctl_has_colours();
    size_t count = table->columns;

    while (count > 0 && cells[count - 1][0] == '\0') {
        count--;
    }
    for (size_t c = 0; c < count; c++) {
        bool right = table->titles[c][0] == '>';
        bool red = colours && strcmp(cells[c], "failed") == 0;
        int padding = (int)(widths[c] - width(cells[c]));

        printf("%*s%s%s%s%*s", right ? padding : 0, "", red ? RED : "", cells[c], red ? PLAIN : "",
               right || c + 1 == count ? 0 : padding, "");
        fputs(c + 1 < count ? "  " : "", stdout);
    }
}

static void print_rows(const struct ctl_table *table, const size_t *widths)
{
    const char *titles[MAX_COLUMNS];
    bool colours = ctl_has_colours();

    for (size_t c = 0; c < table->columns; c++) {
        titles[c] = table->titles[c] + (table->titles[c][0] == '>');
    }
    fputs(colours ? BOLD : "", stdout);
    print_row(table, titles, widths);
    printf("%s\n", colours ? PLAIN : "");
    for (size_t i = 0; i < table->count; i += table->columns) {
        print_row(table, (const char *const *)table->cells + i, widths);
        putchar('\n');
    }
}

void ctl_table_print(struct ctl_table *table)
{
    size_t widths[MAX_COLUMNS] = {0};

    for (size_t c = 0; c < table->columns; c++) {
        widths[c] = width(table->titles[c]) - (table->titles[c][0] == '>');
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t w = width(table->cells[i]);

        if (w > widths[i % table->columns]) {
            widths[i % table->columns] = w;
        }
    }
    if (table->count > 0) {
        print_rows(table, widths);
    }
    for (size_t i = 0; i < table->count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    ctl_table_init(table, table->titles);
}
