/* ServerCore's table and the graph that it stands for. */
#include <stdio.h>
#include <string.h>

#include "components/chassis/server_core.h"
#include "tests/unit.h" /* cmocka and the headers it wants first */

static void test_every_parameter_is_handed_on_to_a_part(void **context)
{
    for (const struct param_spec *spec = server_core_parameters; spec->name != NULL; spec++) {
        char use[80];

        (void)snprintf(use, sizeof(use), ": ${param:%s}\n", spec->name);

        if (strstr(server_core_definition, use) == NULL) {
            fail_msg("the definition says nothing of %s", spec->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_parameter_is_handed_on_to_a_part),
    };

    return cmocka_run_group_tests_name("server_core", tests, NULL, NULL);
}
