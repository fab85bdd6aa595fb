#include "daemon/describe_type.h"

#include <string.h>

#include "graph/suggest.h"
#include "graph/value.h"

/* ---- boxes ---- */

static bool is_control_or_signal(const struct box_spec *spec)
{
    return spec->carries == NOTICES &&
           (strcmp(spec->name, "control") == 0 || strcmp(spec->name, "signal") == 0);
}

/* What "a -> b" joins: the box that is marked; without one, the first, unless it is no place for
 * what people send. */
static bool is_main(const struct box_spec *table, const struct box_spec *spec)
{
    for (const struct box_spec *s = table; s->name != NULL; s++) {
        if (s->main) {
            return spec == s;
        }
    }
    return spec == table && !is_control_or_signal(spec) && spec->carries != READINESS &&
           spec->service == NULL;
}

static json_t *describe_boxes(const struct box_spec *table)
{
    json_t *boxes = json_array();

    for (const struct box_spec *spec = table; spec != NULL && spec->name != NULL; spec++) {
        json_array_append_new(boxes,
                              json_pack("{s:s, s:s, s:b, s:b, s:s}", "name", spec->name, "carries",
                                        carries_name(spec->carries), "main", is_main(table, spec),
                                        "required", spec->required, "doc", spec->doc));
    }
    return boxes;
}

/* ---- parameters ---- */

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

/* The end of a range, as a user would write it. */
static json_t *show_limit(const struct param_spec *spec, double limit)
{
    switch (spec->kind) {
    case PARAM_KIND_INT:
        return json_string(value_show_integer((int64_t)limit).text);
    case PARAM_KIND_SIZE:
        return json_string(value_show_size((size_t)limit).text);
    case PARAM_KIND_DURATION:
        return json_string(value_show_duration(limit).text);
    case PARAM_KIND_BOOL:
    case PARAM_KIND_TEXT:
    case PARAM_KIND_CHOICE:
    case PARAM_KIND_TEXTS:
    case PARAM_KIND_GRAPH:
    case PARAM_KIND_GRAPHS:
    case PARAM_KIND_CUSTOM:
    case PARAM_KIND_SECTION:
    case PARAM_KIND_CHILDREN:
    case PARAM_KIND_LINKAGES:
        break;
    }
    return json_null();
}

static json_t *describe_choices(const struct param_spec *spec)
{
    json_t *choices = json_array();

    for (const char *const *c = spec->choices; c != NULL && *c != NULL; c++) {
        json_array_append_new(choices, json_string(*c));
    }
    return choices;
}

static json_t *describe_parameters(const struct component_type *type)
{
    const struct param_spec *spec = type->parameters;
    json_t *parameters = json_array();

    for (; spec != NULL && spec->name != NULL; spec++) {
        const bool has_range = spec->min != 0 || spec->max != 0; /* max 0: no end */
        const char *kind = spec->kind == PARAM_KIND_CUSTOM && spec->accepts != NULL
                               ? spec->accepts
                               : param_kind_name(spec->kind);

        json_array_append_new(
            parameters,
            json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "name", spec->name,
                      "kind", kind, "required", spec->required, "default",
                      text_or_null(spec->fallback), "minimum",
                      has_range ? show_limit(spec, spec->min) : json_null(), "maximum",
                      spec->max > 0 ? show_limit(spec, spec->max) : json_null(), "choices",
                      describe_choices(spec), "unit", text_or_null(spec->unit), "reload",
                      param_change_name(param_change(type, spec)), "doc", spec->doc));
    }
    return parameters;
}

static json_t *describe_statistics(const struct stat_spec *table)
{
    json_t *statistics = json_array();

    for (const struct stat_spec *spec = table; spec != NULL && spec->name != NULL; spec++) {
        json_array_append_new(statistics, json_pack("{s:s, s:o, s:s}", "name", spec->name, "unit",
                                                    text_or_null(spec->unit), "doc", spec->doc));
    }
    return statistics;
}

/* ---- types ---- */

json_t *describe_type(const struct component_type *type)
{
    return json_pack("{s:s, s:s, s:s, s:n, s:o, s:o, s:o, s:o}", "name", type->name, "summary",
                     type->summary, "restart", type->lasts ? "on-failure" : "never", "doc",
                     "inboxes", describe_boxes(type->inboxes), "outboxes",
                     describe_boxes(type->outboxes), "parameters", describe_parameters(type),
                     "statistics", describe_statistics(type->statistics));
}

json_t *describe_types(const struct component_type *const *types)
{
    json_t *list = json_array();

    for (; *types != NULL; types++) {
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "name", (*types)->name, "summary", (*types)->summary));
    }
    return json_pack("{s:o}", "types", list);
}

const struct component_type *find_type(const struct component_type *const *types, const char *name)
{
    for (; *types != NULL; types++) {
        if (strcmp((*types)->name, name) == 0) {
            return *types;
        }
    }
    return NULL;
}

static const char *type_candidate(void *context, size_t index)
{
    const struct component_type *const *types = context;

    return types[index] != NULL ? types[index]->name : NULL;
}

const char *suggest_type(const struct component_type *const *types, const char *name)
{
    return suggest(name, type_candidate, (void *)(uintptr_t)types);
}
