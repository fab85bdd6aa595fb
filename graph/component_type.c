#include "graph/component_type.h"

const char *param_kind_name(enum param_kind kind)
{
    switch (kind) {
    case PARAM_KIND_BOOL:
        return "boolean";
    case PARAM_KIND_INT:
        return "integer";
    case PARAM_KIND_SIZE:
        return "size";
    case PARAM_KIND_DURATION:
        return "duration";
    case PARAM_KIND_TEXT:
        return "text";
    case PARAM_KIND_CHOICE:
        return "choice";
    case PARAM_KIND_TEXTS:
        return "list of texts";
    case PARAM_KIND_GRAPH:
        return "graph";
    case PARAM_KIND_GRAPHS:
        return "list of graphs";
    case PARAM_KIND_CUSTOM:
        return "list";
    case PARAM_KIND_SECTION:
        return "section";
    case PARAM_KIND_CHILDREN:
        return "components";
    case PARAM_KIND_LINKAGES:
        return "linkages";
    }
    return "?";
}

const char *carries_name(enum carries carries)
{
    switch (carries) {
    case BYTES:
        return "bytes";
    case LINES:
        return "lines";
    case CONNECTIONS:
        return "connections";
    case NOTICES:
        return "notices";
    case READINESS:
        return "readiness";
    case ANYTHING:
        return "anything";
    }
    return "?";
}

bool carries_fits(enum carries from, enum carries to)
{
    if (from == READINESS || to == READINESS) {
        return false; /* the Selector's, never linked by hand */
    }
    return from == to || from == ANYTHING || to == ANYTHING || (from == LINES && to == BYTES);
}

enum param_change param_change(const struct component_type *type, const struct param_spec *spec)
{
    if (type->definition != NULL || type->is_named_graph || spec->kind == PARAM_KIND_CHILDREN ||
        spec->kind == PARAM_KIND_LINKAGES) {
        return CHANGE_PARTS;
    }
    return spec->changeable ? CHANGE_IN_PLACE : CHANGE_REPLACES;
}

const char *param_change_name(enum param_change change)
{
    switch (change) {
    case CHANGE_REPLACES:
        return "replaces";
    case CHANGE_IN_PLACE:
        return "in place";
    case CHANGE_PARTS:
        return "parts";
    }
    return "?";
}
