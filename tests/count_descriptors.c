#include "tests/count_descriptors.h"

#include <dirent.h>

#include "tests/unit.h"

int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(directory);
    while (readdir(directory) != NULL) {
        count++;
    }
    (void)closedir(directory);
    return count - 3; /* "." and "..", and the directory itself */
}
