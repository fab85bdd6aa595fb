/* Mistakes in a graph file: where, what was found, what is accepted.
 *
 *     etc/echo.yaml:7:5: error: TCPServer has no parameter "listenprot"; did you mean ...?
 *         7 |     listenprot: 8080
 *           |     ^~~~~~~~~~
 *
 * A struct error is one of them, with memory from the caller.  A struct errors is the list that the
 * loader fills while it goes on, so that one run shows every mistake; it copies what it needs and
 * outlives the document. */
#ifndef AXOND_GRAPH_ERROR_H
#define AXOND_GRAPH_ERROR_H

#include "graph/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct node;
struct source;

struct error {
    const char *file; /* borrowed from the document; NULL: no file */
    unsigned line;    /* from 1; 0: no place known */
    unsigned column;  /* from 1, in characters */
    unsigned width;   /* columns to underline */
    bool silent;      /* the node's mistake is known already: errors_add() drops this one */
    char text[240];   /* one sentence, no newline */
    const struct source *source; /* borrowed from the document; NULL: no line to show */
    const struct node *via;      /* borrowed: what has put the node's text in; NULL: nothing */
};

/* Notes what is wrong with a YAML node.  Returns false, to be used as "return error_set(...)".
 *
 * at: NULL if no place is known.  The text has control characters escaped and is cut to fit. */
bool error_set(struct error *err, const struct node *at, const char *format, ...) PRINTF_LIKE(3, 4);
bool error_vset(struct error *err, const struct node *at, const char *format, va_list arguments)
    PRINTF_LIKE(3, 0);

/* Notes what is wrong at a place in a source.  line 0: with the file as a whole.  Returns false. */
bool error_set_at(struct error *err, const struct source *source, unsigned line, unsigned column,
                  unsigned width, const char *format, ...) PRINTF_LIKE(6, 7);

/* A user's text cut to a length that leaves room for the sentence around it. */
struct shown {
    char text[72];
};

/* Cuts a text for a message: error_set(err, at, "no type \"%s\"", shown(name).text).  The result
 * lives until the end of the full expression. */
struct shown shown(const char *text);

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

/* The line under a message, ready to print: tabs expanded, a long line cut around the caret. */
struct excerpt {
    const char *text; /* NULL: none */
    unsigned caret;   /* columns before the caret */
    unsigned width;   /* of caret and tildes, at least 1 */
};

/* Another place of a report, such as "first defined here". */
struct report_note {
    struct error error;
    struct excerpt excerpt;
};

/* One entry of the list; all of it belongs to the list, and error.source is NULL. */
struct report {
    enum severity severity;
    struct error error;
    struct excerpt excerpt;
    struct report_note *notes;
    unsigned note_count; /* the last of them are the way that led here */
    unsigned way_count;
    unsigned order;  /* of the file, in the order of loading */
    unsigned number; /* of the report, in the order of adding */
};

/* A step of the way to a mistake: a graph with a name is used, perhaps inside another. */
struct error_way {
    const struct node *at;
    const char *name;              /* of the graph */
    const struct error_way *outer; /* where "at" is inside another graph; NULL: in none */
};

struct errors;

/* Returns an empty list. */
MUST_CHECK struct errors *errors_create(void);
void errors_destroy(struct errors *errors);

/* Adds a copy of an error to the list.  Once ERRORS_MOST errors are there, more are only counted;
 * one that is there already, word for word, is dropped.  Returns false, as error_set() does.
 *
 * The document that err points into must still be there; it may go afterwards. */
enum { ERRORS_MOST = 200 };
bool errors_add(struct errors *errors, const struct error *err);

/* Adds an error that has a second place, with what is to be said there. */
bool errors_add_note(struct errors *errors, const struct error *err, const struct error *note);

/* Adds a warning; there is room for as many of these. */
void errors_warn(struct errors *errors, const struct error *err);

/* error_set() and errors_add() in one.  Returns false. */
bool errors_report(struct errors *errors, const struct node *at, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* As errors_report(), with a second node and what is to be said there, in plain words. */
bool errors_report_note(struct errors *errors, const struct node *at, const struct node *second,
                        const char *note, const char *format, ...) PRINTF_LIKE(5, 6);

/* What is reported from now on has been found on this way, which gets a note for each step; NULL:
 * on none.  A mistake that was found both ways does not follow from the way, and is shown without
 * it. */
void errors_set_way(struct errors *errors, const struct error_way *way);

/* True if one of the reports shows a way. */
bool errors_show_ways(const struct errors *errors);

/* While on, nothing is added: a mistake that is found once more, on no way, loses its own. */
void errors_only_drop_ways(struct errors *errors, bool on);

/* Makes the excerpts from a source anew: what they must hide is known only now. */
void errors_quote_again(struct errors *errors, const struct source *source);

/* Counts errors (warnings), those not kept included. */
size_t errors_count(const struct errors *errors);
size_t errors_warning_count(const struct errors *errors);

/* True if another error would only be counted: no need to look for what was meant. */
bool errors_is_full(const struct errors *errors);

/* Returns the index-th report, by file in the order of loading, line and column; NULL past the
 * last.  The list owns it, to its end; adding may change the order. */
const struct report *errors_at(struct errors *errors, size_t index);

/* Prints every report as a compiler does.  colour: with the escape sequences of a terminal. */
void errors_print(struct errors *errors, FILE *out, bool colour);

#endif
