/* Interpolation: the tree, with a new node wherever a ${...} was replaced. */
#include "graph/interpolate.h"

#include "graph/arena.h"
#include "graph/expansion.h"
#include "graph/secret.h"

#include <stdlib.h>
#include <string.h>

static struct node *copy_node(struct interpolator *interpolator, const struct node *node)
{
    struct node *copy = arena_alloc(interpolator->arena, sizeof(*copy));

    *copy = *node;
    return copy;
}

static void set_origin(struct interpolator *interpolator, struct node *node, const struct node *via,
                       const struct secret *secrets)
{
    struct node_origin *origin = arena_alloc(interpolator->arena, sizeof(*origin));

    *origin = (struct node_origin){.via = via, .secrets = secrets};
    node->origin = origin;
}

/* The parameter's node, in the place of one that says ${param:NAME}. */
static const struct node *put_in(struct interpolator *interpolator, const struct node *parameter,
                                 const struct node *via)
{
    struct node *copy;

    if (parameter->kind != NODE_SCALAR || parameter->source == NULL) {
        return parameter;
    }
    copy = copy_node(interpolator, parameter);
    set_origin(interpolator, copy, via, node_origin(parameter)->secrets);
    return copy;
}

static const struct node *interpolate_scalar(struct interpolator *interpolator,
                                             const struct node *node)
{
    struct expansion expansion = {.interpolator = interpolator, .node = node};
    const char *text = node->text;
    const char *end = text + node->size;
    const char *name;
    struct node *result;

    if (memmem(text, node->size, "${", 2) == NULL) {
        return node;
    }
    name = expansion_sole_parameter(text, end);
    if (name != NULL && interpolator->lookups->keeps) {
        return node;
    }
    if (name != NULL) {
        const struct node *parameter = expansion_find_parameter(&expansion, name, end - 1);

        if (parameter != NULL) {
            return put_in(interpolator, parameter, node);
        }
    } else {
        expansion_expand(&expansion, text, end, 0);
    }
    result = copy_node(interpolator, node);
    result->broken = expansion.broken;
    result->later = expansion.later;
    if (!expansion.broken || expansion.later) {
        result->text = arena_strndup(interpolator->arena,
                                     expansion.text != NULL ? expansion.text : "", expansion.size);
        result->size = expansion.size;
        result->secret = node->secret || expansion.secret;
        if (expansion.secrets != NULL) {
            set_origin(interpolator, result, NULL, expansion.secrets);
        }
    }
    if (expansion.text != NULL) {
        explicit_bzero(expansion.text, expansion.size);
        free(expansion.text);
    }
    return result;
}

static const struct node *interpolate_node(struct interpolator *interpolator,
                                           const struct node *node);

static const struct node *interpolate_sequence(struct interpolator *interpolator,
                                               const struct node *node)
{
    const struct node **items = NULL;
    struct node *copy;
    size_t i;

    for (i = 0; i < node->size; i++) {
        const struct node *item = interpolate_node(interpolator, node->items[i]);

        if (item != node->items[i] && items == NULL) {
            items = arena_alloc_array(interpolator->arena, node->size, sizeof(*items));
            memcpy(items, node->items, node->size * sizeof(*items));
        }
        if (items != NULL) {
            items[i] = item;
        }
    }
    if (items == NULL) {
        return node;
    }
    copy = copy_node(interpolator, node);
    copy->items = items;
    return copy;
}

static const struct node *interpolate_mapping(struct interpolator *interpolator,
                                              const struct node *node)
{
    struct node_pair *pairs = NULL;
    size_t i;

    for (i = 0; i < node->size; i++) {
        const struct node *value = interpolate_node(interpolator, node->pairs[i].value);

        if (value != node->pairs[i].value && pairs == NULL) {
            pairs = arena_alloc_array(interpolator->arena, node->size, sizeof(*pairs));
            memcpy(pairs, node->pairs, node->size * sizeof(*pairs));
        }
        if (pairs != NULL) {
            pairs[i].value = value;
        }
    }
    return pairs != NULL ? node_create_mapping(interpolator->arena, node, pairs, node->size) : node;
}

static const struct node *interpolate_node(struct interpolator *interpolator,
                                           const struct node *node)
{
    switch (node->kind) {
    case NODE_NULL:
        return node;
    case NODE_SCALAR:
        return interpolate_scalar(interpolator, node);
    case NODE_SEQUENCE:
        return interpolate_sequence(interpolator, node);
    case NODE_MAPPING:
        return interpolate_mapping(interpolator, node);
    }
    return node;
}

const struct node *interpolate(struct arena *arena, const struct node *node,
                               const struct interpolation *lookups, struct errors *errors)
{
    static const struct interpolation none = {0};
    struct interpolator interpolator = {
        .arena = arena,
        .lookups = lookups != NULL ? lookups : &none,
        .errors = errors,
    };

    return interpolate_node(&interpolator, node);
}
