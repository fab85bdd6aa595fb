/* Runs a fuzz target without libFuzzer: over each file of a folder, then over mutations of them,
 * the same ones in every run.
 *
 *     fuzz_NAME FOLDER [MUTATIONS [SEED]] */
#include "graph/mem.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct input {
    uint8_t *bytes;
    size_t size;
};

static uint64_t state;

static uint32_t random_below(uint32_t limit)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 33U) % limit);
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static struct input read_input(const char *folder, const char *name)
{
    struct input input = {.bytes = mem_alloc(LARGEST)};
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "r");
    REQUIRE(file != NULL);
    input.size = fread(input.bytes, 1, LARGEST, file);
    fclose(file);
    return input;
}

/* Copies part of another input over, or into, this one. */
static void splice(struct input *input, const struct input *other)
{
    uint32_t from = random_below((uint32_t)other->size + 1);
    uint32_t size = random_below((uint32_t)other->size - from + 1);
    uint32_t to = random_below((uint32_t)input->size + 1);

    if (to + size > LARGEST) {
        return;
    }
    if (random_below(2) == 0 && input->size + size <= LARGEST) {
        memmove(input->bytes + to + size, input->bytes + to, input->size - to);
        input->size += size;
    }
    memcpy(input->bytes + to, other->bytes + from, size);
    input->size = input->size > to + size ? input->size : to + size;
}

static void mutate(struct input *input, const struct input *other)
{
    static const char telling[] = "[]{}:,-?&*!|>'\"%@`#~<$\\ \n\t\r\0a1\x80\xC3\xFF";
    uint32_t at = input->size > 0 ? random_below((uint32_t)input->size) : 0;

    if (input->size == 0 || random_below(4) == 0) {
        splice(input, other);
        return;
    }
    switch (random_below(3)) {
    case 0:
        input->bytes[at] = (uint8_t)telling[random_below(sizeof(telling) - 1)];
        break;
    case 1:
        input->bytes[at] ^= (uint8_t)(1U << random_below(8));
        break;
    default:
        memmove(input->bytes + at, input->bytes + at + 1, input->size - at - 1);
        input->size--;
        break;
    }
}

/* Runs the target on a copy of exactly the input's size, so that a sanitizer sees where it ends. */
static void run(const struct input *input)
{
    uint8_t *copy = mem_alloc(input->size);

    memcpy(copy, input->bytes, input->size);
    LLVMFuzzerTestOneInput(copy, input->size);
    free(copy);
}

int main(int count, char **arguments)
{
    unsigned long mutations = count > 2 ? strtoul(arguments[2], NULL, 10) : 0;
    struct input work = {.bytes = mem_alloc(LARGEST)};
    struct dirent **entries;
    struct input *inputs;
    int found;
    int i;

    if (count < 2 || (found = scandir(arguments[1], &entries, is_file, alphasort)) < 1) {
        fprintf(stderr, "usage: %s FOLDER [MUTATIONS [SEED]]\n", arguments[0]);
        return 64;
    }
    state = count > 3 ? strtoull(arguments[3], NULL, 10) : 1;
    inputs = mem_alloc_array((size_t)found, sizeof(*inputs));
    for (i = 0; i < found; i++) {
        inputs[i] = read_input(arguments[1], entries[i]->d_name);
        run(&inputs[i]);
        free(entries[i]);
    }
    free(entries);
    for (; mutations > 0; mutations--) {
        const struct input *first = &inputs[random_below((uint32_t)found)];
        uint32_t steps = 1 + random_below(8);

        work.size = first->size;
        memcpy(work.bytes, first->bytes, first->size);
        for (; steps > 0; steps--) {
            mutate(&work, &inputs[random_below((uint32_t)found)]);
        }
        run(&work);
    }
    for (i = 0; i < found; i++) {
        free(inputs[i].bytes);
    }
    free(inputs);
    free(work.bytes);
    return 0;
}
