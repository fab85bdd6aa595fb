/* The JSON Schema of a graph file: what follows from the tables of component types. */
#include "daemon/schema.h"

#include <stdio.h>

#include "graph/mem.h"
#include "graph/param.h"
#include "graph/plan.h"

/* Where a component stands decides what is asked of it. */
enum place {
    BY_NAME, /* in a mapping, or as the value of a parameter */
    LISTED,  /* in the list of a chassis: it may have a name of its own */
    OPEN,    /* it gets one of its parameters at run time */
    PLACES
};

static const char *const component_names[PLACES] = {
    [BY_NAME] = "component",
    [LISTED] = "listed_component",
    [OPEN] = "open_component",
};

struct definition_name {
    char text[100];
};

static struct definition_name name_of(const struct component_type *type, enum place place)
{
    struct definition_name name;

    snprintf(name.text, sizeof(name.text), "%s%s", place == LISTED ? "listed_" : "", type->name);
    return name;
}

/* ---- the keys of a type ---- */

/* The bounds of its inboxes, but for those that have none. */
static json_t *boxes_of(const struct component_type *type)
{
    const bool has_more = type->chassis == CHASSIS_GRAPH; /* its linkages name them */
    json_t *properties = json_object();

    for (const struct box_spec *box = type->inboxes; box != NULL && box->name != NULL; box++) {
        if (box->carries != NOTICES && box->carries != READINESS) {
            json_object_set_new(
                properties, box->name,
                json_pack("{s:[o], s:s}", "allOf", schema_ref("box"), "description", box->doc));
        }
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "type", "object", "description",
                     "how much may wait in its inboxes, and what happens to more", "properties",
                     properties, "additionalProperties",
                     has_more ? schema_ref("box") : json_false());
}

static json_t *restart_of(const struct component_type *type)
{
    const struct restart usual = {.policy = type->lasts ? RESTART_ON_FAILURE : RESTART_NEVER};

    return json_pack("{s:[o], s:s, s:s}", "allOf", schema_ref("restart"), "description",
                     "when it is started again, after it has failed or ended", "default",
                     restart_policy_name(&usual));
}

static json_t *define(const struct component_type *type, json_t *properties)
{
    return json_pack("{s:s, s:o, s:b}", "description", type->summary, "properties", properties,
                     "additionalProperties", 0);
}

static json_t *define_by_name(const struct component_type *type)
{
    json_t *properties =
        json_pack("{s:{}, s:o, s:o}", "type", "boxes", boxes_of(type), "restart", restart_of(type));

    for (const struct param_spec *spec = type->parameters; spec != NULL && spec->name != NULL;
         spec++) {
        json_object_set_new(properties, spec->name, schema_value(spec, type));
    }
    return define(type, properties);
}

/* The same, and a name. */
static json_t *define_listed(const struct component_type *type, json_t *by_name)
{
    json_t *properties = json_pack("{s:o}", "name", schema_ref("name"));
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(by_name, "properties"), key, value)
    {
        char place[200];

        snprintf(place, sizeof(place), "%s/properties/%s", type->name, key);
        json_object_set_new(properties, key, schema_ref(place));
    }
    return define(type, properties);
}

static void define_type(json_t *definitions, const struct component_type *type)
{
    json_t *by_name = define_by_name(type);

    json_object_set_new(definitions, name_of(type, BY_NAME).text, by_name);
    json_object_set_new(definitions, name_of(type, LISTED).text, define_listed(type, by_name));
}

/* ---- components ---- */

/* If it is of this type, it has these keys. */
static json_t *when_of(const struct component_type *type, enum place place)
{
    json_t *required = place != OPEN ? schema_required(type->parameters) : json_array();

    return json_pack("{s:{s:{s:{s:s}}, s:[s]}, s:{s:[o], s:o}}", "if", "properties", "type",
                     "const", type->name, "required", "type", "then", "allOf",
                     schema_ref(name_of(type, place).text), "required", required);
}

/* A mapping or, where the place allows it, only the name of a type. */
static json_t *component(const struct component_type *const *types, enum place place)
{
    json_t *cases = json_array();

    for (; *types != NULL; types++) {
        json_array_append_new(cases, when_of(*types, place));
    }
    return json_pack("{s:[s, s], s:[s], s:{s:o}, s:o}", "type", "object", "string", "required",
                     "type", "properties", "type", schema_ref("type"), "allOf", cases);
}

static json_t *type_names(const struct component_type *const *types)
{
    json_t *names = json_array();
    json_t *summaries = json_array();

    for (; *types != NULL; types++) {
        json_array_append_new(names, json_string((*types)->name));
        json_array_append_new(summaries, json_string((*types)->summary));
    }
    return json_pack("{s:o, s:o}", "enum", names, "enumDescriptions", summaries);
}

/* A policy, or a mapping with one. */
static json_t *restart_options_of_all(void)
{
    const struct param_spec *policy = param_find(restart_options, "policy");

    return json_pack("{s:[o, o]}", "anyOf", schema_value(policy, NULL),
                     schema_mapping(restart_options));
}

json_t *schema_create(const struct component_type *const *types, const struct param_spec *settings)
{
    json_t *schema = json_loads(schema_text, JSON_REJECT_DUPLICATES, NULL);
    json_t *definitions = json_object_get(schema, "definitions");

    REQUIRE(definitions != NULL); /* it is part of this program */
    json_object_set_new(definitions, "daemon", schema_mapping(settings));
    json_object_set_new(definitions, "parameter", schema_mapping(graph_parameter_options));
    json_object_set_new(definitions, "box", schema_mapping(box_options));
    json_object_set_new(definitions, "restart", restart_options_of_all());
    json_object_set_new(definitions, "type_name", type_names(types));
    for (enum place place = BY_NAME; place < PLACES; place++) {
        json_object_set_new(definitions, component_names[place], component(types, place));
    }
    for (; *types != NULL; types++) {
        define_type(definitions, *types);
    }
    return schema;
}
