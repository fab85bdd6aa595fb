#include "daemon/control.h"

#include "daemon/daemon.h"

bool control_open(struct daemon *daemon)
{
    return true;
}

void control_close(struct control *control)
{
}

void control_component_changed(struct control *control, const struct component *component)
{
}

void control_reloaded(struct control *control, bool done, const char *text)
{
}

void control_draining(struct control *control)
{
}
