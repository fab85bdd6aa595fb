/* Events: what happens, as it happens, to everybody who wants to hear. */
#include <stdlib.h>

#include "daemon/control_private.h"
#include "graph/workers.h"

struct subscriber {
    struct list link; /* in control.subscribers */
    struct varlink_call *call;
};

static json_t *make_event(const struct control *control, const char *kind, const char *path,
                          const char *text)
{
    return json_pack("{s:f, s:s, s:o, s:o}", "time", ev_now(control->daemon->loop->ev), "kind",
                     kind, "path", control_text(path), "text", control_text(text));
}

/* An event on its way from another worker's thread. */
struct far_event {
    struct letter letter;
    struct control *control;
    const char *kind;
    char *path; /* or NULL */
    char *text;
};

static void on_far_event(struct letter *letter)
{
    struct far_event *far = container_of(letter, struct far_event, letter);

    control_event(far->control, far->kind, far->path, far->text);
    free(far->path);
    free(far->text);
    free(far);
}

static void send_to_main(struct control *control, const char *kind, const char *path,
                         const char *text)
{
    struct far_event *far = mem_alloc(sizeof(*far));

    far->letter.open = on_far_event;
    far->control = control;
    far->kind = kind;
    far->path = path != NULL ? mem_strdup(path) : NULL;
    far->text = text != NULL ? mem_strdup(text) : NULL;
    (void)mailbox_post(&control->daemon->loop->mailbox, &far->letter);
}

bool control_is_listened_to(const struct control *control)
{
    return control != NULL && atomic_load_explicit(&control->listening, memory_order_relaxed) > 0;
}

void control_event(struct control *control, const char *kind, const char *path, const char *text)
{
    struct list *at;
    struct list *after;
    json_t *event;

    if (!control_is_listened_to(control)) {
        return;
    }
    if (!workers_is_main(control->daemon->workers)) {
        send_to_main(control, kind, path, text);
        return;
    }
    event = make_event(control, kind, path, text);
    list_for_each_safe (at, after, &control->subscribers) {
        const struct subscriber *subscriber = container_of(at, struct subscriber, link);

        (void)varlink_reply_continues(subscriber->call, json_incref(event));
    }
    json_decref(event);
}

static void on_end(struct varlink_call *call)
{
    struct control *control = control_of(call);
    struct subscriber *subscriber = call->data;

    list_remove(&subscriber->link);
    (void)atomic_fetch_sub_explicit(&control->listening, 1, memory_order_relaxed);
    if (list_is_empty(&control->subscribers)) {
        control_blocked_unwatch(control);
    }
    free(subscriber);
}

void control_on_events(struct varlink_call *call)
{
    struct control *control = control_of(call);
    struct subscriber *subscriber = mem_alloc(sizeof(*subscriber));

    subscriber->call = call;
    list_append(&control->subscribers, &subscriber->link);
    (void)atomic_fetch_add_explicit(&control->listening, 1, memory_order_relaxed);
    call->data = subscriber;
    call->on_end = on_end;
    control_blocked_watch(control);
    (void)varlink_reply_continues(call, make_event(control, "subscribed", NULL, "from now on"));
}
