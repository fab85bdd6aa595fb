/* control: io.axond, as the daemon serves it on its control socket (io.axond.varlink). */
#ifndef AXOND_DAEMON_CONTROL_H
#define AXOND_DAEMON_CONTROL_H

#include <stdbool.h>

struct component;
struct control;
struct control_settings;
struct daemon;
struct descriptors;

/* Opens the socket that command line or file name, into daemon->control.  Where neither names one
 * and the default can't be had, the daemon runs without: that is logged.
 * Returns false when the one that was named can't be opened, after logging why. */
bool control_open(struct daemon *daemon);

/* Hands the socket on to another process (upgrade.h): adds it to what that gets; then listens no
 * longer, while who is connected stays. */
void control_pass(const struct control *control, struct descriptors *to);
void control_let_go(struct control *control);

/* The socket that another process passed is ours now, with its path. */
void control_own(struct control *control);

/* Answers what waits, and closes the socket.  NULL is fine, here and below. */
void control_close(struct control *control);

/* A reload brought these settings; the socket is not opened anew, and if it should, that is logged.
 */
void control_settings_changed(struct control *control, const struct control_settings *settings);

/* What goes to the subscribers of Events.  path may be NULL. */
void control_component_changed(struct control *control, const struct component *component);
void control_warned(struct control *control, const char *path, const char *text);
void control_reloading(struct control *control);
void control_reloaded(struct control *control, bool done, const char *text);
void control_draining(struct control *control);
void control_graph_ended(struct control *control, bool is_earlier);

#endif
