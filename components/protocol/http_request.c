#include "components/protocol/http_request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BAD_REQUEST = 400,
    CONTENT_TOO_LARGE = 413,
    NOT_IMPLEMENTED = 501,
    VERSION_NOT_SUPPORTED = 505,
};

/* ---- lines */

size_t http_head_end(const char *bytes, size_t size, size_t from)
{
    size_t at = from > 3 ? from - 3 : 0; /* the end may have begun there */
    const char *newline;

    while (at < size && (newline = memchr(bytes + at, '\n', size - at)) != NULL) {
        at = (size_t)(newline - bytes) + 1;
        if (at < size && bytes[at] == '\n') {
            return at + 1;
        }
        if (at + 1 < size && bytes[at] == '\r' && bytes[at + 1] == '\n') {
            return at + 2;
        }
    }
    return 0;
}

/* Cuts the next line off: without its end, and with a NUL in the place of that.  NULL: bytes that
 * have no place in a head. */
static char *next_line(char **rest, const char *end)
{
    char *line = *rest;
    char *newline = memchr(line, '\n', (size_t)(end - line));
    char *stop = newline;

    *rest = newline + 1;
    if (stop > line && stop[-1] == '\r') {
        stop--;
    }
    *stop = '\0';
    for (const char *c = line; c < stop; c++) {
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f) {
            return NULL;
        }
    }
    return line;
}

/* ---- the first line */

static bool is_token(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static unsigned read_version(struct http_request *request, const char *version)
{
    if (strncmp(version, "HTTP/", 5) != 0 || !isdigit((unsigned char)version[5]) ||
        version[6] != '.' || !isdigit((unsigned char)version[7]) || version[8] != '\0') {
        return BAD_REQUEST;
    }
    if (version[5] != '1') {
        return VERSION_NOT_SUPPORTED;
    }
    request->keep_alive = version[7] != '0';
    return 0;
}

/* "/metrics?query", or "http://host/metrics?query". */
static void read_target(struct http_request *request, const char *target)
{
    const char *scheme = strstr(target, "://");

    if (target[0] != '/' && scheme != NULL) {
        target = scheme + 3 + strcspn(scheme + 3, "/?");
    }
    request->path = target;
    request->path_size = strcspn(target, "?#");
}

static unsigned read_first_line(struct http_request *request, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;

    if (version == NULL || target == line || version == target + 1) {
        return BAD_REQUEST;
    }
    *target++ = '\0';
    *version++ = '\0';
    for (const char *c = line; *c != '\0'; c++) {
        if (!is_token(*c)) {
            return BAD_REQUEST;
        }
    }
    request->method = strcmp(line, "GET") == 0    ? HTTP_GET
                      : strcmp(line, "HEAD") == 0 ? HTTP_HEAD
                                                  : HTTP_OTHER;
    read_target(request, target);
    return read_version(request, version);
}

/* ---- fields */

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* The text without the space around it; changed. */
static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && is_space(end[-1])) {
        end--;
    }
    *end = '\0';
    return text + strspn(text, " \t");
}

/* The next element of a list, or NULL at the end.  Changes the list. */
static char *next_element(char **rest, char separator)
{
    char *element = *rest;
    char *end = element != NULL ? strchr(element, separator) : NULL;

    *rest = end != NULL ? end + 1 : NULL;
    if (end != NULL) {
        *end = '\0';
    }
    return element != NULL ? trim(element) : NULL;
}

static unsigned read_connection(struct http_request *request, char *value)
{
    const char *option;

    while ((option = next_element(&value, ',')) != NULL) {
        if (strcasecmp(option, "close") == 0) {
            request->keep_alive = false;
            return 0;
        }
        if (strcasecmp(option, "keep-alive") == 0) {
            request->keep_alive = true;
        }
    }
    return 0;
}

static unsigned read_content_length(struct http_request *request, const char *value)
{
    const size_t size = strlen(value);

    if (size == 0 || strspn(value, "0123456789") != size) {
        return BAD_REQUEST;
    }
    if (size > 15) {
        return CONTENT_TOO_LARGE;
    }
    request->body_size = strtoull(value, NULL, 10);
    return 0;
}

/* As RFC 9110 writes a weight, "0.875", whatever the locale. */
static double read_weight(const char *text)
{
    double weight = text[0] == '1' ? 1 : 0;
    double place = 0.1;

    if (text[0] == '0' && text[1] == '.') {
        for (text += 2; isdigit((unsigned char)*text) && place > 0.0005; text++) {
            weight += place * (*text - '0');
            place /= 10;
        }
    }
    return weight;
}

/* The weight that a media type's parameters give it; 0 if they want another version. */
static double weigh(char *parameters, const char *version)
{
    double weight = 1;
    const char *parameter;

    while ((parameter = next_element(&parameters, ';')) != NULL) {
        if (strncasecmp(parameter, "q=", 2) == 0) {
            weight = read_weight(parameter + 2);
        } else if (strncasecmp(parameter, "version=", 8) == 0 &&
                   strcmp(parameter + 8, version) != 0) {
            return 0;
        }
    }
    return weight;
}

static void raise_to(double *to, double weight)
{
    *to = weight > *to ? weight : *to;
}

static unsigned read_accept(struct http_request *request, char *value)
{
    char *range;

    while ((range = next_element(&value, ',')) != NULL) {
        char *parameters = range;
        const char *type = next_element(&parameters, ';');

        if (strcasecmp(type, "application/openmetrics-text") == 0) {
            raise_to(&request->wants_openmetrics, weigh(parameters, "1.0.0"));
        } else if (strcasecmp(type, "text/plain") == 0 || strcasecmp(type, "text/*") == 0 ||
                   strcmp(type, "*/*") == 0) {
            raise_to(&request->wants_text, weigh(parameters, "0.0.4"));
        }
    }
    return 0;
}

/* Which of the fields that may be there once have been there. */
struct seen {
    bool host;
    bool content_length;
};

static unsigned read_field(struct http_request *request, char *line, struct seen *seen)
{
    char *value = strchr(line, ':');
    const char *name = line;

    if (value == NULL || value == line) {
        return BAD_REQUEST;
    }
    *value++ = '\0';
    for (const char *c = name; *c != '\0'; c++) {
        if (!is_token(*c)) { /* a space before the colon, or a line that goes on: both are traps */
            return BAD_REQUEST;
        }
    }
    value = trim(value);
    if (strcasecmp(name, "Host") == 0) {
        const bool is_second = seen->host;

        seen->host = true;
        return is_second ? BAD_REQUEST : 0;
    }
    if (strcasecmp(name, "Content-Length") == 0) {
        const bool is_second = seen->content_length;

        seen->content_length = true;
        return is_second ? BAD_REQUEST : read_content_length(request, value);
    }
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        return NOT_IMPLEMENTED; /* nobody need send a body here */
    }
    if (strcasecmp(name, "Connection") == 0) {
        return read_connection(request, value);
    }
    if (strcasecmp(name, "Accept") == 0) {
        return read_accept(request, value);
    }
    return 0;
}

struct http_request http_request_parse(char *head, size_t size)
{
    struct http_request request = {.path = ""};
    struct seen seen = {false, false};
    const char *end = head + size;
    char *line = next_line(&head, end);
    bool has_to_have_host;

    request.status = line != NULL ? read_first_line(&request, line) : BAD_REQUEST;
    has_to_have_host = request.keep_alive; /* HTTP/1.1 */
    while (request.status == 0 && head < end) {
        line = next_line(&head, end);
        if (line == NULL) {
            request.status = BAD_REQUEST;
        } else if (line[0] != '\0') {
            request.status = read_field(&request, line, &seen);
        }
    }
    if (request.status == 0 && has_to_have_host && !seen.host) {
        request.status = BAD_REQUEST;
    }
    request.keep_alive = request.keep_alive && request.status == 0;
    return request;
}

const char *http_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Error";
}
