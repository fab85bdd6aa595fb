/* Values: addresses, and hosts without a port. */
#include "graph/value_private.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool set_address(struct address *address, enum address_kind kind, const char *text,
                        size_t size)
{
    if (size >= sizeof(address->text)) {
        return false;
    }
    *address = (struct address){.kind = kind};
    memcpy(address->text, text, size);
    return true;
}

/* An IPv6 address, perhaps with a scope after %. */
static bool read_inet6(const char *text, size_t size, struct address *address)
{
    const char *scope = memchr(text, '%', size);
    size_t host_size = scope != NULL ? (size_t)(scope - text) : size;
    unsigned char binary[16];
    char host[64] = "";
    size_t i;

    if (host_size >= sizeof(host)) {
        return false;
    }
    memcpy(host, text, host_size);
    if (inet_pton(AF_INET6, host, binary) != 1) {
        return false;
    }
    if (scope != NULL && (size - host_size < 2 || size - host_size > 16)) {
        return false;
    }
    for (i = host_size + 1; i < size; i++) {
        if (strchr("._-", text[i]) == NULL && !isalnum((unsigned char)text[i])) {
            return false;
        }
    }
    return set_address(address, ADDRESS_INET6, text, size);
}

/* A name as in the DNS: labels of letters, digits, - and _, with dots between. */
static bool is_host_name(const char *text, size_t size)
{
    size_t label = 0;
    bool has_letter = false;
    size_t i;

    if (size == 0 || size > 253) {
        return false;
    }
    for (i = 0; i < size; i++) {
        unsigned char letter = (unsigned char)text[i];

        if (letter == '.' && label > 0) {
            label = 0;
            continue;
        }
        if ((letter >= 0x80 || !isalnum(letter)) && letter != '-' && letter != '_') {
            return false;
        }
        has_letter = has_letter || !value_is_digit(text[i]);
        if (++label > 63) {
            return false;
        }
    }
    return has_letter; /* digits and dots alone are an IPv4 address gone wrong */
}

static bool read_host(const char *text, size_t size, struct address *address)
{
    unsigned char binary[4];
    char host[16] = "";

    if (size < sizeof(host)) {
        memcpy(host, text, size);
        if (inet_pton(AF_INET, host, binary) == 1) {
            return set_address(address, ADDRESS_INET, text, size);
        }
    }
    return is_host_name(text, size) && set_address(address, ADDRESS_HOST, text, size);
}

static bool read_port(const char *text, uint16_t *port)
{
    uint64_t number;

    if (strlen(text) > 5 || !value_read_digits(text, 10, &number) || number > UINT16_MAX) {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

static bool read_unix(const char *path, struct address *address, struct accepted *accepted)
{
    const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    bool abstract = path[0] == '@';
    size_t size = strlen(path);

    if (size > most) {
        return value_reject(accepted, "an address; a path after \"unix:\" has at most %zu bytes",
                            most);
    }
    if ((path[0] != '/' && !abstract) || size < 2) {
        return value_reject(accepted,
                            "an address; after \"unix:\" comes an absolute path, or @ and a "
                            "name");
    }
    path += abstract;
    set_address(address, abstract ? ADDRESS_ABSTRACT : ADDRESS_UNIX, path, strlen(path));
    return true;
}

static bool read_systemd(const char *name, struct address *address, struct accepted *accepted)
{
    size_t size = strlen(name);
    size_t i;

    for (i = 0; i < size; i++) {
        if (name[i] <= ' ' || name[i] > '~' || name[i] == ':') {
            break;
        }
    }
    if (size == 0 || i < size || !set_address(address, ADDRESS_SYSTEMD, name, size)) {
        return value_reject(accepted, "an address; after \"systemd:\" comes the name of a socket");
    }
    return true;
}

bool value_address(const char *text, struct address *address, struct accepted *accepted)
{
    const char *colon = strrchr(text, ':');
    size_t host_size;
    uint16_t port;
    bool good;

    if (strncmp(text, "unix:", 5) == 0) {
        return read_unix(text + 5, address, accepted);
    }
    if (strncmp(text, "systemd:", 8) == 0) {
        return read_systemd(text + 8, address, accepted);
    }
    if (colon == NULL || strchr(colon, ']') != NULL) {
        return value_reject(accepted,
                            "an address with its port, such as 127.0.0.1:8080 or [::1]:80, or "
                            "unix:/run/x.sock");
    }
    host_size = (size_t)(colon - text);
    if (!read_port(colon + 1, &port)) {
        return value_reject(accepted, "an address whose port is a number from 0 to 65535");
    }
    if (text[0] != '[' && memchr(text, ':', host_size) != NULL) {
        return value_reject(accepted, "an address; an IPv6 one has brackets, as in [::1]:80");
    }
    if (text[0] == '[') {
        good = host_size > 2 && colon[-1] == ']' && read_inet6(text + 1, host_size - 2, address);
    } else {
        good = read_host(text, host_size, address);
    }
    if (!good) {
        return value_reject(accepted,
                            "an address, such as 127.0.0.1:8080, [::1]:80, example.org:80 or "
                            "unix:/run/x.sock");
    }
    address->port = port;
    return true;
}

bool value_host(const char *text, struct address *address, struct accepted *accepted)
{
    size_t size = strlen(text);
    bool good;

    if (size > 2 && text[0] == '[' && text[size - 1] == ']') {
        good = read_inet6(text + 1, size - 2, address);
    } else if (strchr(text, ':') != NULL) {
        good = read_inet6(text, size, address);
    } else {
        good = read_host(text, size, address);
    }
    return good ||
           value_reject(accepted, "a host without a port, such as 127.0.0.1, ::1 or example.org");
}

struct value_text value_show_address(const struct address *address)
{
    struct value_text shown = {0};
    size_t room = sizeof(shown.text);

    switch (address->kind) {
    case ADDRESS_INET:
    case ADDRESS_HOST:
        snprintf(shown.text, room, "%s:%u", address->text, (unsigned)address->port);
        break;
    case ADDRESS_INET6:
        snprintf(shown.text, room, "[%s]:%u", address->text, (unsigned)address->port);
        break;
    case ADDRESS_UNIX:
        snprintf(shown.text, room, "unix:%s", address->text);
        break;
    case ADDRESS_ABSTRACT:
        snprintf(shown.text, room, "unix:@%s", address->text);
        break;
    case ADDRESS_SYSTEMD:
        snprintf(shown.text, room, "systemd:%s", address->text);
        break;
    }
    return shown;
}
