#include "graph/parcel.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *parcel_extend(struct parcel *parcel, size_t size)
{
    void *place;

    if (parcel->capacity - parcel->size < size) {
        parcel->capacity = (parcel->size + size) * 2;
        parcel->bytes = mem_resize_array(parcel->bytes, parcel->capacity, 1);
    }
    place = parcel->bytes + parcel->size;
    parcel->size += size;
    return place;
}

void parcel_put(struct parcel *parcel, const void *bytes, size_t size)
{
    if (size > 0) {
        memcpy(parcel_extend(parcel, size), bytes, size);
    }
}

void parcel_put_number(struct parcel *parcel, uint64_t number)
{
    parcel_put(parcel, &number, sizeof(number));
}

void parcel_put_text(struct parcel *parcel, const char *text)
{
    parcel_put_number(parcel, strlen(text) + 1);
    parcel_put(parcel, text, strlen(text) + 1);
}

void parcel_put_fd(struct parcel *parcel, int fd)
{
    if (parcel->fd_count < PARCEL_FDS) {
        parcel->fds[parcel->fd_count++] = fd;
    } else {
        parcel->is_bad = true;
    }
}

const void *parcel_get(struct parcel *parcel, size_t size)
{
    const void *place = parcel->bytes + parcel->read;

    if (parcel->is_bad || parcel->size - parcel->read < size) {
        parcel->is_bad = true;
        return NULL;
    }
    parcel->read += size;
    return place;
}

uint64_t parcel_get_number(struct parcel *parcel)
{
    uint64_t number = 0;
    const void *place = parcel_get(parcel, sizeof(number));

    if (place != NULL) {
        memcpy(&number, place, sizeof(number));
    }
    return number;
}

const char *parcel_get_text(struct parcel *parcel)
{
    const size_t size = parcel_get_number(parcel);
    const char *text = size > 0 ? parcel_get(parcel, size) : NULL;

    if (text == NULL || text[size - 1] != '\0') {
        parcel->is_bad = true;
        return "";
    }
    return text;
}

int parcel_get_fd(struct parcel *parcel)
{
    int fd;

    if (parcel->fds_read == parcel->fd_count) {
        parcel->is_bad = true;
        return -1;
    }
    fd = parcel->fds[parcel->fds_read];
    parcel->fds[parcel->fds_read++] = -1;
    return fd;
}

bool parcel_is_at_end(const struct parcel *parcel)
{
    return parcel->is_bad || parcel->read == parcel->size;
}

void parcel_deinit(struct parcel *parcel, bool was_received)
{
    for (unsigned i = 0; was_received && i < parcel->fd_count; i++) {
        if (parcel->fds[i] != -1) {
            (void)close(parcel->fds[i]);
        }
    }
    free(parcel->bytes);
    *parcel = (struct parcel){0};
}
