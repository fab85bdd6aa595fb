/* Secrets: collected, and taken out of texts. */
#include "graph/secret.h"

#include <stdbool.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/document.h"

enum { TELLING = 8 }; /* first characters by which a cut secret is known */

const struct secret *secret_add(struct arena *arena, const struct secret *others, const char *text,
                                size_t size)
{
    const char *end = text + size;

    while (text < end) {
        const char *stop = text;
        struct secret *secret;

        while (stop < end && (unsigned char)*stop >= ' ') {
            stop++;
        }
        if (stop > text) {
            secret = arena_alloc(arena, sizeof(*secret));
            secret->size = (size_t)(stop - text);
            secret->text = arena_strndup(arena, text, secret->size);
            secret->next = others;
            others = secret;
        }
        text = stop + 1;
    }
    return others;
}

const struct secret *secret_add_node(struct arena *arena, const struct secret *others,
                                     const struct node *node)
{
    const struct secret *secret = node_origin(node)->secrets;

    if (node->kind == NODE_SEQUENCE) {
        for (size_t i = 0; i < node->size; i++) {
            others = secret_add_node(arena, others, node->items[i]);
        }
    } else if (node->kind == NODE_MAPPING) {
        for (size_t i = 0; i < node->size; i++) {
            others = secret_add_node(arena, others, node->pairs[i].value);
        }
    } else if (node->secret && node->kind == NODE_SCALAR) {
        for (; secret != NULL; secret = secret->next) {
            others = secret_add(arena, others, secret->text, secret->size);
        }
        others = secret_add(arena, others, node->text, node->size);
    }
    return others;
}

/* How much of the secret a text begins with; 0: too little. */
static size_t match(const struct secret *secret, const char *text)
{
    size_t same = 0;

    while (same < secret->size && text[same] == secret->text[same]) {
        same++;
    }
    return same == secret->size || same >= TELLING ? same : 0;
}

static void hide_one(const struct secret *secret, char *text, size_t size)
{
    static const char stars[] = "***";
    size_t used = strlen(text);

    for (size_t at = 0; at < used; at++) {
        const size_t found = match(secret, text + at);
        const size_t room = size - 1 - at;
        const size_t stars_size = strlen(stars) < room ? strlen(stars) : room;
        size_t rest;

        if (found == 0) {
            continue;
        }
        rest = used - at - found;
        rest = rest < room - stars_size ? rest : room - stars_size;
        memmove(text + at + stars_size, text + at + found, rest);
        memcpy(text + at, stars, stars_size);
        used = at + stars_size + rest;
        text[used] = '\0';
        at += stars_size - (stars_size > 0);
    }
}

void secret_hide(const struct secret *secrets, char *text, size_t size)
{
    for (; secrets != NULL && size > 0; secrets = secrets->next) {
        hide_one(secrets, text, size);
    }
}
