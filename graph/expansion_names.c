/* What stands for a name in ${...}: environment variables, credentials, parameters. */
#include "graph/expansion.h"

#include "graph/arena.h"
#include "graph/secret.h"
#include "graph/suggest.h"
#include "graph/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST_CREDENTIAL = 1 << 20, LONGEST_NAME = 255 };

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

static void append_value(struct expansion *expansion, const char *value)
{
    const char *escaped;

    while (expansion->interpolator->lookups->keeps && (escaped = strstr(value, "${")) != NULL) {
        expansion_append(expansion, value, (size_t)(escaped - value));
        expansion_append(expansion, "$${", 3);
        value = escaped + 2;
    }
    expansion_append(expansion, value, strlen(value));
}

void expansion_add_variable(struct expansion *expansion, const char *text, const char *end,
                            unsigned depth)
{
    char name[LONGEST_NAME + 1] = "";
    size_t length = name_length(text, end);
    const char *rest = text + length;
    size_t rest_size = (size_t)(end - rest);
    bool has_operator = rest_size >= 2 && rest[0] == ':' && (rest[1] == '-' || rest[1] == '?');
    const char *value;

    if (length == 0 || (rest_size > 0 && !has_operator)) {
        expansion_fail(expansion, text - 2, (size_t)(end - text) + 3,
                       "not one of ${NAME}, ${NAME:-default}, ${NAME:?text}, ${credential:NAME}, "
                       "${param:NAME}; write $${ for a literal ${");
        return;
    }
    memcpy(name, text, length);
    value = look_up(expansion->interpolator->lookups, name);
    if (value != NULL && (value[0] != '\0' || !has_operator)) {
        if (!utf8_is_text(value, strlen(value))) {
            expansion_fail(expansion, text, length,
                           "the value of the environment variable \"%s\" is not UTF-8",
                           shown(name).text);
            return;
        }
        append_value(expansion, value);
    } else if (!has_operator) {
        expansion_fail(
            expansion, text, length,
            "the environment variable \"%s\" is not set; ${%s:-default} would give a default",
            shown(name).text, shown(name).text);
    } else if (rest[1] == '-') {
        expansion_expand(expansion, rest + 2, end, depth + 1);
    } else {
        expansion_fail(expansion, text, length, "the environment variable \"%s\" is not set%s%.*s",
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

void expansion_add_credential(struct expansion *expansion, const char *text, const char *end)
{
    const char *folder = look_up(expansion->interpolator->lookups, "CREDENTIALS_DIRECTORY");
    size_t length = (size_t)(end - text);
    char name[LONGEST_NAME + 1] = "";
    char *path;
    char *bytes;
    ssize_t size;

    if (expansion->interpolator->lookups->keeps) {
        expansion->secret = true;
        return;
    }
    if (!is_credential_name(text, length)) {
        expansion_fail(
            expansion, text, length,
            "this cannot be the name of a credential: one has no slash, colon or space, and "
            "does not start with a dot");
        return;
    }
    memcpy(name, text, length);
    if (folder == NULL || folder[0] == '\0') {
        expansion_fail(
            expansion, text, length,
            "there is no credential \"%s\": systemd has passed none ($CREDENTIALS_DIRECTORY is "
            "not set); the unit needs LoadCredential=%s:PATH",
            shown(name).text, shown(name).text);
        return;
    }
    path = arena_printf(expansion->interpolator->arena, "%s/%s", folder, name);
    bytes = mem_alloc(LARGEST_CREDENTIAL + 1);
    size = read_file(path, bytes, LARGEST_CREDENTIAL + 1);
    if (size == -ENOENT) {
        expansion_fail(expansion, text, length,
                       "there is no credential \"%s\"; the unit needs LoadCredential=%s:PATH or "
                       "SetCredential=%s:TEXT",
                       shown(name).text, shown(name).text, shown(name).text);
    } else if (size < 0) {
        expansion_fail(expansion, text, length, "the credential \"%s\" cannot be read: %s",
                       shown(name).text, strerror((int)-size));
    } else if (size > LARGEST_CREDENTIAL) {
        expansion_fail(expansion, text, length, "the credential \"%s\" is bigger than 1 MiB",
                       shown(name).text);
    } else {
        size -= size > 0 && bytes[size - 1] == '\n';
        if (utf8_is_text(bytes, (size_t)size)) {
            expansion_append(expansion, bytes, (size_t)size);
            expansion->secret = true;
            expansion->secrets =
                secret_add(expansion->interpolator->arena, expansion->secrets, bytes, (size_t)size);
        } else {
            expansion_fail(expansion, text, length, "the credential \"%s\" is not a UTF-8 text",
                           shown(name).text);
        }
    }
    explicit_bzero(bytes, LARGEST_CREDENTIAL + 1);
    free(bytes);
}

const struct node *expansion_find_parameter(struct expansion *expansion, const char *text,
                                            const char *end)
{
    const struct interpolation *lookups = expansion->interpolator->lookups;
    size_t length = (size_t)(end - text);
    char name[LONGEST_NAME + 1] = "";
    const struct node *node;
    const char *meant = NULL;

    if (lookups->parameter == NULL) {
        expansion_fail(expansion, text, length, "there are no parameters here, outside the graphs");
        return NULL;
    }
    if (length > LONGEST_NAME) {
        expansion_fail(expansion, text, length, "this cannot be the name of a parameter");
        return NULL;
    }
    memcpy(name, text, length);
    node = lookups->parameter(lookups->context, name);
    if (node == NULL) {
        if (lookups->parameter_name != NULL) {
            meant = suggest(name, lookups->parameter_name, lookups->context);
        }
        expansion_fail(expansion, text, length, "this graph has no parameter \"%s\"%s",
                       shown(name).text, suggest_words(meant).text);
    }
    return node;
}

void expansion_add_parameter(struct expansion *expansion, const char *text, const char *end)
{
    const struct node *node = expansion_find_parameter(expansion, text, end);

    if (node == NULL) {
        return;
    }
    expansion->secret = expansion->secret || node->secret;
    expansion->secrets = secret_add_node(expansion->interpolator->arena, expansion->secrets, node);
    expansion->broken = expansion->broken || node->broken;
    expansion->later = expansion->later || node->later;
    switch (node->kind) {
    case NODE_NULL:
        break;
    case NODE_SCALAR:
        expansion_append(expansion, node->text, node->size);
        break;
    case NODE_SEQUENCE:
    case NODE_MAPPING:
        expansion_fail(expansion, text, (size_t)(end - text),
                       "the parameter is %s, which cannot be part of a text", node_kind_name(node));
        break;
    }
}
