/* From a request to its method, and the interface that every Varlink service has:
 * org.varlink.service, by which a client finds out about the others. */
#include "daemon/varlink_private.h"

#include <string.h>

static void on_get_info(struct varlink_call *call)
{
    const struct varlink_service *service = call->connection->server->service;
    json_t *names = json_array();

    json_array_append_new(names, json_string(varlink_service_interface.name));
    for (const struct varlink_interface *i = service->interfaces; i->name != NULL; i++) {
        json_array_append_new(names, json_string(i->name));
    }
    varlink_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", service->vendor, "product",
                                  service->product, "version", service->version, "url",
                                  service->url, "interfaces", names));
}

/* name need not end where length says. */
static const struct varlink_interface *find_interface(const struct varlink_service *service,
                                                      const char *name, size_t length)
{
    const struct varlink_interface *own = &varlink_service_interface;

    if (strlen(own->name) == length && memcmp(own->name, name, length) == 0) {
        return own;
    }
    for (const struct varlink_interface *i = service->interfaces; i->name != NULL; i++) {
        if (strlen(i->name) == length && memcmp(i->name, name, length) == 0) {
            return i;
        }
    }
    return NULL;
}

static void on_get_interface_description(struct varlink_call *call)
{
    const char *name = varlink_string(call, "interface");
    const struct varlink_interface *interface =
        find_interface(call->connection->server->service, name, strlen(name));

    if (interface == NULL) {
        varlink_error(call, VARLINK_INTERFACE_NOT_FOUND, json_pack("{s:s}", "interface", name));
        return;
    }
    varlink_reply(call, json_pack("{s:s}", "description", interface->description));
}

static const struct varlink_parameter description_parameters[] = {
    {.name = "interface", .kind = VARLINK_STRING, .required = true},
    {0},
};

static const struct varlink_method service_methods[] = {
    {.name = "GetInfo", .handle = on_get_info},
    {.name = "GetInterfaceDescription",
     .parameters = description_parameters,
     .handle = on_get_interface_description},
    {0},
};

const struct varlink_interface varlink_service_interface = {
    .name = "org.varlink.service",
    .description =
        "# What every Varlink service can be asked.\n"
        "interface org.varlink.service\n"
        "\n"
        "# Who made the service, and which interfaces it has.\n"
        "method GetInfo() -> (\n"
        "  vendor: string,\n"
        "  product: string,\n"
        "  version: string,\n"
        "  url: string,\n"
        "  interfaces: []string\n"
        ")\n"
        "\n"
        "# The description of an interface, in the language that this text is written in.\n"
        "method GetInterfaceDescription(interface: string) -> (description: string)\n"
        "\n"
        "error InterfaceNotFound (interface: string)\n"
        "\n"
        "error MethodNotFound (method: string)\n"
        "\n"
        "error MethodNotImplemented (method: string)\n"
        "\n"
        "error InvalidParameter (parameter: string)\n"
        "\n"
        "error PermissionDenied ()\n"
        "\n"
        "error ExpectedMore ()\n",
    .methods = service_methods,
};

bool varlink_frame_is_modest(const char *frame, size_t size)
{
    unsigned depth = 0;
    unsigned values = 0;
    bool in_string = false;

    for (size_t i = 0; i < size; i++) {
        char c = frame[i];

        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > VARLINK_MAX_DEPTH) {
                return false;
            }
            values++;
        } else if (c == '}' || c == ']') {
            depth--; /* below zero it wraps, and the next opening bracket is one too many */
        } else if (c == ',') {
            values++;
        }
        if (values > VARLINK_MAX_VALUES) {
            return false;
        }
    }
    return true;
}

/* Reads a flag of a request; it may be left out. */
static bool read_flag(const json_t *request, const char *name, bool *flag)
{
    const json_t *value = json_object_get(request, name);

    *flag = json_is_true(value);
    return value == NULL || json_is_null(value) || json_is_boolean(value);
}

static const struct varlink_method *find_method(const struct varlink_interface *interface,
                                                const char *name)
{
    for (const struct varlink_method *m = interface->methods; m->name != NULL; m++) {
        if (strcmp(m->name, name) == 0) {
            return m;
        }
    }
    return NULL;
}

/* Answers what no handler needs to see.  Returns the method to be handled, or NULL. */
static const struct varlink_method *admit(struct varlink_call *call, const char *name, bool upgrade)
{
    const struct varlink_service *service = call->connection->server->service;
    const char *dot = strrchr(name, '.');
    size_t length = dot != NULL ? (size_t)(dot - name) : 0;
    const struct varlink_interface *interface = find_interface(service, name, length);
    const struct varlink_method *method;
    const char *wrong;

    if (interface == NULL) {
        varlink_error(call, VARLINK_INTERFACE_NOT_FOUND,
                      json_pack("{s:s%}", "interface", name, dot != NULL ? length : strlen(name)));
        return NULL;
    }
    method = find_method(interface, dot + 1);
    if (method == NULL) {
        varlink_error(call, VARLINK_METHOD_NOT_FOUND, json_pack("{s:s}", "method", name));
        return NULL;
    }
    if (method->handle == NULL || upgrade) {
        varlink_error(call, VARLINK_METHOD_NOT_IMPLEMENTED, json_pack("{s:s}", "method", name));
        return NULL;
    }
    if (method->privileged && !varlink_require_privilege(call)) {
        return NULL;
    }
    wrong = varlink_parameters_check(method->parameters, call->parameters);
    if (wrong != NULL) {
        varlink_invalid_parameter(call, wrong);
        return NULL;
    }
    if (method->more == VARLINK_MUST_STREAM && !call->more) {
        varlink_error(call, VARLINK_EXPECTED_MORE, NULL);
        return NULL;
    }
    return method;
}

/* Fills in the call from the request.  Returns false when it is no request. */
static bool read_request(struct varlink_call *call, json_t *request, const char **name,
                         bool *upgrade)
{
    json_t *parameters = json_object_get(request, "parameters");

    *name = json_string_value(json_object_get(request, "method"));
    if (*name == NULL || !read_flag(request, "more", &call->more) ||
        !read_flag(request, "oneway", &call->oneway) || !read_flag(request, "upgrade", upgrade) ||
        (call->more && call->oneway)) {
        return false;
    }
    if (parameters == NULL || json_is_null(parameters)) {
        call->parameters = json_object();
    } else if (json_is_object(parameters)) {
        call->parameters = json_incref(parameters);
    }
    return call->parameters != NULL;
}

bool varlink_dispatch(struct varlink_connection *conn, const char *frame, size_t size)
{
    struct varlink_call *call = &conn->call;
    const char *name = NULL;
    bool upgrade = false;
    json_t *request = NULL;

    if (varlink_frame_is_modest(frame, size)) {
        request = json_loadb(frame, size, JSON_REJECT_DUPLICATES, NULL);
    }
    *call = (struct varlink_call){
        .connection = conn, .peer = conn->peer, .context = conn->server->context};
    if (!read_request(call, request, &name, &upgrade)) {
        json_decref(request);
        return false;
    }
    call->active = true;
    call->method = admit(call, name, upgrade);
    json_decref(request); /* the call has its own reference to the parameters */
    if (call->method != NULL) {
        if (call->method->more == VARLINK_ONE_REPLY) {
            call->more = false;
        }
        call->method->handle(call);
    }
    return true;
}
