#include "tests/program.h"

#include <errno.h>
#include <sys/wait.h>

#include "tests/unit.h"

void gather(struct gathering *gathering)
{
    const char *text;

    while ((text = harness_heard(gathering->h, gathering->outbox)) != NULL) {
        const size_t size = harness_heard_size(gathering->h);

        assert_in_range(gathering->size + size, 0, sizeof(gathering->text) - 1);
        memcpy(gathering->text + gathering->size, text, size);
        gathering->size += size;
        gathering->text[gathering->size] = '\0';
        gathering->messages++;
    }
}

static bool has_gathered(void *arg)
{
    struct gathering *gathering = arg;

    gather(gathering);
    return gathering->size >= gathering->wanted;
}

static bool is_over(void *arg)
{
    struct gathering *gathering = arg;

    gather(gathering);
    return component_is_over(harness_component(gathering->h));
}

struct gathering *program_start(const char *parameters)
{
    struct gathering *gathering = mem_alloc(sizeof(*gathering));

    gathering->h = harness_start("UnixProcess", parameters);
    gathering->outbox = "outbox";
    return gathering;
}

void program_stop(struct gathering *gathering)
{
    harness_stop(gathering->h);
    free(gathering);
}

void wait_for_output(struct gathering *gathering, size_t size)
{
    gathering->wanted = size;
    scene_wait(harness_scene(gathering->h), has_gathered, gathering);
}

void wait_for_end(struct gathering *gathering)
{
    scene_wait(harness_scene(gathering->h), is_over, gathering);
}

enum component_state state_of(const struct gathering *gathering)
{
    return (enum component_state)harness_component(gathering->h)->state;
}

const char *reason_of(const struct gathering *gathering)
{
    return component_reason(harness_component(gathering->h));
}

struct gathering *program_run(const char *parameters, const char *input)
{
    struct gathering *gathering = program_start(parameters);

    if (input != NULL) {
        harness_say(gathering->h, "inbox", input);
        harness_tell(gathering->h, PRODUCER_FINISHED);
    }
    wait_for_end(gathering);
    return gathering;
}

pid_t pid_of(struct component *component)
{
    char text[300];

    assert_true(component->type->describe(component, text, sizeof(text)));
    assert_non_null(strstr(text, ", pid "));
    return (pid_t)strtol(strstr(text, ", pid ") + 6, NULL, 10);
}

/* The state of a process as ps shows it; X: there is none. */
static char look_at(pid_t pid)
{
    char path[64];
    char state = 'X';
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file == NULL) {
        return 'X';
    }
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
        state = 'X';
    }
    (void)fclose(file);
    return state;
}

bool is_alive(pid_t pid)
{
    return look_at(pid) != 'Z' && look_at(pid) != 'X';
}

bool is_stopped(void *arg)
{
    return look_at(*(const pid_t *)arg) == 'T';
}

bool is_dead(void *arg)
{
    return !is_alive(*(const pid_t *)arg);
}

bool has_no_children(void *arg)
{
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}
