/* A folder of the test's own, with files that are named relative to it. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <stddef.h>

/* Makes one, in the place of what the last test has left. */
void folder_make(void);

/* Removes it with all that is in it. */
void folder_remove(void);

/* The path of a file in it; the text lives until the eighth call after this one. */
const char *folder_path(const char *name);

/* Puts text into a file, in the place of what it holds or after it. */
void folder_put(const char *name, const char *text);
void folder_add(const char *name, const char *text);

void folder_rename(const char *from, const char *to);

/* What a file holds: "" for an empty one, NULL if there is none.  It lives until the next call. */
const char *folder_text(const char *name);

#endif
