/* axond: reads a graph of components from a YAML file and runs it.  See README.md. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/daemon.h"
#include "graph/error.h"
#include "graph/plan.h"

int main(int argc, char **argv)
{
    struct daemon daemon = {0};
    struct errors *errors;
    struct plan *plan;
    int status;

    if (!options_read(&daemon.options, argc, argv, &status)) {
        return status;
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
        status = EXIT_SUCCESS;
    }
    daemon_finish(&daemon);
    log_close();
    return status;
}
