/* axonctl: shows what happens inside axond, and changes it. */
#include "daemon/ctl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nobody reading what we print is a way of saying "enough". */
static enum ctl_status finish_output(enum ctl_status status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return status;
    }
    if (errno == EPIPE || errno == 0) {
        return status;
    }
    ctl_complain("cannot write: %s", strerror(errno));
    return CTL_REFUSED;
}

int main(int argc, char **argv)
{
    struct ctl ctl = {.fd = -1};
    enum ctl_status status;

    signal(SIGPIPE, SIG_IGN);                             /* writing tells */
    if (argc > 1 && strcmp(argv[1], "--complete") == 0) { /* said by shells only */
        ctl_complete(&ctl, argc - 2, argv + 2);
        return CTL_DONE;
    }
    status = ctl_parse(&ctl, argc, argv);
    if (status != CTL_DONE) {
        return (int)status;
    }
    if (ctl.help && ctl.command != NULL) {
        ctl_print_command_help(ctl.command);
    } else if (ctl.help) {
        ctl_print_help();
    } else if (ctl.version) {
        printf("axonctl %s\n", AXOND_VERSION);
    } else {
        status = ctl.command->run(&ctl);
    }
    if (ctl.fd != -1) {
        close(ctl.fd);
    }
    return (int)finish_output(status);
}
