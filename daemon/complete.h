/* Completion: what may follow on a command line.  The scripts in daemon/completion/ ask the program
 * itself, so that they know nothing of its options:
 *
 *     $ axonctl --complete graph --format=m        the words so far; the last one is unfinished
 *     --format=mermaid                             a candidate, or with a tab and what it means
 *
 * The line ":files" stands for names of files.  Candidates are whole words: what the last word
 * begins with is in them. */
#ifndef AXOND_DAEMON_COMPLETE_H
#define AXOND_DAEMON_COMPLETE_H

#include <stddef.h>

/* The unfinished word.  Its first bytes may be settled, as "--format=" is: the rest is what
 * candidates are for. */
struct unfinished {
    const char *word;
    size_t settled;
};

/* Prints a candidate, if the word begins like it.  doc may be NULL. */
void complete_offer(const struct unfinished *typed, const char *candidate, const char *doc);

/* The same of each; NULL-ended, or NULL. */
void complete_offer_all(const struct unfinished *typed, const char *const *candidates);

/* Offers an option, as --NAME. */
void complete_offer_option(const struct unfinished *typed, const char *name, const char *doc);

void complete_offer_files(void);

/* The values that have a name, for an argument that help calls LEVEL or TARGET; else NULL. */
const char *const *complete_values(const char *argument);

#endif
