#include "components/file/file_trouble.h"

#include <string.h>

#include "components/util/alarm.h"
#include "graph/backoff.h"
#include "graph/component.h"

#define PAUSE_FIRST 0.1 /* seconds */
#define PAUSE_MOST  10.0
#define CALM        60.0 /* seconds without trouble after which the pauses begin anew */

void trouble_note(struct file_trouble *trouble, struct component *self, const char *path,
                  const char *deed, int error, uint32_t dropped)
{
    const double now = steady_now();

    if (trouble->error == 0) {
        trouble->since = now;
        trouble->dropped = dropped;
        if (now - trouble->over > CALM) {
            trouble->pause = 0;
        }
    }
    if (error != trouble->error) {
        component_log(self, LOG_LEVEL_WARNING,
                      "could not %s %s: %s; what comes waits, and it is tried again", deed, path,
                      strerror(error));
    }
    trouble->error = error;
    trouble->deed = deed;
    trouble->pause = backoff_next(trouble->pause, PAUSE_FIRST, PAUSE_MOST);
    trouble->retry_at = now + trouble->pause;
}

void trouble_end(struct file_trouble *trouble, struct component *self, const char *path,
                 uint32_t dropped)
{
    double seconds;

    if (trouble->error == 0) {
        return;
    }
    trouble->over = steady_now();
    seconds = trouble->over - trouble->since;
    if (dropped != trouble->dropped) {
        component_log(self, LOG_LEVEL_NOTICE,
                      "writes to %s again after %.1f s; %u messages were dropped meanwhile", path,
                      seconds, dropped - trouble->dropped);
    } else {
        component_log(self, LOG_LEVEL_NOTICE, "writes to %s again after %.1f s; nothing was lost",
                      path, seconds);
    }
    trouble->error = 0;
    trouble->retry_at = 0;
}
