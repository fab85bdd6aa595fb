/* JSON Schemas of parameters.  To axond every scalar is a text, but editors know numbers and
 * booleans: a schema names all the JSON types that such a text may have, and says of each what it
 * has to be.  A text with ${...} in it may stand for anything. */
#include "daemon/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/mem.h"
#include "graph/param.h"

#define INTERPOLATED    "[$][{]"
#define OR_INTERPOLATED "|" INTERPOLATED

json_t *schema_ref(const char *name)
{
    return json_pack("{s:s+}", "$ref", "#/definitions/", name);
}

static json_t *either(json_t *a, json_t *b)
{
    return json_pack("{s:[o, o]}", "anyOf", a, b);
}

/* One of these, or something with ${...}. */
static json_t *or_interpolated(json_t *schema)
{
    return either(schema, schema_ref("interpolated"));
}

/* ---- numbers ---- */

/* Texts that a pattern matches, or what else the type says. */
static json_t *patterned(const struct param_spec *spec, const char *type, const char *pattern)
{
    json_t *schema = strcmp(type, "string") == 0
                         ? json_pack("{s:s, s:s}", "type", type, "pattern", pattern)
                         : json_pack("{s:[s, s], s:s}", "type", type, "string", "pattern", pattern);
    char message[200];

    snprintf(message, sizeof(message), "%s must be %s", spec->name, param_accepts(spec).text);
    json_object_set_new(schema, "patternErrorMessage", json_string(message));
    return schema;
}

/* JSON's numbers are doubles, but whole ones look better. */
static json_t *number(double value)
{
    return fabs(value) < 0x1p53 && fabs(trunc(value) - value) < 1e-9
               ? json_integer((json_int_t)value)
               : json_real(value);
}

static void set_range(json_t *schema, const struct param_spec *spec)
{
    if (spec->min != 0 || spec->max != 0 || spec->kind == PARAM_KIND_SIZE) {
        json_object_set_new(schema, "minimum", number(spec->min));
    }
    if (spec->max > 0 ||
        (spec->kind == PARAM_KIND_INT && spec->min < 0 && spec->max >= spec->min)) {
        json_object_set_new(schema, "maximum", number(spec->max));
    }
}

static json_t *of_number(const struct param_spec *spec, const char *pattern)
{
    json_t *schema = patterned(spec, "integer", pattern);

    set_range(schema, spec);
    return schema;
}

#define NOT_ZERO  "(?=[0-9.]*[1-9])"
#define SIZE      "[0-9]+(B|KiB|MiB|GiB|TiB|kB|KB|MB|GB|TB)?$" OR_INTERPOLATED
#define WITH_UNIT "[0-9]+([.][0-9]+)?(d|h|min|s|ms|us)$"

/* A number without a unit is no duration, but for 0. */
static json_t *of_duration(const struct param_spec *spec)
{
    const bool may_be_zero = spec->min <= 0;
    json_t *schema = patterned(spec, "string",
                               may_be_zero ? "^" WITH_UNIT "|^0+([.]0+)?$" OR_INTERPOLATED
                                           : "^" NOT_ZERO WITH_UNIT OR_INTERPOLATED);

    return may_be_zero ? either(schema, json_pack("{s:i}", "const", 0)) : schema;
}

/* ---- other kinds ---- */

static json_t *of_choice(const struct param_spec *spec)
{
    json_t *words = json_array();

    for (const char *const *word = spec->choices; *word != NULL; word++) {
        json_array_append_new(words, json_string(*word));
    }
    return or_interpolated(json_pack("{s:o}", "enum", words));
}

/* The table's own, which has ' in the place of ". */
static json_t *of_custom(const struct param_spec *spec)
{
    char *text = mem_strdup(spec->schema);
    json_t *schema;

    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\'') {
            *at = '"';
        }
    }
    schema = json_loads(text, 0, NULL);
    free(text);
    REQUIRE(schema != NULL); /* the table is ours */
    return or_interpolated(schema);
}

/* A list of texts, or one; items: the schema of each. */
static json_t *of_texts(json_t *items)
{
    return json_pack("{s:[s, s, s, s], s:o}", "type", "array", "string", "number", "boolean",
                     "items", items);
}

/* A structure that graph files have in other places, too; or ${...}, which stands for one. */
static json_t *of_shared(const char *type, const char *definition)
{
    return json_pack("{s:[s, s], s:[o]}", "type", type, "string", "allOf", schema_ref(definition));
}

static json_t *of_kind(const struct param_spec *spec, const struct component_type *type)
{
    switch (spec->kind) {
    case PARAM_KIND_BOOL:
        return patterned(spec, "boolean",
                         "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|"
                         "[Oo][Ff][Ff])$" OR_INTERPOLATED);
    case PARAM_KIND_INT:
        return of_number(spec, "^[+-]?([0-9]+|0[xX][0-9A-Fa-f]+)$" OR_INTERPOLATED);
    case PARAM_KIND_SIZE:
        return of_number(spec, spec->min > 0 ? "^" NOT_ZERO SIZE : "^" SIZE);
    case PARAM_KIND_DURATION:
        return of_duration(spec);
    case PARAM_KIND_TEXT:
        return schema_ref("text");
    case PARAM_KIND_CHOICE:
        return of_choice(spec);
    case PARAM_KIND_TEXTS:
        return of_texts(
            schema_ref(type != NULL && type->more_outboxes != NULL ? "box_name" : "text"));
    case PARAM_KIND_GRAPH:
        return schema_ref(spec->argument != NULL ? "open_component" : "component");
    case PARAM_KIND_GRAPHS:
        return or_interpolated(json_pack("{s:s, s:i, s:o}", "type", "array", "minItems", 1, "items",
                                         schema_ref("component")));
    case PARAM_KIND_CUSTOM:
        return spec->schema != NULL ? of_custom(spec) : json_object();
    case PARAM_KIND_SECTION:
        return schema_mapping(spec->section);
    case PARAM_KIND_CHILDREN:
        return type->chassis == CHASSIS_GRAPH ? of_shared("object", "components")
                                              : of_shared("array", "list");
    case PARAM_KIND_LINKAGES:
        return of_shared("array", "linkages");
    }
    return json_object();
}

/* ---- what is said of them ---- */

/* As an editor would put it in: a number, or a text without the quotes that it has in the table. */
static json_t *fallback(const struct param_spec *spec)
{
    const char *text = spec->fallback;
    const bool is_plain =
        (spec->kind == PARAM_KIND_TEXT || spec->kind == PARAM_KIND_CHOICE) && text[0] != '"';
    json_t *value = is_plain ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);

    return value != NULL ? value : json_string(text);
}

/* type: NULL for what is no component's. */
static const char *describe_change(const struct param_spec *spec, const struct component_type *type)
{
    static const char *const texts[] = {
        [CHANGE_REPLACES] = "; a reload replaces the component",
        [CHANGE_IN_PLACE] = "; a reload changes it in place",
        [CHANGE_PARTS] = "; a reload changes the parts that it is for",
    };

    return type != NULL ? texts[param_change(type, spec)] : "";
}

static json_t *description(const struct param_spec *spec, const struct component_type *type)
{
    const struct accepted accepted = param_accepts(spec);

    return json_sprintf("%s%s%s%s%s", spec->doc, spec->doc[0] != '\0' ? "\n\n" : "", accepted.text,
                        spec->secret ? "; shown as ***" : "", describe_change(spec, type));
}

json_t *schema_value(const struct param_spec *spec, const struct component_type *type)
{
    json_t *schema = of_kind(spec, type);

    if (json_object_get(schema, "$ref") != NULL) { /* nothing beside it would be read */
        schema = json_pack("{s:[o]}", "allOf", schema);
    }
    json_object_set_new(schema, "description", description(spec, type));
    if (spec->fallback != NULL && !spec->secret) {
        json_object_set_new(schema, "default", fallback(spec));
    }
    return schema;
}

json_t *schema_required(const struct param_spec *table)
{
    json_t *required = json_array();

    for (; table != NULL && table->name != NULL; table++) {
        if (table->required) {
            json_array_append_new(required, json_string(table->name));
        }
    }
    return required;
}

json_t *schema_mapping(const struct param_spec *table)
{
    json_t *properties = json_object();

    for (const struct param_spec *spec = table; spec->name != NULL; spec++) {
        json_object_set_new(properties, spec->name, schema_value(spec, NULL));
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                     schema_required(table), "additionalProperties", 0);
}
