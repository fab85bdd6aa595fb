/* A call's replies. */
#include "daemon/varlink_private.h"

#include <errno.h>

void varlink_call_end(struct varlink_call *call)
{
    if (!call->active) {
        return;
    }
    call->active = false;
    call->produce = NULL;
    if (call->on_end != NULL) {
        call->on_end(call);
    }
    json_decref(call->parameters);
    call->parameters = NULL;
}

/* Takes over parameters. */
static void send_reply(struct varlink_call *call, const char *error, json_t *parameters,
                       bool continues)
{
    json_t *message;

    if (parameters == NULL) {
        parameters = json_object();
    }
    message = error != NULL ? json_pack("{s:s}", "error", error) : json_object();
    if (call->oneway || message == NULL || !call->active) {
        json_decref(parameters);
        json_decref(message);
        return;
    }
    json_object_set_new(message, "parameters", parameters);
    if (continues) {
        json_object_set_new(message, "continues", json_true());
    }
    varlink_connection_send(call->connection, message);
    json_decref(message);
}

void varlink_reply(struct varlink_call *call, json_t *parameters)
{
    send_reply(call, NULL, parameters, false);
    varlink_call_end(call);
}

int varlink_reply_continues(struct varlink_call *call, json_t *parameters)
{
    struct varlink_connection *conn = call->connection;

    if (!conn->lost && varlink_connection_pending(conn) > conn->server->max_output) {
        varlink_connection_lose(conn);
    }
    if (conn->lost) {
        json_decref(parameters);
        return -EPIPE;
    }
    send_reply(call, NULL, parameters, true);
    return conn->lost ? -EPIPE : 0;
}

void varlink_call_produce(struct varlink_call *call, void (*produce)(struct varlink_call *call))
{
    struct varlink_connection *conn = call->connection;

    call->produce = produce;
    varlink_server_nudge(conn->server, conn);
}

void varlink_error(struct varlink_call *call, const char *name, json_t *parameters)
{
    send_reply(call, name, parameters, false);
    varlink_call_end(call);
}

void varlink_invalid_parameter(struct varlink_call *call, const char *parameter)
{
    varlink_error(call, VARLINK_INVALID_PARAMETER, json_pack("{s:s}", "parameter", parameter));
}

bool varlink_require_privilege(struct varlink_call *call)
{
    if (call->peer.privileged) {
        return true;
    }
    varlink_error(call, VARLINK_PERMISSION_DENIED, NULL);
    return false;
}

bool varlink_call_has_room(const struct varlink_call *call)
{
    const struct varlink_connection *conn = call->connection;

    return !conn->lost && varlink_connection_pending(conn) < conn->server->max_output / 4;
}
