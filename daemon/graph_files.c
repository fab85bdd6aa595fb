#include "daemon/graph_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "graph/document.h"
#include "graph/error.h"
#include "graph/include.h"
#include "graph/source.h"

static void add(struct graph_files *list, char *path, bool is_named)
{
    list->files = mem_resize_array(list->files, list->count + 1, sizeof(*list->files));
    list->files[list->count++] = (struct graph_file){.path = path, .is_named = is_named};
}

static int is_graph(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');

    return entry->d_name[0] != '.' && end != NULL && strcmp(end, ".yaml") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static char *join(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    const size_t size = length + strlen(slash) + strlen(name) + 1;
    char *path = mem_alloc(size);

    (void)snprintf(path, size, "%s%s%s", folder, slash, name);
    return path;
}

int graph_files_add(struct graph_files *list, const char *path)
{
    struct dirent **entries;
    struct stat status;
    int added = 0;
    int count;

    if (stat(path, &status) == -1 || !S_ISDIR(status.st_mode)) {
        add(list, mem_strdup(path), true); /* whoever loads it says what is wrong with it */
        return 1;
    }
    count = scandir(path, &entries, is_graph, by_bytes);
    if (count == -1) {
        return -errno;
    }
    for (int i = 0; i < count; i++) {
        char *file = join(path, entries[i]->d_name);

        if (stat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
            free(file);
        } else {
            add(list, file, false);
            added++;
        }
        free(entries[i]);
    }
    free(entries);
    return added;
}

/* ---- parts ---- */

/* Which files a graph is made of, itself first. */
struct reading {
    struct errors *errors; /* told when it is checked */
    struct document *document;
};

static struct reading begin(const char *path)
{
    struct reading reading = {.errors = errors_create()};

    reading.document = include_load(path, NULL, reading.errors);
    return reading;
}

static void end(struct reading *reading)
{
    document_destroy(reading->document);
    errors_destroy(reading->errors);
}

static bool includes(const struct reading *reading, const char *path)
{
    const struct source *source = NULL;
    struct stat status;

    if (reading->document == NULL || stat(path, &status) == -1) {
        return false;
    }
    for (size_t i = 1; (source = document_source(reading->document, i)) != NULL; i++) {
        if (source->inode == status.st_ino && source->device == status.st_dev) {
            return true;
        }
    }
    return false;
}

void graph_files_sort_out(struct graph_files *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct graph_file *file = &list->files[i];
        struct reading reading;

        if (file->part_of != NULL) {
            continue; /* what it includes is a part of the same */
        }
        reading = begin(file->path);
        for (size_t j = 0; j < list->count; j++) {
            struct graph_file *other = &list->files[j];

            if (i != j && !other->is_named && other->part_of == NULL &&
                includes(&reading, other->path)) {
                other->part_of = file->path;
            }
        }
        end(&reading);
    }
}

void graph_files_deinit(struct graph_files *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->files[i].path);
    }
    free(list->files);
    *list = (struct graph_files){0};
}
