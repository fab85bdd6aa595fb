/* What the files of axonctl top share. */
#ifndef AXOND_DAEMON_CTL_TOP_H
#define AXOND_DAEMON_CTL_TOP_H

#include "daemon/ctl.h"
#include "daemon/top_view.h"

struct top_screen;

struct top_output {
    struct top_view view;
    struct top_screen *screen; /* NULL: lines are printed */
    struct ctl_terminal terminal;
    long long shown; /* replies */
    long long most;  /* then it ends; -1: any number */
};

/* Takes the terminal over if stdin and stdout are one that has a screen, and sets .screen. */
void ctl_top_screen_open(struct top_output *output, struct ctl *ctl);

/* Shows the view. */
void ctl_top_screen_draw(struct top_output *output);

/* What comes is not to be shown: somebody still looks at what is there. */
bool ctl_top_screen_is_held(const struct top_output *output);

/* Gives it back; without a screen it does nothing. */
void ctl_top_screen_close(struct top_output *output);

#endif
