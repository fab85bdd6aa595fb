/* The harness: one component alone, with the test in the place of its neighbours and the scheduler.
 *
 *     harness_say() ──► [inbox]   the component   [outbox] ──► harness_heard()
 *     harness_tell() ─► [control]                 [signal] ──► harness_notice()
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/component.h"
#include "tests/scene.h"

struct harness;

/* parameters: a mapping as in YAML, "{max_size: 4}", or NULL.  Fails the test if the component
 * can't be planned or started. */
struct harness *harness_start(const char *type, const char *parameters);

/* The same, with another component that it finds by itself: "{type: Backplane, name: main}", or
 * NULL. */
struct harness *harness_start_beside(const char *type, const char *parameters, const char *beside);

/* As harness_start(), but starting is expected to fail.  The reason is in harness_scene()->refusal.
 */
struct harness *harness_start_refused(const char *type, const char *parameters);

/* Puts data into an inbox, or a notice into control.  The component is not run yet. */
void harness_say(struct harness *h, const char *inbox, const char *text);
void harness_say_bytes(struct harness *h, const char *inbox, const void *bytes, size_t size);
void harness_tell(struct harness *h, enum message_kind kind);

/* Runs whatever has work until nothing has. */
void harness_run(struct harness *h);

/* The same, after putting this into the inbox "inbox". */
void harness_ask(struct harness *h, const char *text);

/* Lets an outbox's reader keep at most so many messages; unlimited before. */
void harness_bound(struct harness *h, const char *outbox, uint32_t messages);

/* Fills the inbox of an outbox's reader with one message, which says "in the way": when that has
 * been heard, there is room for one. */
void harness_block(struct harness *h, const char *outbox);

/* The next message that came out: its text, which lives until the next call; NULL if there is none,
 * or if it is a notice.  harness_heard_size() is of that message. */
const char *harness_heard(struct harness *h, const char *outbox);
size_t harness_heard_size(const struct harness *h);

/* Expects exactly these messages to have come out, in order: HEARS(h, "outbox", "a", "b"). */
#define HEARS(h, outbox, ...) harness_hears(h, outbox, (const char *const[]){__VA_ARGS__, NULL})
void harness_hears(struct harness *h, const char *outbox, const char *const *texts);

/* The next notice that came out of signal, or DATA if there is none. */
enum message_kind harness_notice(struct harness *h, const char *outbox);

/* A statistic by name. */
uint64_t harness_stat(struct harness *h, const char *name);

/* The component, and the scene around it. */
struct component *harness_component(const struct harness *h);
struct scene *harness_scene(struct harness *h);

/* Checks that nothing has leaked, and ends it all. */
void harness_stop(struct harness *h);

#endif
