/* Includes: one graph out of several files. */
#include "graph/include.h"

#include "graph/arena.h"
#include "graph/hash.h"
#include "graph/interpolate.h"
#include "graph/source.h"
#include "graph/suggest.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A key of a graph file that is joined, and what the files have under it. */
struct section {
    const char *name;
    enum node_kind kind;
    const struct node *key;     /* the first file's; NULL: none has it */
    const struct node **values; /* on the heap */
    size_t count;
};

enum { DAEMON, GRAPHS, COMPONENTS, LINKAGES, SECTIONS };

struct includer {
    struct document *document;
    const struct interpolation *lookups;
    struct errors *errors;
    struct section sections[SECTIONS];
    const struct source *open[INCLUDE_DEEPEST]; /* the files that we are inside of */
    unsigned depth;
};

static void include_file(struct includer *includer, const struct node *root,
                         const struct source *source);

/* ---- which files ---- */

static bool has_wildcard(const char *pattern)
{
    return strpbrk(pattern, "*?[") != NULL;
}

/* Returns the pattern with the folder of the including file before it.  escape: so that glob()
 * takes the folder as it is. */
static char *place_pattern(struct arena *arena, const struct source *source, const char *pattern,
                           bool escape)
{
    const char *slash = strrchr(source->name, '/');
    size_t folder_size = slash != NULL ? (size_t)(slash - source->name) + 1 : 0;
    char *path;
    size_t used = 0;
    size_t i;

    if (pattern[0] == '/') {
        return arena_strdup(arena, pattern);
    }
    path = arena_alloc(arena, 2 * folder_size + strlen(pattern) + 1);
    for (i = 0; i < folder_size; i++) {
        if (escape && strchr("*?[]\\", source->name[i]) != NULL) {
            path[used++] = '\\';
        }
        path[used++] = source->name[i];
    }
    memcpy(path + used, pattern, strlen(pattern) + 1);
    return path;
}

static bool is_same_file(const struct source *source, const struct stat *status)
{
    return source->inode == status->st_ino && source->device == status->st_dev;
}

static bool is_open(const struct includer *includer, const struct stat *status)
{
    unsigned i;

    for (i = 0; i < includer->depth; i++) {
        if (is_same_file(includer->open[i], status)) {
            return true;
        }
    }
    return false;
}

static bool is_read(const struct includer *includer, const struct stat *status)
{
    const struct source *source;
    size_t i;

    for (i = 0; (source = document_source(includer->document, i)) != NULL; i++) {
        if (is_same_file(source, status)) {
            return true;
        }
    }
    return false;
}

/* "a.yaml would include itself: b.yaml -> c.yaml -> a.yaml". */
static void report_circle(const struct includer *includer, const struct stat *status,
                          const char *path, const struct node *at)
{
    char way[160] = "";
    size_t used = 0;
    unsigned i = 0;

    while (!is_same_file(includer->open[i], status)) {
        i++; /* one of them is it */
    }
    for (; i < includer->depth; i++) {
        const int added =
            snprintf(way + used, sizeof(way) - used, "%s -> ", shown(includer->open[i]->name).text);

        if (added < 0 || (size_t)added >= sizeof(way) - used) {
            (void)snprintf(way + used, sizeof(way) - used, "... -> ");
            break;
        }
        used += (size_t)added;
    }
    if (is_same_file(includer->open[includer->depth - 1], status)) {
        way[0] = '\0'; /* at once */
    }
    errors_report(includer->errors, at, "%s would include itself%s%s%s", shown(path).text,
                  way[0] != '\0' ? ": " : "", way, way[0] != '\0' ? shown(path).text : "");
}

/* found: the path was found by a wildcard, which may well match the file that it stands in. */
static void include_path(struct includer *includer, const char *path, const struct node *at,
                         bool found)
{
    const struct source *source = NULL;
    const struct node *root;
    struct stat status;

    if (stat(path, &status) == 0) {
        if (!found && is_open(includer, &status)) {
            report_circle(includer, &status, path, at);
            return;
        }
        if (is_read(includer, &status)) {
            return;
        }
        if (S_ISDIR(status.st_mode)) {
            errors_report(includer->errors, at,
                          "%s is a folder; %s/*.yaml would be the files in it", shown(path).text,
                          shown(path).text);
            return;
        }
    }
    if (includer->depth == INCLUDE_DEEPEST) {
        errors_report(includer->errors, at, "more than %d files include each other in a row",
                      INCLUDE_DEEPEST);
        return;
    }
    root = document_add(includer->document, path, at, includer->errors, &source);
    if (root != NULL && (root->kind != NODE_NULL || root->size > 0)) {
        include_file(includer, root, source);
    }
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* For glob(): a folder that is not there matches nothing, one that we may not read is an error. */
static int on_glob_error(const char *path, int error)
{
    return error != ENOENT && error != ENOTDIR;
}

static void include_wildcard(struct includer *includer, const char *pattern, const struct node *at)
{
    glob_t found = {0};
    size_t i;
    int result = glob(pattern, GLOB_NOSORT, on_glob_error, &found);

    REQUIRE(result != GLOB_NOSPACE);
    if (result == GLOB_ABORTED) {
        errors_report(includer->errors, at, "a folder in this pattern cannot be read");
    }
    if (result == 0) {
        qsort(found.gl_pathv, found.gl_pathc, sizeof(char *), compare_paths);
        for (i = 0; i < found.gl_pathc; i++) {
            include_path(includer, found.gl_pathv[i], at, true);
        }
    }
    globfree(&found);
}

static void include_pattern(struct includer *includer, const struct node *pattern,
                            const struct source *source)
{
    struct arena *arena = document_arena(includer->document);
    bool wildcard;
    char *path;

    if (pattern->broken) {
        return;
    }
    if (pattern->secret) {
        errors_report(includer->errors, pattern, "a path can't be secret: it is shown");
        return;
    }
    if (pattern->kind != NODE_SCALAR || pattern->size == 0) {
        errors_report(includer->errors, pattern,
                      "include must be a list of paths or patterns, such as [conf.d/*.yaml]");
        return;
    }
    wildcard = has_wildcard(pattern->text);
    path = place_pattern(arena, source, pattern->text, wildcard);
    if (wildcard) {
        include_wildcard(includer, path, pattern);
    } else {
        include_path(includer, path, pattern, false);
    }
}

static void include_all(struct includer *includer, const struct node *patterns,
                        const struct source *source)
{
    size_t i;

    patterns = interpolate(document_arena(includer->document), patterns, includer->lookups,
                           includer->errors);
    if (patterns->kind == NODE_NULL) {
        return;
    }
    if (patterns->kind != NODE_SEQUENCE) {
        include_pattern(includer, patterns, source);
        return;
    }
    for (i = 0; i < patterns->size; i++) {
        include_pattern(includer, patterns->items[i], source);
    }
}

/* ---- what is in them ---- */

static void collect(struct includer *includer, struct section *section,
                    const struct node_pair *pair)
{
    if (pair->value->kind == NODE_NULL) {
        return; /* a heading with nothing under it */
    }
    if (pair->value->kind != section->kind) {
        errors_report(includer->errors, pair->value, "%s must be %s; this is %s", section->name,
                      section->kind == NODE_MAPPING ? "a mapping" : "a list",
                      node_kind_name(pair->value));
        return;
    }
    if (section->key == NULL) {
        section->key = pair->key;
    }
    section->values =
        mem_resize_array(section->values, section->count + 1, sizeof(const struct node *));
    section->values[section->count++] = pair->value;
}

static void read_key(struct includer *includer, const struct node_pair *pair)
{
    static const char *const known[] = {"version",    "include",  "daemon", "graphs",
                                        "components", "linkages", NULL};
    const char *name = pair->key->text;
    size_t i;

    if (strcmp(name, "version") == 0) {
        if (!node_is(pair->value, "1")) {
            errors_report(includer->errors, pair->value, "version must be 1; got \"%s\"",
                          node_shown(pair->value).text);
        }
        return;
    }
    if (strcmp(name, "include") == 0) {
        return;
    }
    for (i = 0; i < SECTIONS; i++) {
        if (strcmp(name, includer->sections[i].name) == 0) {
            collect(includer, &includer->sections[i], pair);
            return;
        }
    }
    errors_report(includer->errors, pair->key, "a graph file has no key \"%s\"%s", shown(name).text,
                  suggest_words(suggest_from(name, known)).text);
}

/* Reads a file, then what it includes. */
static void include_file(struct includer *includer, const struct node *root,
                         const struct source *source)
{
    const struct node *patterns = node_get(root, "include");
    size_t i;

    if (root->kind != NODE_MAPPING) {
        errors_report(includer->errors, root,
                      "a graph file is a mapping, with components and linkages; this is %s",
                      node_kind_name(root));
        return;
    }
    for (i = 0; i < root->size; i++) {
        read_key(includer, &root->pairs[i]);
    }
    if (patterns != NULL) {
        includer->open[includer->depth++] = source;
        include_all(includer, patterns, source);
        includer->depth--;
    }
}

/* ---- joining ---- */

static size_t count_children(const struct section *section)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < section->count; i++) {
        count += section->values[i]->size;
    }
    return count;
}

static const struct node *join_sequences(struct arena *arena, const struct section *section)
{
    const struct node **items = arena_alloc_array(arena, count_children(section), sizeof(*items));
    size_t used = 0;
    size_t i;
    size_t j;

    for (i = 0; i < section->count; i++) {
        for (j = 0; j < section->values[i]->size; j++) {
            items[used++] = section->values[i]->items[j];
        }
    }
    return node_create_sequence(arena, section->values[0], items, used);
}

static const struct node *join_mappings(struct arena *arena, const struct section *section,
                                        struct errors *errors)
{
    size_t most = count_children(section);
    struct node_pair *pairs = arena_alloc_array(arena, most, sizeof(*pairs));
    struct node_pair *doubles = NULL; /* on the heap */
    size_t double_count = 0;
    struct hash places = {0}; /* of pairs, by key */
    const struct node *joined;
    size_t used = 0;
    size_t i;
    size_t j;

    hash_init(&places, NULL, most);
    for (i = 0; i < section->count; i++) {
        for (j = 0; j < section->values[i]->size; j++) {
            const struct node_pair *pair = &section->values[i]->pairs[j];
            const struct node_pair *earlier =
                hash_add_sized(&places, pair->key->text, pair->key->size, &pairs[used]);

            if (earlier == NULL) {
                pairs[used++] = *pair;
            } else {
                doubles = mem_resize_array(doubles, double_count + 1, sizeof(*doubles));
                doubles[double_count++] = *pair;
                errors_report_note(errors, pair->key, earlier->key, "first defined here",
                                   "\"%s\" is defined a second time in %s",
                                   shown(pair->key->text).text, section->name);
            }
        }
    }
    hash_deinit(&places);
    joined =
        node_create_mapping_with(arena, section->values[0], pairs, used, doubles, double_count);
    free(doubles);
    return joined;
}

static const struct node *join(struct arena *arena, const struct section *section,
                               struct errors *errors)
{
    if (section->count == 1) {
        return section->values[0];
    }
    return section->kind == NODE_MAPPING ? join_mappings(arena, section, errors)
                                         : join_sequences(arena, section);
}

bool include_resolve(struct document *document, const struct interpolation *lookups,
                     struct errors *errors)
{
    struct arena *arena = document_arena(document);
    const struct node *root = document_root(document);
    struct includer includer = {
        .document = document,
        .lookups = lookups,
        .errors = errors,
        .sections =
            {
                [DAEMON] = {.name = "daemon", .kind = NODE_MAPPING},
                [GRAPHS] = {.name = "graphs", .kind = NODE_MAPPING},
                [COMPONENTS] = {.name = "components", .kind = NODE_MAPPING},
                [LINKAGES] = {.name = "linkages", .kind = NODE_SEQUENCE},
            },
    };
    struct node_pair pairs[SECTIONS];
    struct node_pair *kept;
    size_t used = 0;
    size_t i;

    include_file(&includer, root, document_source(document, 0));
    for (i = 0; i < SECTIONS; i++) {
        struct section *section = &includer.sections[i];

        if (section->count > 0) {
            pairs[used++] = (struct node_pair){section->key, join(arena, section, errors)};
            free(section->values);
        }
    }
    if (root->kind != NODE_MAPPING) {
        return false;
    }
    kept = arena_alloc_array(arena, used, sizeof(*kept));
    memcpy(kept, pairs, used * sizeof(*kept));
    document_set_root(document, node_create_mapping(arena, root, kept, used));
    return true;
}

struct document *include_load(const char *path, const struct interpolation *lookups,
                              struct errors *errors)
{
    struct document *document = document_load(path, errors);

    if (document != NULL && !include_resolve(document, lookups, errors)) {
        document_destroy(document);
        return NULL;
    }
    return document;
}
