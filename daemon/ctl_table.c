/* Tables: every column as wide as its widest cell. */
#include "daemon/ctl.h"

#include <stdlib.h>
#include <string.h>

#define BOLD  "\x1b[1m"
#define RED   "\x1b[31m"
#define PLAIN "\x1b[0m"

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
    if (table->rows == table->capacity) {
        char **cells;

        table->capacity = table->capacity == 0 ? 64 : 2 * table->capacity;
        cells = realloc(table->cells, table->capacity * sizeof(*cells));
        if (cells == NULL) {
            give_up();
        }
        table->cells = cells;
    }
    table->cells[table->rows++] = copy_clean(cell);
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

static void print_cell(const char *cell, size_t column_width, bool right, bool last)
{
    int padding = (int)(column_width - width(cell));

    if (right) {
        printf("%*s%s", padding, "", cell);
    } else {
        printf("%s%*s", cell, last ? 0 : padding, "");
    }
    fputs(last ? "\n" : "  ", stdout);
}

static void print_rows(const struct ctl_table *table, const size_t *widths)
{
    bool colours = ctl_has_colours();

    printf("%*s%s", (int)table->indent, "", colours ? BOLD : "");
    for (size_t c = 0; c < table->columns; c++) {
        const char *title = table->titles[c];
        bool right = title[0] == '>';

        if (c + 1 == table->columns && colours) {
            printf("%s%s\n", title + right, PLAIN);
        } else {
            print_cell(title + right, widths[c], right, c + 1 == table->columns);
        }
    }
    for (size_t i = 0; i < table->rows; i++) {
        size_t c = i % table->columns;
        bool red = colours && strcmp(table->cells[i], "failed") == 0;

        if (c == 0) {
            printf("%*s", (int)table->indent, "");
        }
        fputs(red ? RED : "", stdout);
        print_cell(table->cells[i], widths[c], table->titles[c][0] == '>', c + 1 == table->columns);
        fputs(red ? PLAIN : "", stdout);
    }
}

void ctl_table_print(struct ctl_table *table)
{
    size_t widths[16] = {0};

    for (size_t c = 0; c < table->columns; c++) {
        widths[c] = width(table->titles[c]) - (table->titles[c][0] == '>');
    }
    for (size_t i = 0; i < table->rows; i++) {
        size_t w = width(table->cells[i]);

        if (w > widths[i % table->columns]) {
            widths[i % table->columns] = w;
        }
    }
    if (table->rows > 0) {
        print_rows(table, widths);
    }
    for (size_t i = 0; i < table->rows; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    ctl_table_init(table, table->titles);
}
