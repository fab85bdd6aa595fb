/* axond: reads a graph of components from a YAML file and runs it.  See README.md. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "components/component_types.h"
#include "daemon/check.h"
#include "daemon/daemon.h"
#include "daemon/schema.h"
#include "graph/error.h"
#include "graph/plan.h"

static int print_schema(void)
{
    json_t *schema = schema_create(component_types, settings_table);
    const bool is_written = json_dumpf(schema, stdout, JSON_INDENT(1)) == 0 &&
                            fputc('\n', stdout) != EOF && fflush(stdout) == 0;

    if (!is_written) {
        (void)fprintf(stderr, "axond: cannot write the schema: %s\n", strerror(errno));
    }
    json_decref(schema);
    return is_written ? EXIT_SUCCESS : EXIT_NO_START;
}

int main(int argc, char **argv)
{
    struct daemon daemon = {0};
    struct errors *errors;
    struct plan *plan;
    int status;

    if (!options_read(&daemon.options, argc, argv, &status)) {
        return status;
    }
    if (daemon.options.schema) {
        return print_schema();
    }
    (void)signal(SIGPIPE, SIG_IGN); /* writing tells: EPIPE */
    (void)signal(SIGXFSZ, SIG_IGN); /* likewise: EFBIG, at the limit of a file's size */
    if (log_open(daemon.options.target) < 0) {
        log_event(LOG_LEVEL_WARNING, NULL, "there is no journal here; logging to stderr");
    }
    if (daemon.options.has_level) {
        log_set_level(daemon.options.level);
    }
    if (daemon.options.check) {
        return check_graphs(&daemon.options);
    }
    errors = errors_create();
    plan = daemon_load(&daemon.options, &daemon.settings, errors);
    errors_print(errors, stderr, log_has_colour());
    errors_destroy(errors);
    if (plan == NULL) {
        return EXIT_BAD_GRAPH;
    }
    status = EXIT_NO_START;
    if (daemon_start(&daemon, plan)) {
        daemon_run(&daemon);
        status = daemon.status;
    }
    daemon_finish(&daemon);
    log_close();
    return status;
}
