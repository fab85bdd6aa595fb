/* axonctl --complete: commands, options and their values from the tables; components, boxes and
 * named graphs from the running daemon. */
#include "daemon/ctl.h"

#include <string.h>

#include "daemon/complete.h"
#include "daemon/ctl_local.h"

enum { MOST_ARGUMENTS = 16 };

/* What the words before the last one were. */
struct line {
    struct ctl *ctl;
    const struct ctl_option *open; /* its value comes next; or NULL */
    bool only_arguments;           /* "--" has been said */
    int count;                     /* of the command's arguments */
    const char *arguments[MOST_ARGUMENTS];
    struct unfinished typed;
};

/* ---- what help calls an argument ---- */

/* How the argument at an index is called: "PATH" in "[PATH]", "FILE|FOLDER" in "[FILE|FOLDER...]",
 * which is also the next one.  "" after the last one. */
struct placeholder {
    char text[40];
};

static struct placeholder placeholder_at(const struct ctl_command *command, int index)
{
    struct placeholder found = {""};
    const char *at = command->arguments;

    for (int i = 0; *at != '\0'; i++) {
        const size_t width = strcspn(at, " ");
        const size_t skip = strspn(at, "[");
        const size_t size = strcspn(at + skip, " ]");
        const size_t dots = memmem(at, width, "...", 3) != NULL ? 3 : 0;

        if (i == index || (dots > 0 && i < index)) {
            snprintf(found.text, sizeof(found.text), "%.*s", (int)(size - dots), at + skip);
        }
        at += width + strspn(at + width, " ");
    }
    return found;
}

/* The argument given for what help calls so, or NULL. */
static const char *given_for(const struct line *line, const char *placeholder)
{
    for (int i = 0; i < line->count; i++) {
        if (strcmp(placeholder_at(line->ctl->command, i).text, placeholder) == 0) {
            return line->arguments[i];
        }
    }
    return NULL;
}

/* ---- components and boxes ---- */

struct paths {
    const struct unfinished *typed;
    const char *end; /* what comes after a path: "." or "" */
    json_t *offered; /* set of them */
};

/* Offers a path, or as much of it as leads to the next slash. */
static bool offer_path(struct ctl *ctl, json_t *component, void *data)
{
    struct paths *paths = data;
    const char *path = ctl_string(component, "path");
    const size_t size = strlen(paths->typed->word + paths->typed->settled);
    const char *slash = strlen(path) > size ? strchr(path + size, '/') : NULL;
    char part[400];

    if (slash != NULL) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash + 1 - path), path);
    } else {
        snprintf(part, sizeof(part), "%s%s", path, paths->end);
    }
    if (json_object_get(paths->offered, part) == NULL) {
        json_object_set_new(paths->offered, part, json_true());
        complete_offer(paths->typed, part, slash != NULL ? NULL : ctl_string(component, "type"));
    }
    return true;
}

static void offer_paths(const struct line *line, const char *end)
{
    struct paths paths = {.typed = &line->typed, .end = end, .offered = json_object()};
    const char *begun = line->typed.word + line->typed.settled;
    char pattern[400];

    snprintf(pattern, sizeof(pattern), "%s**", begun);
    if (strpbrk(begun, "*?") == NULL) {
        (void)ctl_list(line->ctl, "List", json_pack("{s:s}", "pattern", pattern), "components",
                       (struct ctl_reader){offer_path, &paths});
    }
    json_decref(paths.offered);
}

static bool keep_reply(struct ctl *ctl, json_t *reply, void *data)
{
    *(json_t **)data = json_incref(reply);
    return true;
}

/* The reply of a method, or NULL. */
static json_t *ask(struct ctl *ctl, const char *method, json_t *parameters)
{
    json_t *reply = NULL;

    (void)ctl_call(ctl, method, parameters, false, (struct ctl_reader){keep_reply, &reply});
    return reply;
}

static void offer_names(const struct unfinished *typed, const json_t *list, const char *doc)
{
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        complete_offer(typed, ctl_string(item, "name"), ctl_string(item, doc));
    }
}

/* The boxes of the component before the last dot. */
static void offer_boxes(const struct line *line, const char *dot, bool inboxes, bool outboxes)
{
    const struct unfinished typed = {.word = line->typed.word,
                                     .settled = (size_t)(dot + 1 - line->typed.word)};
    const char *begun = line->typed.word + line->typed.settled;
    json_t *path = json_stringn(begun, (size_t)(dot - begun));
    json_t *shown = path != NULL ? ask(line->ctl, "Show", json_pack("{s:o}", "path", path)) : NULL;

    if (inboxes) {
        offer_names(&typed, json_object_get(shown, "inboxes"), "carries");
    }
    if (outboxes) {
        offer_names(&typed, json_object_get(shown, "outboxes"), "carries");
    }
    json_decref(shown);
}

static void offer_ends(const struct line *line, bool inboxes, bool outboxes, const char *end)
{
    const char *begun = line->typed.word + line->typed.settled;
    const char *slash = strrchr(begun, '/');
    const char *dot = strchr(slash != NULL ? slash : begun, '.');

    if (dot != NULL) {
        offer_boxes(line, dot, inboxes, outboxes);
    } else {
        offer_paths(line, end);
    }
}

static void offer_path_or_box(const struct line *line)
{
    offer_ends(line, true, true, "");
}

static void offer_inbox(const struct line *line)
{
    offer_ends(line, true, false, ".");
}

static void offer_from(const struct line *line)
{
    offer_ends(line, false, true, "");
}

static void offer_to(const struct line *line)
{
    offer_ends(line, true, false, "");
}

/* ---- types and parameters ---- */

static void offer_types(const struct line *line)
{
    json_t *types = line->ctl->no_daemon ? NULL : ask(line->ctl, "Types", NULL);

    if (types == NULL) {
        types = ctl_local_types();
    }
    offer_names(&line->typed, json_object_get(types, "types"), "summary");
    json_decref(types);
}

/* What Describe says of the type that is meant: one that is named, or that of a component. */
static json_t *describe(const struct line *line)
{
    const char *type = given_for(line, "TYPE");
    const char *path = given_for(line, "PATH");
    json_t *shown = NULL;
    json_t *described = NULL;

    if (type == NULL && path != NULL) {
        shown = ask(line->ctl, "Show", json_pack("{s:s}", "path", path));
        type = ctl_string(shown, "type");
    }
    if (type != NULL) {
        described = ask(line->ctl, "Describe", json_pack("{s:s}", "type", type));
        described = described != NULL ? described : ctl_local_describe(type);
    }
    json_decref(shown);
    return described;
}

/* NAME= of each parameter; after that, its choices. */
static void offer_parameters(const struct line *line)
{
    const size_t equals = strcspn(line->typed.word, "=");
    const bool has_name = line->typed.word[equals] == '=';
    const struct unfinished value = {.word = line->typed.word, .settled = equals + 1};
    json_t *described = describe(line);
    size_t i;
    size_t j;
    json_t *parameter;
    json_t *choice;

    json_array_foreach(json_object_get(described, "parameters"), i, parameter)
    {
        char name[100];

        snprintf(name, sizeof(name), "%s=", ctl_string(parameter, "name"));
        if (!has_name) {
            complete_offer(&line->typed, name, ctl_string(parameter, "doc"));
        } else if (strncmp(name, line->typed.word, equals + 1) == 0) {
            json_array_foreach(json_object_get(parameter, "choices"), j, choice)
            {
                complete_offer(&value, json_string_value(choice), NULL);
            }
            if (strcmp(ctl_string(parameter, "kind"), "boolean") == 0) {
                complete_offer(&value, "true", NULL);
                complete_offer(&value, "false", NULL);
            }
        }
    }
    json_decref(described);
}

/* ---- values ---- */

static void offer_files(const struct line *line)
{
    complete_offer_files();
}

/* Offers what help says an argument is; nothing for what only the user can know. */
static void offer_for(const struct line *line, const char *placeholder)
{
    static const struct {
        const char *placeholder;
        void (*offer)(const struct line *line);
    } known[] = {
        {"FILE", offer_files},
        {"FILE|FOLDER", offer_files},
        {"FROM", offer_from},
        {"PARAM=VALUE", offer_parameters},
        {"PATH", offer_path_or_box},
        {"PATH.INBOX", offer_inbox},
        {"PATTERN", offer_path_or_box},
        {"SOCKET", offer_files},
        {"TO", offer_to},
        {"TYPE", offer_types},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].placeholder, placeholder) == 0) {
            known[i].offer(line);
        }
    }
    complete_offer_all(&line->typed, complete_values(placeholder));
}

static void offer_value(const struct line *line, const struct ctl_option *option)
{
    if (option->choices != NULL) {
        complete_offer_all(&line->typed, option->choices);
    } else if (option->argument != NULL) {
        offer_for(line, option->argument);
    }
}

/* ---- the line ---- */

/* "--name", "--name=value", "-s", "-sPATH". */
static void pass_option(struct line *line, const char *word)
{
    const char *value = strchr(word, '=');
    const bool is_long = word[1] == '-';

    if (is_long) {
        const struct ctl_option *option =
            ctl_find_option(line->ctl->command, word + 2, strcspn(word + 2, "="));

        line->open = option != NULL && option->argument != NULL && value == NULL ? option : NULL;
        if (option != NULL && strcmp(option->name, "socket") == 0 && value != NULL) {
            line->ctl->socket = value + 1;
        }
        line->ctl->no_daemon |= option != NULL && strcmp(option->name, "no-daemon") == 0;
    } else if (word[1] == 's' && word[2] != '\0') {
        line->ctl->socket = word + 2;
    } else if (word[1] == 's') {
        line->open = ctl_find_option(NULL, "socket", strlen("socket"));
    }
}

static void pass(struct line *line, const char *word)
{
    struct ctl *ctl = line->ctl;

    if (line->open != NULL) {
        if (strcmp(line->open->name, "socket") == 0) {
            ctl->socket = word;
        }
        line->open = NULL;
    } else if (!line->only_arguments && strcmp(word, "--") == 0) {
        line->only_arguments = true;
    } else if (!line->only_arguments && word[0] == '-' && word[1] != '\0') {
        pass_option(line, word);
    } else if (ctl->command == NULL) {
        ctl->command = ctl_find_command(word);
    } else if (line->count < MOST_ARGUMENTS) {
        line->arguments[line->count++] = word;
    }
}

static void offer_options(const struct line *line)
{
    const struct ctl_command *command = line->ctl->command;

    for (const struct ctl_option *o = command != NULL ? command->options : NULL;
         o != NULL && o->name != NULL; o++) {
        complete_offer_option(&line->typed, o->name, o->doc);
    }
    for (const struct ctl_common_option *o = ctl_common_options; o->option.name != NULL; o++) {
        complete_offer_option(&line->typed, o->option.name, o->option.doc);
    }
}

static void offer_commands(const struct line *line)
{
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        complete_offer(&line->typed, c->name, c->summary);
    }
}

void ctl_complete(struct ctl *ctl, int count, char **words)
{
    struct line line = {.ctl = ctl, .typed = {.word = count > 0 ? words[count - 1] : ""}};
    const char *equals = strchr(line.typed.word, '=');

    ctl->socket = ctl_default_socket();
    for (int i = 0; i + 1 < count; i++) {
        pass(&line, words[i]);
    }
    if (line.open != NULL) {
        offer_value(&line, line.open);
    } else if (!line.only_arguments && strncmp(line.typed.word, "--", 2) == 0 && equals != NULL) {
        const size_t size = (size_t)(equals - line.typed.word) - 2;
        const struct ctl_option *option = ctl_find_option(ctl->command, line.typed.word + 2, size);

        line.typed.settled = size + 3;
        if (option != NULL) {
            offer_value(&line, option);
        }
    } else if (!line.only_arguments && line.typed.word[0] == '-') {
        offer_options(&line);
    } else if (ctl->command != NULL) {
        offer_for(&line, placeholder_at(ctl->command, line.count).text);
    } else if (!line.only_arguments) {
        offer_commands(&line);
    }
}
