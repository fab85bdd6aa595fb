/* The JSON Schema of graph files, for editors: what stands in schema.json, and definitions made
 * from the tables that the loader reads files by.
 *
 *     schema.json ─┐
 *     tables ──────┴──► schema_create() ──► axond --schema ──► axond.schema.json
 *
 * It refuses what can be seen in a file without knowing what others define: keys, kinds, ranges of
 * numbers, the form of linkages.  Names (a type may be a graph of the user's), what depends on
 * several values, and texts with ${...} in them are left to "axond --check".  It keeps to draft-07,
 * which the language server for YAML and Debian's python3-jsonschema both know whole. */
#ifndef AXOND_DAEMON_SCHEMA_H
#define AXOND_DAEMON_SCHEMA_H

#include <jansson.h>

#include "graph/component_type.h"

/* schema.json */
extern const char schema_text[];

/* types: the registry, NULL-ended; settings: the table of "daemon:". */
json_t *schema_create(const struct component_type *const *types, const struct param_spec *settings);

/* ---- its parts (schema_value.c) */

/* {"$ref": "#/definitions/NAME"} */
json_t *schema_ref(const char *name);

/* The value of a parameter; type: whose it is, NULL: no component's. */
json_t *schema_value(const struct param_spec *spec, const struct component_type *type);

/* The names of those that must be given; table may be NULL. */
json_t *schema_required(const struct param_spec *table);

/* A mapping with the keys of a table. */
json_t *schema_mapping(const struct param_spec *table);

#endif
