/* control: io.axond, as the daemon serves it on its control socket (io.axond.varlink). */
#ifndef AXOND_DAEMON_CONTROL_H
#define AXOND_DAEMON_CONTROL_H

#include <stdbool.h>

struct component;
struct control;
struct daemon;

/* Opens the socket that command line or file name, into daemon->control.  Where neither names one
 * and the default can't be had, the daemon runs without: that is logged.
 * Returns false when the one that was named can't be opened, after logging why. */
bool control_open(struct daemon *daemon);

/* NULL is fine, here and below. */
void control_close(struct control *control);

/* What goes to the subscribers of Events. */
void control_component_changed(struct control *control, const struct component *component);
void control_reloaded(struct control *control, bool done, const char *text);
void control_draining(struct control *control);

#endif
