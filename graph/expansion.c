/* Expanding the ${...} of one text: finding each, and putting the new text together. */
#include "graph/expansion.h"

#include "graph/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEEPEST = 10,         /* defaults in defaults */
    MOST_MADE = 64 << 20, /* bytes of new text, so that aliases cannot multiply a long one */
};

void expansion_fail(struct expansion *expansion, const char *at, size_t size, const char *format,
                    ...)
{
    struct node place = *expansion->node;
    unsigned quote = place.quoted ? 1 : 0;
    struct error err;
    va_list arguments;

    expansion->broken = true;
    if (utf8_count(place.text, place.size) + (size_t)2 * quote == place.width) {
        place.column += quote + (unsigned)utf8_count(place.text, (size_t)(at - place.text));
        place.width = size > 0 ? (unsigned)utf8_count(at, size) : 1;
    }
    va_start(arguments, format);
    error_vset(&err, &place, format, arguments);
    va_end(arguments);
    errors_add(expansion->interpolator->errors, &err);
}

void expansion_append(struct expansion *expansion, const char *text, size_t size)
{
    struct interpolator *interpolator = expansion->interpolator;

    if (size > MOST_MADE - interpolator->made) {
        expansion_fail(expansion, expansion->node->text, expansion->node->size,
                       "${...} has made more than %d MiB of text", MOST_MADE >> 20);
        return;
    }
    interpolator->made += size;
    if (size > expansion->room - expansion->size) {
        size_t room = (expansion->size + size) * 2;
        char *bigger = mem_alloc(room);

        if (expansion->size > 0) {
            memcpy(bigger, expansion->text, expansion->size);
            explicit_bzero(expansion->text, expansion->size);
        }
        free(expansion->text);
        expansion->text = bigger;
        expansion->room = room;
    }
    if (size > 0) {
        memcpy(expansion->text + expansion->size, text, size);
        expansion->size += size;
    }
}

/* Returns the "}" that ends what "${" before text begins, or NULL. */
static const char *find_end(const char *text, const char *end)
{
    unsigned open = 1;

    while (text < end) {
        size_t left = (size_t)(end - text);

        if (left >= 3 && memcmp(text, "$${", 3) == 0) {
            text += 3;
        } else if (left >= 2 && memcmp(text, "${", 2) == 0) {
            open++;
            text += 2;
        } else if (*text == '}' && --open == 0) {
            return text;
        } else {
            text++;
        }
    }
    return NULL;
}

/* If text starts with the word and a colon, returns what follows, else NULL.  ${param:-x} is a
 * variable with a default. */
static const char *after_word(const char *text, const char *end, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(end - text) <= length || memcmp(text, word, length) != 0 || text[length] != ':') {
        return NULL;
    }
    text += length + 1;
    return text < end && (*text == '-' || *text == '?') ? NULL : text;
}

static void expand_one(struct expansion *expansion, const char *text, const char *end,
                       unsigned depth)
{
    const char *name = after_word(text, end, "param");

    if (name != NULL && expansion->interpolator->lookups->keeps) {
        expansion_append(expansion, text - 2, (size_t)(end - text) + 3);
        return;
    }
    if (name != NULL) {
        expansion_add_parameter(expansion, name, end);
        return;
    }
    name = after_word(text, end, "credential");
    if (name != NULL) {
        expansion_add_credential(expansion, name, end);
        return;
    }
    expansion_add_variable(expansion, text, end, depth);
}

void expansion_expand(struct expansion *expansion, const char *text, const char *end,
                      unsigned depth)
{
    const bool keeps = expansion->interpolator->lookups->keeps;

    if (depth > DEEPEST) {
        expansion_fail(expansion, text, (size_t)(end - text),
                       "defaults in defaults, more than %d deep", DEEPEST);
        return;
    }
    while (text < end) {
        const char *dollar = memchr(text, '$', (size_t)(end - text));
        const char *stop = dollar != NULL ? dollar : end;
        size_t left = (size_t)(end - stop);

        expansion_append(expansion, text, (size_t)(stop - text));
        text = stop;
        if (left >= 3 && memcmp(text, "$${", 3) == 0) {
            expansion_append(expansion, keeps ? "$${" : "${", keeps ? 3 : 2);
            text += 3;
        } else if (left >= 2 && text[1] == '{') {
            const char *close = find_end(text + 2, end);

            if (close == NULL) {
                expansion_fail(expansion, text, 2,
                               "this ${ has no } after it; write $${ for a literal ${");
                return;
            }
            expand_one(expansion, text + 2, close, depth);
            text = close + 1;
        } else if (left > 0) {
            expansion_append(expansion, text, 1);
            text++;
        }
    }
}

const char *expansion_sole_parameter(const char *text, const char *end)
{
    if (end - text > 3 && text[0] == '$' && text[1] == '{' && find_end(text + 2, end) == end - 1) {
        return after_word(text + 2, end - 1, "param");
    }
    return NULL;
}
