/* Events: what happens, as it happens, to everybody who wants to hear. */
#include <stdlib.h>

#include "daemon/control_private.h"

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

void control_event(struct control *control, const char *kind, const char *path, const char *text)
{
    struct list *at;
    struct list *after;
    json_t *event;

    if (control == NULL || list_is_empty(&control->subscribers)) {
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
    call->data = subscriber;
    call->on_end = on_end;
    control_blocked_watch(control);
    (void)varlink_reply_continues(call, make_event(control, "subscribed", NULL, "from now on"));
}
