#include "tests/folder.h"

#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

#include "tests/unit.h"

static char folder[64];

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
    return remove(path);
}

void folder_remove(void)
{
    if (folder[0] != '\0') {
        (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        folder[0] = '\0';
    }
}

void folder_make(void)
{
    folder_remove();
    (void)strcpy(folder, "/tmp/axond-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

const char *folder_path(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    assert_in_range(snprintf(path, sizeof(paths[0]), "%s/%s", folder, name), 1,
                    sizeof(paths[0]) - 1);
    return path;
}

static void write_text(const char *name, const char *text, int how)
{
    const int fd = open(folder_path(name), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0600);

    assert_return_code(fd, 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

void folder_put(const char *name, const char *text)
{
    write_text(name, text, O_TRUNC);
}

void folder_add(const char *name, const char *text)
{
    write_text(name, text, O_APPEND);
}

void folder_rename(const char *from, const char *to)
{
    assert_return_code(rename(folder_path(from), folder_path(to)), 0);
}

const char *folder_text(const char *name)
{
    static char text[256 * 1024];
    const int fd = open(folder_path(name), O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd == -1) {
        return NULL;
    }
    got = read(fd, text, sizeof(text) - 1);
    assert_return_code(got, 0);
    text[got] = '\0';
    close(fd);
    return text;
}
