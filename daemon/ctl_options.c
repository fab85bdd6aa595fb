/* The command line: options anywhere, one command, its arguments. */
#include "daemon/ctl.h"

#include <stdlib.h>
#include <string.h>

#include "graph/suggest.h"

#define DEFAULT_SOCKET "/run/axond/control.sock"

const struct ctl_common_option ctl_common_options[] = {
    {{"socket", "SOCKET",
      "the daemon's control socket (else $AXOND_CONTROL, else " DEFAULT_SOCKET ")", NULL},
     's'},
    {{"json", NULL, "print replies as JSON", NULL}, '\0'},
    {{"no-daemon", NULL, "types, describe: answer from axonctl's own tables", NULL}, '\0'},
    {{"help", NULL, "this; after a command: about the command", NULL}, 'h'},
    {{"version", NULL, "print the version", NULL}, 'V'},
    {{0}, '\0'},
};

const struct ctl_command *ctl_find_command(const char *name)
{
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

static bool is_named(const struct ctl_option *option, const char *name, size_t size)
{
    return strlen(option->name) == size && memcmp(option->name, name, size) == 0;
}

const struct ctl_option *ctl_find_option(const struct ctl_command *command, const char *name,
                                         size_t size)
{
    const struct ctl_option *own = command != NULL ? command->options : NULL;

    for (; own != NULL && own->name != NULL; own++) {
        if (is_named(own, name, size)) {
            return own;
        }
    }
    for (const struct ctl_common_option *o = ctl_common_options; o->option.name != NULL; o++) {
        if (is_named(&o->option, name, size)) {
            return &o->option;
        }
    }
    return NULL;
}

const char *ctl_default_socket(void)
{
    const char *path = getenv("AXOND_CONTROL");

    return path != NULL && path[0] != '\0' ? path : DEFAULT_SOCKET;
}

static enum ctl_status wrong(const struct ctl *ctl)
{
    if (ctl->command != NULL) {
        fprintf(stderr, "See \"axonctl %s --help\".\n", ctl->command->name);
    } else {
        fprintf(stderr, "See \"axonctl --help\".\n");
    }
    return CTL_USAGE;
}

/* Complains that there is no such word, and names the one that was perhaps meant. */
static void complain_of(const char *what, const char *word, const char *const *words)
{
    const char *meant = suggest_from(word, words);

    if (meant != NULL) {
        ctl_complain("there is no %s \"%s\"; did you mean \"%s\"?", what, word, meant);
    } else {
        ctl_complain("there is no %s \"%s\"", what, word);
    }
}

static enum ctl_status find_command(struct ctl *ctl, const char *name)
{
    const char *names[64];
    size_t count = 0;

    ctl->command = ctl_find_command(name);
    if (ctl->command != NULL) {
        return CTL_DONE;
    }
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        names[count++] = c->name;
    }
    names[count] = NULL;
    complain_of("command", name, names);
    return wrong(ctl);
}

/* Sets an option that all commands have.  Returns whether it is one. */
static bool set_common(struct ctl *ctl, const char *name, size_t length)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"json", &ctl->json},
        {"no-daemon", &ctl->no_daemon},
        {"help", &ctl->help},
        {"version", &ctl->version},
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strlen(flags[i].name) == length && memcmp(flags[i].name, name, length) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static enum ctl_status complain_of_option(const struct ctl *ctl, const char *argument)
{
    const char *names[CTL_MAX_OPTIONS + 8] = {NULL};
    size_t count = 0;
    char name[64];

    for (const struct ctl_common_option *o = ctl_common_options; o->option.name != NULL; o++) {
        names[count++] = o->option.name;
    }
    if (ctl->command != NULL) {
        for (const struct ctl_option *o = ctl->command->options; o->name != NULL; o++) {
            names[count++] = o->name;
        }
    }
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(argument, "="), argument);
    complain_of("option", name, names);
    return wrong(ctl);
}

static enum ctl_status set_value(struct ctl *ctl, size_t index, const char *value)
{
    const struct ctl_option *option = &ctl->command->options[index];

    for (const char *const *c = option->choices; c != NULL; c++) {
        if (*c == NULL) {
            ctl_complain("--%s takes %s, not \"%s\"", option->name, option->doc, value);
            return wrong(ctl);
        }
        if (strcmp(*c, value) == 0) {
            break;
        }
    }
    ctl->values[index] = value;
    return CTL_DONE;
}

/* Takes --name, --name=value or --name value, the latter from *next. */
static enum ctl_status take_long(struct ctl *ctl, const char *argument, char ***next)
{
    const char *name = argument + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    bool is_socket = length == strlen("socket") && memcmp(name, "socket", length) == 0;
    size_t index = 0;

    if (value == NULL && set_common(ctl, name, length)) {
        return CTL_DONE;
    }
    while (!is_socket) {
        const struct ctl_option *o = ctl->command != NULL ? &ctl->command->options[index] : NULL;
        if (o == NULL || o->name == NULL) {
            return complain_of_option(ctl, name);
        }
        if (strlen(o->name) == length && memcmp(o->name, name, length) == 0) {
            if (o->argument == NULL && value == NULL) {
                value = "";
            } else if (o->argument == NULL) {
                ctl_complain("--%s takes no value", o->name);
                return wrong(ctl);
            }
            break;
        }
        index++;
    }
    if (value == NULL) {
        value = **next;
        if (value == NULL) {
            ctl_complain("%s: its value is missing", argument);
            return wrong(ctl);
        }
        ++*next;
    }
    if (is_socket) {
        ctl->socket = value;
        return CTL_DONE;
    }
    return set_value(ctl, index, value);
}

static enum ctl_status take_short(struct ctl *ctl, const char *argument, char ***next)
{
    for (const char *c = argument + 1; *c != '\0'; c++) {
        if (*c == 'h') {
            ctl->help = true;
        } else if (*c == 'V') {
            ctl->version = true;
        } else if (*c == 's') {
            ctl->socket = c[1] != '\0' ? c + 1 : **next;
            if (ctl->socket == NULL) {
                ctl_complain("-s: the socket is missing");
                return wrong(ctl);
            }
            *next += c[1] == '\0';
            return CTL_DONE;
        } else {
            ctl_complain("there is no option \"-%c\"", *c);
            return wrong(ctl);
        }
    }
    return CTL_DONE;
}

/* A name that JSON cannot hold is never found; better not to ask. */
static bool is_text(const char *argument)
{
    json_t *string = json_string(argument);

    json_decref(string);
    return string != NULL;
}

static enum ctl_status check_arguments(const struct ctl *ctl)
{
    if (ctl->help || ctl->version) {
        return CTL_DONE;
    }
    if (ctl->command == NULL) {
        ctl_complain("a command is missing");
        return wrong(ctl);
    }
    if (ctl->argument_count < ctl->command->least) {
        ctl_complain("usage: axonctl %s %s", ctl->command->name, ctl->command->arguments);
        return wrong(ctl);
    }
    if (ctl->argument_count > ctl->command->most) {
        ctl_complain("%s: \"%s\" is one argument too many", ctl->command->name,
                     ctl->arguments[ctl->command->most]);
        return wrong(ctl);
    }
    if (ctl->argument_count > 0 && !is_text(ctl->arguments[0])) {
        ctl_complain("%s: \"%s\" is not valid UTF-8", ctl->command->name, ctl->arguments[0]);
        return CTL_USAGE;
    }
    return CTL_DONE;
}

enum ctl_status ctl_parse(struct ctl *ctl, int argc, char **argv)
{
    char **next = argv + (argc > 0);
    char **kept = next; /* arguments are moved to the front */
    bool only_arguments = false;
    enum ctl_status status = CTL_DONE;

    ctl->socket = ctl_default_socket();
    ctl->arguments = kept;
    while (status == CTL_DONE && *next != NULL) {
        char *argument = *next++;

        if (only_arguments || argument[0] != '-' || argument[1] == '\0') {
            if (ctl->command == NULL) {
                status = find_command(ctl, argument);
            } else {
                *kept++ = argument;
                ctl->argument_count++;
            }
        } else if (strcmp(argument, "--") == 0) {
            only_arguments = true;
        } else if (argument[1] == '-') {
            status = take_long(ctl, argument, &next);
        } else {
            status = take_short(ctl, argument, &next);
        }
    }
    if (status != CTL_DONE) {
        return status;
    }
    *kept = NULL;
    return check_arguments(ctl);
}

const char *ctl_value(const struct ctl *ctl, const char *name)
{
    for (size_t i = 0; i < CTL_MAX_OPTIONS && ctl->command->options[i].name != NULL; i++) {
        if (strcmp(ctl->command->options[i].name, name) == 0) {
            return ctl->values[i];
        }
    }
    return NULL;
}
