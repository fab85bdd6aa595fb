/* A document: the files that were read, and the root of their tree. */
#include "graph/document.h"

#include "graph/arena.h"
#include "graph/document_builder.h"
#include "graph/source.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct document {
    struct arena *arena;
    const struct node *root;
    const struct source **sources; /* on the heap */
    size_t source_count;
    struct document *base; /* whose nodes are used as well; kept; or NULL */
    unsigned refs;         /* changed by any thread */
};

static struct document *create(void)
{
    struct document *document = mem_alloc(sizeof(*document));

    document->arena = arena_create();
    document->refs = 1;
    return document;
}

struct document *document_derive(struct document *base)
{
    struct document *document = create();

    while (base->base != NULL) {
        base = base->base;
    }
    (void)__atomic_add_fetch(&base->refs, 1, __ATOMIC_RELAXED);
    document->base = base;
    document->root = base->root;
    document->source_count = base->source_count;
    document->sources =
        mem_resize_array(NULL, base->source_count + 1, sizeof(const struct source *));
    memcpy(document->sources, base->sources, base->source_count * sizeof(const struct source *));
    return document;
}

void document_destroy(struct document *document)
{
    if (document == NULL || __atomic_sub_fetch(&document->refs, 1, __ATOMIC_ACQ_REL) > 0) {
        return;
    }
    document_destroy(document->base);
    arena_destroy(document->arena);
    free(document->sources);
    free(document);
}

static void keep_source(struct document *document, struct source *source)
{
    source->number = (unsigned)document->source_count;
    document->sources = mem_resize_array(document->sources, document->source_count + 1,
                                         sizeof(const struct source *));
    document->sources[document->source_count++] = source;
}

/* Makes the root of what has been read, or reports err.  Returns the document, or NULL. */
static struct document *finish(struct document *document, struct source *source,
                               const struct error *err, struct errors *errors)
{
    struct error empty;

    if (source == NULL) {
        errors_add(errors, err);
        goto failed;
    }
    keep_source(document, source);
    document->root = document_build(document->arena, source, errors);
    if (document->root == NULL) {
        goto failed;
    }
    if (document->root->kind == NODE_NULL && document->root->size == 0) {
        error_set_at(&empty, source, 0, 0, 0, "the file is empty");
        errors_add(errors, &empty);
        goto failed;
    }
    return document;
failed:
    document_destroy(document);
    return NULL;
}

struct document *document_load(const char *path, struct errors *errors)
{
    struct document *document = create();
    struct error err;

    return finish(document, source_read(document->arena, path, &err), &err, errors);
}

struct document *document_parse(const char *name, const char *text, size_t size,
                                struct errors *errors)
{
    struct document *document = create();
    struct error err;

    return finish(document, source_create(document->arena, name, text, size, &err), &err, errors);
}

const struct node *document_add(struct document *document, const char *path, const struct node *at,
                                struct errors *errors, const struct source **source)
{
    struct error err;
    struct source *read = source_read(document->arena, path, &err);

    if (read == NULL) {
        if (at != NULL && err.line == 0) {
            errors_report(errors, at, "%s: %s", shown(path).text, err.text);
        } else {
            errors_add(errors, &err);
        }
        return NULL;
    }
    keep_source(document, read);
    if (source != NULL) {
        *source = read;
    }
    return document_build(document->arena, read, errors);
}

const struct node *document_add_text(struct document *document, const char *name, const char *text,
                                     size_t size, struct errors *errors)
{
    struct error err;
    struct source *source = source_create(document->arena, name, text, size, &err);

    if (source == NULL) {
        errors_add(errors, &err);
        return NULL;
    }
    keep_source(document, source);
    return document_build(document->arena, source, errors);
}

/* Nodes and sources are const for everybody else. */
void document_hide(struct document *document, const struct node *node)
{
    struct node *own = (struct node *)(uintptr_t)node;

    if (node->secret) {
        return;
    }
    own->secret = true;
    if (node->kind == NODE_SEQUENCE) {
        for (size_t i = 0; i < node->size; i++) {
            document_hide(document, node->items[i]);
        }
    } else if (node->kind == NODE_MAPPING) {
        for (size_t i = 0; i < node->size; i++) {
            document_hide(document, node->pairs[i].value);
        }
    } else if (node->source != NULL) {
        struct source *source = (struct source *)(uintptr_t)node->source;
        struct source_span *span = arena_alloc(document->arena, sizeof(*span));

        *span = (struct source_span){.line = node->line,
                                     .last_line = node->line + node->further,
                                     .column = node->column,
                                     .width = node->width,
                                     .next = source->hidden};
        source->hidden = span;
    }
}

const struct node *document_root(const struct document *document)
{
    return document->root;
}

void document_set_root(struct document *document, const struct node *root)
{
    document->root = root;
}

struct arena *document_arena(const struct document *document)
{
    return document->arena;
}

const struct source *document_source(const struct document *document, size_t index)
{
    return index < document->source_count ? document->sources[index] : NULL;
}
