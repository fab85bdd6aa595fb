/* The parameters of calls: checked against a method's table, then read by its handler. */
#include "daemon/varlink_private.h"

#include <string.h>

static bool is_strings(const json_t *value)
{
    size_t i;
    json_t *item;

    if (!json_is_array(value)) {
        return false;
    }
    json_array_foreach(value, i, item)
    {
        if (!json_is_string(item)) {
            return false;
        }
    }
    return true;
}

static bool is_choice(const struct varlink_parameter *spec, const json_t *value)
{
    if (!json_is_string(value)) {
        return false;
    }
    if (spec->choices == NULL) {
        return true;
    }
    for (const char *const *choice = spec->choices; *choice != NULL; choice++) {
        if (strcmp(*choice, json_string_value(value)) == 0) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct varlink_parameter *spec, const json_t *value)
{
    if (value == NULL || json_is_null(value)) {
        return !spec->required;
    }
    switch (spec->kind) {
    case VARLINK_BOOL:
        return json_is_boolean(value);
    case VARLINK_INT:
        return json_is_integer(value);
    case VARLINK_FLOAT:
        return json_is_number(value);
    case VARLINK_STRING:
        return is_choice(spec, value);
    case VARLINK_STRINGS:
        return is_strings(value);
    case VARLINK_OBJECT:
        return json_is_object(value);
    }
    return false;
}

static const struct varlink_parameter *find(const struct varlink_parameter *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}

const char *varlink_parameters_check(const struct varlink_parameter *table, json_t *parameters)
{
    const char *name;
    json_t *value;

    json_object_foreach(parameters, name, value)
    {
        if (find(table, name) == NULL) {
            return name;
        }
    }
    for (; table != NULL && table->name != NULL; table++) {
        if (!fits(table, json_object_get(parameters, table->name))) {
            return table->name;
        }
    }
    return NULL;
}

json_t *varlink_value(const struct varlink_call *call, const char *name)
{
    json_t *value = json_object_get(call->parameters, name);

    return json_is_null(value) ? NULL : value;
}

const char *varlink_string(const struct varlink_call *call, const char *name)
{
    return json_string_value(varlink_value(call, name));
}

json_int_t varlink_int(const struct varlink_call *call, const char *name, json_int_t fallback)
{
    const json_t *value = varlink_value(call, name);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

double varlink_float(const struct varlink_call *call, const char *name, double fallback)
{
    const json_t *value = varlink_value(call, name);

    return json_is_number(value) ? json_number_value(value) : fallback;
}

bool varlink_bool(const struct varlink_call *call, const char *name, bool fallback)
{
    const json_t *value = varlink_value(call, name);

    return json_is_boolean(value) ? json_is_true(value) : fallback;
}
