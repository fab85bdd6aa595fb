/* axonctl top on a terminal, like top(1): the lines of top_view.h, the table as far as there is
 * room, keys to sort and to scroll. */
#include "daemon/ctl_top.h"

#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/mem.h"

enum { NUMBER_WIDTH = 8, LEAST_PATH = 12, MOST_BOTTLENECKS = 2 };

static const char help[] = "q quit   < > sort by   r reverse   space hold   up down scroll";

struct top_screen {
    SCREEN *screen;
    size_t first; /* row that is shown */
    bool is_held; /* what comes is not shown */
};

/* ---- drawing ---- */

/* A line, cut at the edge, without what a terminal would obey. */
static void draw_line(int y, const char *text)
{
    char clean[1024];
    size_t length = strlen(text);

    length = length < sizeof(clean) ? length : sizeof(clean) - 1;
    for (size_t i = 0; i < length; i++) {
        clean[i] = (char)((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i]);
    }
    clean[length] = '\0';
    mvaddnstr(y, 0, clean, COLS);
    clrtoeol();
}

/* A path that is too long keeps its end, which tells more. */
static void draw_cell(const char *text, bool is_right, int width)
{
    const int length = (int)strlen(text);

    if (length > width) {
        printw("%s%s ", width > 1 ? "~" : "", text + (length - width + (width > 1)));
    } else {
        printw(is_right ? "%*s " : "%-*s ", width, text);
    }
}

static int width_of(size_t column)
{
    const int numbers = (TOP_COLUMNS - 2) * (NUMBER_WIDTH + 1);
    const int path = (COLS - numbers - 2) / 2;

    if (top_columns[column].is_number) {
        return NUMBER_WIDTH;
    }
    return path > LEAST_PATH ? path : LEAST_PATH;
}

/* Columns that the screen is too narrow for are left out. */
static bool has_room(size_t column)
{
    return getcurx(stdscr) + width_of(column) <= COLS;
}

static void draw_titles(const struct top_view *view, int y)
{
    move(y, 0);
    for (size_t c = 0; c < TOP_COLUMNS && has_room(c); c++) {
        const char *title = top_columns[c].title;
        const bool is_right = title[0] == '>';

        attrset(c == view->sort ? A_REVERSE | A_BOLD : A_REVERSE);
        draw_cell(title + is_right, is_right, width_of(c));
    }
    attrset(A_NORMAL);
    clrtoeol();
}

static void draw_row(const struct top_view *view, int y, size_t row)
{
    const bool is_stalled = ctl_real(view->rows[row], "blocked") >= 0.05;
    char text[1024];

    move(y, 0);
    attrset(is_stalled ? A_BOLD : A_NORMAL);
    for (size_t c = 0; c < TOP_COLUMNS && has_room(c); c++) {
        draw_cell(top_view_cell(view, row, c, text, sizeof(text)), top_columns[c].is_number,
                  width_of(c));
    }
    attrset(A_NORMAL);
    clrtoeol();
}

static int draw_bottlenecks(const struct top_view *view, int y)
{
    char text[1024];

    for (size_t i = 0; i < top_view_bottlenecks(view) && i < MOST_BOTTLENECKS; i++) {
        attrset(A_BOLD);
        top_view_bottleneck(view, i, text, sizeof(text));
        draw_line(y++, text);
        attrset(A_NORMAL);
        top_view_way(view, i, text, sizeof(text));
        draw_line(y++, text);
    }
    return y;
}

void ctl_top_screen_draw(struct top_output *output)
{
    const struct top_view *view = &output->view;
    const struct top_screen *screen = output->screen;
    char text[1024] = "waiting for the daemon's first figures";
    int y = 0;

    if (view->reply != NULL) {
        top_view_headline(view, text, sizeof(text));
    }
    draw_line(y++, text);
    y = draw_bottlenecks(view, y);
    draw_titles(view, y++);
    for (size_t row = screen->first; row < view->count && y < LINES - 1; row++) {
        draw_row(view, y++, row);
    }
    move(y, 0);
    clrtobot();
    draw_line(LINES - 1, screen->is_held ? "held; space goes on" : help);
    refresh();
}

/* ---- what happens ---- */

bool ctl_top_screen_is_held(const struct top_output *output)
{
    return output->screen != NULL && output->screen->is_held;
}

static void sort_by(struct top_view *view, size_t column)
{
    view->sort = column;
    top_view_sort(view);
}

static void scroll_to(struct top_output *output, long row)
{
    const long last = (long)output->view.count - 1;

    row = row < last ? row : last;
    output->screen->first = row > 0 ? (size_t)row : 0;
}

/* Returns false if it asks for the end. */
static bool heed_key(struct top_output *output, int key)
{
    struct top_view *view = &output->view;
    const long first = (long)output->screen->first;

    switch (key) {
    case 'q':
        return false;
    case '<':
    case KEY_LEFT:
        sort_by(view, (view->sort + TOP_COLUMNS - 1) % TOP_COLUMNS);
        break;
    case '>':
    case KEY_RIGHT:
        sort_by(view, (view->sort + 1) % TOP_COLUMNS);
        break;
    case 'r':
        view->is_reversed = !view->is_reversed;
        top_view_sort(view);
        break;
    case ' ':
        output->screen->is_held = !output->screen->is_held;
        break;
    case KEY_UP:
        scroll_to(output, first - 1);
        break;
    case KEY_DOWN:
        scroll_to(output, first + 1);
        break;
    case KEY_PPAGE:
        scroll_to(output, first - LINES / 2);
        break;
    case KEY_NPAGE:
        scroll_to(output, first + LINES / 2);
        break;
    default: /* KEY_RESIZE among them: it is drawn anew in any case */
        break;
    }
    return true;
}

static bool read_keys(void *data)
{
    struct top_output *output = data;
    int key;

    while ((key = getch()) != ERR) {
        if (!heed_key(output, key)) {
            return false;
        }
    }
    ctl_top_screen_draw(output);
    return true;
}

static void leave(void *data)
{
    ctl_top_screen_close(data);
}

void ctl_top_screen_open(struct top_output *output, struct ctl *ctl)
{
    const char *term = getenv("TERM");
    SCREEN *screen;

    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1 || term == NULL ||
        strcmp(term, "dumb") == 0) {
        return;
    }
    (void)setlocale(LC_CTYPE, "");
    screen = newterm(NULL, stdout, stdin);
    if (screen == NULL) {
        return;
    }
    cbreak();
    noecho();
    curs_set(0);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    output->screen = mem_alloc(sizeof(*output->screen));
    output->screen->screen = screen;
    output->terminal = (struct ctl_terminal){.input = read_keys, .leave = leave, .data = output};
    ctl->terminal = &output->terminal;
}

void ctl_top_screen_close(struct top_output *output)
{
    if (output->screen != NULL) {
        endwin();
        delscreen(output->screen->screen);
        free(output->screen);
        output->screen = NULL;
    }
}
