/* A Varlink server with a small service of its own, and clients in the same process: the loop runs
 * only while a client waits. */
#ifndef TESTS_VARLINK_FIXTURE_H
#define TESTS_VARLINK_FIXTURE_H

#include "daemon/varlink_private.h"

enum { CLIENTS = 4, REQUEST = 4096, OUTPUT = 64 << 10 }; /* the most that the service allows */

struct fixture {
    struct ev_loop *loop;
    struct varlink_server *server;
    char folder[64];
    char path[80];
    struct varlink_call *waiting; /* a call of Wait */
    int ended;                    /* calls of on_end */
    int told;                     /* replies of Flood that were taken */
    int lost;                     /* replies of Flood that were not */
    int notes;
};

extern const struct varlink_service service;

int set_up(void **context);
int tear_down(void **context);

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

/* A client's descriptor. */
int join(struct fixture *f);
int join_path(const char *path);

/* Runs the loop for as long as there is something to do at once. */
void settle(struct fixture *f);

/* Sends bytes, with the loop running as long as they do not fit.  Returns how many were taken. */
size_t say_bytes(struct fixture *f, int fd, const char *bytes, size_t size);

/* Sends a text with its NUL. */
void say(struct fixture *f, int fd, const char *text);

/* Waits for one message.  Returns it, to be freed; NULL when the server has hung up. */
char *hear(struct fixture *f, int fd);

/* Waits for this message, or for the server to hang up; expects that nothing comes. */
void expect(struct fixture *f, int fd, const char *text);
void expect_hang_up(struct fixture *f, int fd);
void expect_silence(struct fixture *f, int fd);

#define ECHO(text)   "{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":\"" text "\"}}"
#define ECHOED(text) "{\"parameters\":{\"text\":\"" text "\"}}"
#define CALL(method) "{\"method\":\"" method "\"}"
#define MORE(method) "{\"method\":\"org.example.test." method "\",\"more\":true}"

#endif
