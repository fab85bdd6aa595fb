#include "daemon/manager.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SYSTEMD  "org.freedesktop.systemd1"
#define OBJECT   "/org/freedesktop/systemd1"
#define PATIENCE 2000000 /* us, for each answer */

/* The object of the unit that we are; to be freed.  Returns 0 or more, or -errno. */
static int find_unit(sd_bus *bus, char **unit)
{
    sd_bus_message *reply = NULL;
    const char *path;
    int result = sd_bus_call_method(bus, SYSTEMD, OBJECT, SYSTEMD ".Manager", "GetUnitByPID", NULL,
                                    &reply, "u", (uint32_t)0); /* whoever asks */

    if (result >= 0) {
        result = sd_bus_message_read(reply, "o", &path);
    }
    if (result >= 0) {
        *unit = mem_strdup(path);
    }
    (void)sd_bus_message_unref(reply);
    return result;
}

/* What is being done with the unit. */
static int read_job(sd_bus *bus, const char *unit, struct manager_answer *answer)
{
    sd_bus_message *reply = NULL;
    const char *job = NULL;
    char *type = NULL;
    uint32_t id = 0;
    int result =
        sd_bus_get_property(bus, SYSTEMD, unit, SYSTEMD ".Unit", "Job", NULL, &reply, "(uo)");

    if (result >= 0) {
        result = sd_bus_message_read(reply, "(uo)", &id, &job);
    }
    if (result >= 0 && id != 0) { /* else nothing: we were sent a signal by somebody */
        result =
            sd_bus_get_property_string(bus, SYSTEMD, job, SYSTEMD ".Job", "JobType", NULL, &type);
    }
    answer->is_restart = result >= 0 && type != NULL && strcmp(type, "restart") == 0;
    free(type);
    (void)sd_bus_message_unref(reply);
    return result;
}

static int read_room(sd_bus *bus, const char *unit, struct manager_answer *answer)
{
    uint32_t most = 0;
    uint32_t used = 0;
    int result = sd_bus_get_property_trivial(bus, SYSTEMD, unit, SYSTEMD ".Service",
                                             "FileDescriptorStoreMax", NULL, 'u', &most);

    if (result >= 0) {
        result = sd_bus_get_property_trivial(bus, SYSTEMD, unit, SYSTEMD ".Service",
                                             "NFileDescriptorStore", NULL, 'u', &used);
    }
    answer->has_room = result >= 0 && used < most;
    return result;
}

int manager_ask(struct manager_answer *answer)
{
    sd_bus *bus = NULL;
    char *unit = NULL;
    int result = sd_bus_open_system(&bus);

    *answer = (struct manager_answer){0};
    if (result >= 0) {
        result = sd_bus_set_method_call_timeout(bus, PATIENCE);
    }
    if (result >= 0) {
        result = find_unit(bus, &unit);
    }
    if (result >= 0) {
        result = read_job(bus, unit, answer);
    }
    if (result >= 0 && answer->is_restart) {
        result = read_room(bus, unit, answer);
    }
    free(unit);
    (void)sd_bus_flush_close_unref(bus);
    return result < 0 ? result : 0;
}
