#include "tests/bench/usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

/* The number after "NAME:" in a file of such lines, in KiB; 0 if there is none. */
static uint64_t field_kib(FILE *file, const char *name)
{
    char line[256];
    size_t length = strlen(name);

    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            return strtoull(line + length + 1, NULL, 10);
        }
    }
    return 0;
}

static uint64_t count_entries(pid_t pid, const char *name)
{
    char path[128];
    const struct dirent *entry;
    uint64_t count = 0;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    dir = opendir(path);
    if (dir == NULL) {
        return 0;
    }
    while ((entry = readdir(dir)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

/* Of the processes that a thread has started and that run still: one for each connection, with
 * servers of that kind. */
static uint64_t children_run_ns(pid_t pid, const char *thread)
{
    char path[128];
    uint64_t total = 0;
    FILE *file;
    int child;

    snprintf(path, sizeof path, "task/%.20s/children", thread);
    file = open_proc(pid, path);
    if (file == NULL) {
        return 0;
    }
    while (fscanf(file, "%d", &child) == 1) {
        total += usage_run_ns(child);
    }
    fclose(file);
    return total;
}

uint64_t usage_run_ns(pid_t pid)
{
    char path[128];
    char line[128];
    const struct dirent *entry;
    uint64_t total = 0;
    FILE *file;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    dir = opendir(path);
    if (dir == NULL) {
        return 0;
    }
    while ((entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "task/%.20s/schedstat", entry->d_name);
        file = entry->d_name[0] == '.' ? NULL : open_proc(pid, path);
        if (file != NULL) {
            if (fgets(line, sizeof line, file) != NULL) {
                total += strtoull(line, NULL, 10);
            }
            fclose(file);
            total += children_run_ns(pid, entry->d_name);
        }
    }
    closedir(dir);
    return total;
}

/* Fields 14 and 15 of stat, counted from behind the program's name, which may hold anything. */
static void read_ticks(struct usage *usage, pid_t pid)
{
    uint64_t tick_ms = 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
    FILE *file = open_proc(pid, "stat");
    char line[1024];
    char *at = NULL;
    int field;

    if (file == NULL) {
        return;
    }
    if (fgets(line, sizeof line, file) != NULL) {
        at = strrchr(line, ')');
    }
    for (field = 2; at != NULL && field < 14; field++) {
        at = strchr(at + 1, ' ');
    }
    if (at != NULL) {
        usage->user_ms = strtoull(at, &at, 10) * tick_ms;
        usage->system_ms = strtoull(at, NULL, 10) * tick_ms;
    }
    fclose(file);
}

void usage_read(struct usage *usage, pid_t pid)
{
    FILE *file;

    memset(usage, 0, sizeof *usage);
    if (pid == 0) {
        return;
    }
    file = open_proc(pid, "smaps_rollup");
    if (file != NULL) {
        usage->rss_kib = field_kib(file, "Rss");
        usage->anonymous_kib = field_kib(file, "Anonymous");
        fclose(file);
    }
    file = fopen("/proc/meminfo", "re");
    if (file != NULL) {
        usage->slab_kib = field_kib(file, "Slab");
        fclose(file);
    }
    usage->fds = count_entries(pid, "fd");
    read_ticks(usage, pid);
    usage->run_ns = usage_run_ns(pid);
}

bool usage_is_asleep(pid_t pid)
{
    FILE *file = pid > 0 ? open_proc(pid, "stat") : NULL;
    char state = 'S';

    if (file == NULL) {
        return true;
    }
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
        state = 'S';
    }
    fclose(file);
    return state == 'S';
}
