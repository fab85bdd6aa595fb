/* Metrics: what goes on, as text that Prometheus reads, in parts (metrics.h).
 *
 * It is gathered and rendered while the loop goes on; then a part goes out whenever there is room.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/control_private.h"
#include "graph/metrics.h"

enum { MOST_AT_ONCE = 256 << 10 }; /* bytes, without "more" */

struct exposition {
    struct control_wait wait; /* the daemon may end first */
    struct metrics_request request;
    struct varlink_call *call;
    struct metrics_text *text;
    size_t next; /* part to be sent */
};

/* Ends on whole characters, as each part is made of whole lines. */
static json_t *part(const struct message *msg)
{
    return json_pack("{s:s%}", "text", (const char *)msg->data, message_size(msg));
}

static void produce(struct varlink_call *call)
{
    struct exposition *exposition = call->data;
    const struct metrics_text *text = exposition->text;
    const struct message *msg = text->parts[exposition->next++];

    if (exposition->next == text->count) {
        varlink_reply(call, part(msg));
    } else {
        (void)varlink_reply_continues(call, part(msg));
    }
}

/* Without "more": if it is short. */
static void reply_at_once(struct varlink_call *call, const struct metrics_text *text)
{
    char *whole;
    size_t used = 0;

    if (text->size > MOST_AT_ONCE) {
        varlink_error(call, VARLINK_EXPECTED_MORE, NULL);
        return;
    }
    whole = mem_alloc(text->size + 1);
    for (size_t i = 0; i < text->count; i++) {
        memcpy(whole + used, text->parts[i]->data, message_size(text->parts[i]));
        used += message_size(text->parts[i]);
    }
    varlink_reply(call, json_pack("{s:s%}", "text", whole, used));
    free(whole);
}

static void on_ready(struct metrics_request *request, struct metrics_text *text)
{
    struct exposition *exposition = request->data;

    exposition->text = text;
    if (exposition->call->more) {
        exposition->call->produce = produce;
        produce(exposition->call);
    } else {
        reply_at_once(exposition->call, text);
    }
}

static void answer_at_end(struct control_wait *wait)
{
    control_invalid_state(wait->call, NULL, "stopping", "the daemon ends");
}

static void on_end(struct varlink_call *call)
{
    struct exposition *exposition = call->data;

    control_wait_end(&exposition->wait);
    metrics_withdraw(&exposition->request);
    metrics_text_release(exposition->text);
    free(exposition);
}

void control_on_metrics(struct varlink_call *call)
{
    struct exposition *exposition = mem_alloc(sizeof(*exposition));
    const char *format = varlink_string(call, "format");

    exposition->call = call;
    exposition->request = (struct metrics_request){
        .format = format != NULL && strcmp(format, "openmetrics") == 0 ? METRICS_OPENMETRICS
                                                                       : METRICS_TEXT,
        .ready = on_ready,
        .data = exposition,
    };
    call->data = exposition;
    call->on_end = on_end;
    control_wait_begin(&exposition->wait, call, answer_at_end);
    metrics_ask(control_loop(call), &exposition->request);
}
