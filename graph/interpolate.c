/* Interpolation: ${...} in values, replaced after parsing. */
#include "graph/interpolate.h"

#include "graph/arena.h"
#include "graph/suggest.h"
#include "graph/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DEEPEST = 10, /* defaults in defaults */
    LARGEST_CREDENTIAL = 1 << 20,
    LONGEST_NAME = 255,
    MOST_MADE = 64 << 20, /* bytes of new text, so that aliases cannot multiply a long one */
};

struct interpolator {
    struct arena *arena;
    const struct interpolation *lookups;
    struct errors *errors;
    size_t made; /* bytes of new text, at most MOST_MADE */
};

/* A scalar on its way to its new text. */
struct expansion {
    struct interpolator *interpolator;
    const struct node *node;
    char *text; /* on the heap, size bytes of room; it may hold a secret */
    size_t size;
    size_t room;
    bool secret;
    bool broken;
};

/* Reports a mistake in the size bytes at `at`, which are part of the node's text.  Where the text
 * stands in the file as it is, the caret is set to them, else to the whole scalar. */
static void fail(struct expansion *expansion, const char *at, size_t size, const char *format, ...)
    PRINTF_LIKE(4, 5);

static void fail(struct expansion *expansion, const char *at, size_t size, const char *format, ...)
{
    struct node place = *expansion->node;
    unsigned quote = place.quoted ? 1 : 0;
    struct error err;
    va_list arguments;

    expansion->broken = true;
    if (utf8_count(place.text, place.size) + (size_t)2 * quote == place.width) {
        place.column += quote + (unsigned)utf8_count(place.text, (size_t)(at - place.text));
        place.width = size > 0 ? (unsigned)utf8_count(at, size) : 1;
    }
    va_start(arguments, format);
    error_vset(&err, &place, format, arguments);
    va_end(arguments);
    errors_add(expansion->interpolator->errors, &err);
}

static void append(struct expansion *expansion, const char *text, size_t size)
{
    struct interpolator *interpolator = expansion->interpolator;

    if (size > MOST_MADE - interpolator->made) {
        fail(expansion, expansion->node->text, expansion->node->size,
             "${...} has made more than %d MiB of text", MOST_MADE >> 20);
        return;
    }
    interpolator->made += size;
    if (size > expansion->room - expansion->size) {
        size_t room = (expansion->size + size) * 2;
        char *bigger = mem_alloc(room);

        if (expansion->size > 0) {
            memcpy(bigger, expansion->text, expansion->size);
            explicit_bzero(expansion->text, expansion->size);
        }
        free(expansion->text);
        expansion->text = bigger;
        expansion->room = room;
    }
    if (size > 0) {
        memcpy(expansion->text + expansion->size, text, size);
        expansion->size += size;
    }
}

/* Returns the "}" that ends what "${" before text begins, or NULL. */
static const char *find_end(const char *text, const char *end)
{
    unsigned open = 1;

    while (text < end) {
        size_t left = (size_t)(end - text);

        if (left >= 3 && memcmp(text, "$${", 3) == 0) {
            text += 3;
        } else if (left >= 2 && memcmp(text, "${", 2) == 0) {
            open++;
            text += 2;
        } else if (*text == '}' && --open == 0) {
            return text;
        } else {
            text++;
        }
    }
    return NULL;
}

static bool is_name_start(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
}

static bool is_name_letter(char letter)
{
    return is_name_start(letter) || (letter >= '0' && letter <= '9');
}

/* Returns the length of the variable's name that text starts with, or 0. */
static size_t name_length(const char *text, const char *end)
{
    size_t length = 0;

    if (text < end && is_name_start(*text)) {
        while (text + length < end && is_name_letter(text[length])) {
            length++;
        }
    }
    return length <= LONGEST_NAME ? length : 0;
}

static const char *look_up(const struct interpolation *lookups, const char *name)
{
    return lookups->environment != NULL ? lookups->environment(lookups->context, name)
                                        : getenv(name);
}

static void expand_text(struct expansion *expansion, const char *text, const char *end,
                        unsigned depth);

/* ${NAME}, ${NAME:-default}, ${NAME:?text}.  [text, end) is what stands between the braces. */
static void expand_variable(struct expansion *expansion, const char *text, const char *end,
                            unsigned depth)
{
    char name[LONGEST_NAME + 1] = "";
    size_t length = name_length(text, end);
    const char *rest = text + length;
    size_t rest_size = (size_t)(end - rest);
    bool has_operator = rest_size >= 2 && rest[0] == ':' && (rest[1] == '-' || rest[1] == '?');
    const char *value;

    if (length == 0 || (rest_size > 0 && !has_operator)) {
        fail(expansion, text - 2, (size_t)(end - text) + 3,
             "not one of ${NAME}, ${NAME:-default}, ${NAME:?text}, ${credential:NAME}, "
             "${param:NAME}; write $${ for a literal ${");
        return;
    }
    memcpy(name, text, length);
    value = look_up(expansion->interpolator->lookups, name);
    if (value != NULL && (value[0] != '\0' || !has_operator)) {
        if (!utf8_is_text(value, strlen(value))) {
            fail(expansion, text, length,
                 "the value of the environment variable \"%s\" is not UTF-8", shown(name).text);
            return;
        }
        append(expansion, value, strlen(value));
    } else if (!has_operator) {
        fail(expansion, text, length,
             "the environment variable \"%s\" is not set; ${%s:-default} would give a default",
             shown(name).text, shown(name).text);
    } else if (rest[1] == '-') {
        expand_text(expansion, rest + 2, end, depth + 1);
    } else {
        fail(expansion, text, length, "the environment variable \"%s\" is not set%s%.*s",
             shown(name).text, rest_size > 2 ? ": " : "",
             rest_size < 152 ? (int)rest_size - 2 : 150, rest + 2);
    }
}

static bool is_credential_name(const char *text, size_t length)
{
    size_t i;

    if (length == 0 || length > LONGEST_NAME || text[0] == '.') {
        return false;
    }
    for (i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~' || strchr("/:${}", text[i]) != NULL) {
            return false;
        }
    }
    return true;
}

/* Reads at most size bytes of a regular file.  Returns how many, or -errno. */
static ssize_t read_file(const char *path, char *bytes, size_t size)
{
    struct stat status;
    size_t used = 0;
    ssize_t result = -1;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (file == -1 || fstat(file, &status) == -1) {
        result = -errno;
        goto done;
    }
    if (!S_ISREG(status.st_mode)) {
        result = -EINVAL;
        goto done;
    }
    while (used < size) {
        ssize_t got = read(file, bytes + used, size - used);

        if (got == -1 && errno != EINTR) {
            result = -errno;
            goto done;
        }
        if (got == 0) {
            break;
        }
        used += got > 0 ? (size_t)got : 0;
    }
    result = (ssize_t)used;
done:
    if (file != -1) {
        close(file);
    }
    return result;
}

/* ${credential:NAME} */
static void expand_credential(struct expansion *expansion, const char *text, const char *end)
{
    const char *folder = look_up(expansion->interpolator->lookups, "CREDENTIALS_DIRECTORY");
    size_t length = (size_t)(end - text);
    char name[LONGEST_NAME + 1] = "";
    char *path;
    char *bytes;
    ssize_t size;

    if (!is_credential_name(text, length)) {
        fail(expansion, text, length, "this cannot be the name of a credential");
        return;
    }
    memcpy(name, text, length);
    if (folder == NULL || folder[0] == '\0') {
        fail(expansion, text, length,
             "there is no credential \"%s\": systemd has passed none ($CREDENTIALS_DIRECTORY is "
             "not set)",
             shown(name).text);
        return;
    }
    path = arena_printf(expansion->interpolator->arena, "%s/%s", folder, name);
    bytes = mem_alloc(LARGEST_CREDENTIAL + 1);
    size = read_file(path, bytes, LARGEST_CREDENTIAL + 1);
    if (size < 0) {
        fail(expansion, text, length, "the credential \"%s\" cannot be read: %s", shown(name).text,
             strerror((int)-size));
    } else if (size > LARGEST_CREDENTIAL) {
        fail(expansion, text, length, "the credential \"%s\" is bigger than 1 MiB",
             shown(name).text);
    } else {
        size -= size > 0 && bytes[size - 1] == '\n';
        if (utf8_is_text(bytes, (size_t)size)) {
            append(expansion, bytes, (size_t)size);
            expansion->secret = true;
        } else {
            fail(expansion, text, length, "the credential \"%s\" is not a UTF-8 text",
                 shown(name).text);
        }
    }
    explicit_bzero(bytes, LARGEST_CREDENTIAL + 1);
    free(bytes);
}

/* Returns the node of the parameter, or NULL after a report. */
static const struct node *find_parameter(struct expansion *expansion, const char *text,
                                         const char *end)
{
    const struct interpolation *lookups = expansion->interpolator->lookups;
    size_t length = (size_t)(end - text);
    char name[LONGEST_NAME + 1] = "";
    const struct node *node;
    const char *meant = NULL;

    if (lookups->parameter == NULL) {
        fail(expansion, text, length, "there are no parameters here, outside the graphs");
        return NULL;
    }
    if (length > LONGEST_NAME) {
        fail(expansion, text, length, "this cannot be the name of a parameter");
        return NULL;
    }
    memcpy(name, text, length);
    node = lookups->parameter(lookups->context, name);
    if (node == NULL) {
        if (lookups->parameter_name != NULL) {
            meant = suggest(name, lookups->parameter_name, lookups->context);
        }
        fail(expansion, text, length, "this graph has no parameter \"%s\"%s", shown(name).text,
             suggest_words(meant).text);
    }
    return node;
}

/* ${param:NAME} inside a longer text. */
static void expand_parameter(struct expansion *expansion, const char *text, const char *end)
{
    const struct node *node = find_parameter(expansion, text, end);

    if (node == NULL) {
        return;
    }
    expansion->secret = expansion->secret || node->secret;
    expansion->broken = expansion->broken || node->broken;
    switch (node->kind) {
    case NODE_NULL:
        break;
    case NODE_SCALAR:
        append(expansion, node->text, node->size);
        break;
    case NODE_SEQUENCE:
    case NODE_MAPPING:
        fail(expansion, text, (size_t)(end - text),
             "the parameter is %s, which cannot be part of a text", node_kind_name(node));
        break;
    }
}

/* If text starts with the word and a colon, returns what follows, else NULL.  ${param:-x} is a
 * variable with a default. */
static const char *after_word(const char *text, const char *end, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(end - text) <= length || memcmp(text, word, length) != 0 || text[length] != ':') {
        return NULL;
    }
    text += length + 1;
    return text < end && (*text == '-' || *text == '?') ? NULL : text;
}

static void expand_one(struct expansion *expansion, const char *text, const char *end,
                       unsigned depth)
{
    const char *name = after_word(text, end, "param");

    if (name != NULL) {
        expand_parameter(expansion, name, end);
        return;
    }
    name = after_word(text, end, "credential");
    if (name != NULL) {
        expand_credential(expansion, name, end);
        return;
    }
    expand_variable(expansion, text, end, depth);
}

static void expand_text(struct expansion *expansion, const char *text, const char *end,
                        unsigned depth)
{
    if (depth > DEEPEST) {
        fail(expansion, text, (size_t)(end - text), "defaults in defaults, more than %d deep",
             DEEPEST);
        return;
    }
    while (text < end) {
        const char *dollar = memchr(text, '$', (size_t)(end - text));
        const char *stop = dollar != NULL ? dollar : end;
        size_t left = (size_t)(end - stop);

        append(expansion, text, (size_t)(stop - text));
        text = stop;
        if (left >= 3 && memcmp(text, "$${", 3) == 0) {
            append(expansion, "${", 2);
            text += 3;
        } else if (left >= 2 && text[1] == '{') {
            const char *close = find_end(text + 2, end);

            if (close == NULL) {
                fail(expansion, text, 2, "this ${ has no } after it; write $${ for a literal ${");
                return;
            }
            expand_one(expansion, text + 2, close, depth);
            text = close + 1;
        } else if (left > 0) {
            append(expansion, text, 1);
            text++;
        }
    }
}

static struct node *copy_node(struct interpolator *interpolator, const struct node *node)
{
    struct node *copy = arena_alloc(interpolator->arena, sizeof(*copy));

    *copy = *node;
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
    name = node->size > 3 && text[0] == '$' && text[1] == '{' && find_end(text + 2, end) == end - 1
               ? after_word(text + 2, end - 1, "param")
               : NULL;
    if (name != NULL) {
        const struct node *parameter = find_parameter(&expansion, name, end - 1);

        if (parameter != NULL) {
            return parameter;
        }
    } else {
        expand_text(&expansion, text, end, 0);
    }
    result = copy_node(interpolator, node);
    if (expansion.broken) {
        result->broken = true;
    } else {
        result->text = arena_strndup(interpolator->arena,
                                     expansion.text != NULL ? expansion.text : "", expansion.size);
        result->size = expansion.size;
        result->secret = expansion.secret;
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
