/* The head of an HTTP/1 request (RFC 9112), for components that answer what is asked with GET.
 *
 *     GET /metrics?x=y HTTP/1.1\r\n
 *     Host: …\r\n
 *     \r\n                              ◄── http_head_end()
 *
 * What is not quite right is refused, with the status to answer; nothing is guessed. */
#ifndef AXOND_COMPONENTS_PROTOCOL_HTTP_REQUEST_H
#define AXOND_COMPONENTS_PROTOCOL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
    unsigned status; /* 0: sound; else what to answer, and the connection is to be closed */
    enum http_method method;
    const char *path; /* of the target, without its query; not decoded; in the head */
    size_t path_size;
    bool keep_alive;
    uint64_t body_size; /* bytes that follow the head */
    /* Of the media types that one may ask for by Accept, each from 0 (or not named) to 1. */
    double wants_text;        /* text/plain, by any name that covers it */
    double wants_openmetrics; /* application/openmetrics-text, version 1.0.0 or any */
};

/* Where the head ends, behind the empty line: bytes from the start; 0: not yet.  from: bytes that
 * were looked at before. */
size_t http_head_end(const char *bytes, size_t size, size_t from);

/* Reads a whole head, of so many bytes.  head is changed. */
struct http_request http_request_parse(char *head, size_t size);

/* "Not Found" */
const char *http_reason(unsigned status);

#endif
