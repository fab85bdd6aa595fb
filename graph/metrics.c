#include "graph/metrics.h"

#include <ev.h>
#include <stdlib.h>

#include "graph/ledger.h"
#include "graph/loop.h"
#include "graph/workers.h"

enum { COMPONENTS = 100 }; /* looked at between two looks at the clock */

enum phase { RESTING = 0, GATHERING, RENDERING };

struct metrics {
    struct loop *loop;
    enum phase phase;
    unsigned worker;            /* whose ledger is gathered */
    struct accounts sum;        /* of all workers, where there are several */
    struct list waiting;        /* who has asked since it began */
    struct list served;         /* who has asked before */
    enum metrics_format format; /* the one that is rendered */
    struct metrics_writer *writer;
    ev_timer timer;
    double spent; /* seconds of work, since it began */
    double next;  /* when it may begin again, by ev_time() */
};

/* ---- who asks ---- */

static void move_all(struct list *from, struct list *to)
{
    while (!list_is_empty(from)) {
        struct list *first = from->next;

        list_remove(first);
        list_append(to, first);
    }
}

static bool is_wanted(const struct metrics *metrics, enum metrics_format format)
{
    const struct list *at;

    list_for_each (at, &metrics->served) {
        if (container_of((struct list *)(uintptr_t)at, struct metrics_request, link)->format ==
            format) {
            return true;
        }
    }
    return false;
}

/* Gives the text to those who want this format.  Any of them may withdraw others, or ask again. */
static void answer(struct metrics *metrics, enum metrics_format format, struct metrics_text *text)
{
    struct list others;

    list_init(&others);
    while (!list_is_empty(&metrics->served)) {
        struct metrics_request *request =
            container_of(metrics->served.next, struct metrics_request, link);

        list_remove(&request->link);
        if (request->format == format) {
            text->refs++;
            request->ready(request, text);
        } else {
            list_append(&others, &request->link);
        }
    }
    move_all(&others, &metrics->served);
}

/* ---- work ---- */

static void set_timer(struct metrics *metrics, double seconds)
{
    ev_timer_stop(metrics->loop->ev, &metrics->timer);
    ev_timer_set(&metrics->timer, seconds > 0 ? seconds : 0, 0.0);
    ev_timer_start(metrics->loop->ev, &metrics->timer);
}

static void begin(struct metrics *metrics)
{
    move_all(&metrics->waiting, &metrics->served);
    metrics->spent = 0;
    metrics->phase = GATHERING;
    metrics->worker = 0;
    ledger_begin(ledger_of(metrics->loop));
}

/* What has been gathered: of the loop, or of all workers'. */
static const struct accounts *gathered(const struct metrics *metrics)
{
    return metrics->loop->workers == NULL ? ledger_accounts(ledger_of(metrics->loop))
                                          : &metrics->sum;
}

static void sum_up(struct metrics *metrics)
{
    const unsigned count = worker_count(metrics->loop);

    accounts_begin_sum(&metrics->sum);
    for (unsigned i = 0; i < count && count > 1; i++) {
        accounts_add(&metrics->sum, ledger_accounts(ledger_of(worker_loop(metrics->loop, i))));
    }
    accounts_end_sum(&metrics->sum);
}

/* Returns true when there is no more to be gathered. */
static bool gather(struct metrics *metrics)
{
    if (!ledger_go_on(ledger_of(worker_loop(metrics->loop, metrics->worker)), COMPONENTS)) {
        return false;
    }
    if (++metrics->worker < worker_count(metrics->loop)) {
        ledger_begin(ledger_of(worker_loop(metrics->loop, metrics->worker)));
        return false;
    }
    sum_up(metrics);
    return true;
}

/* Begins with the next format that somebody wants, or ends. */
static void begin_to_render(struct metrics *metrics, enum metrics_format format)
{
    while (format < METRICS_FORMATS && !is_wanted(metrics, format)) {
        format++;
    }
    metrics->phase = format < METRICS_FORMATS ? RENDERING : RESTING;
    if (metrics->phase == RENDERING) {
        metrics->format = format;
        metrics->writer = metrics_writer_create(metrics->loop, gathered(metrics), format);
    }
}

static void end_rendering(struct metrics *metrics)
{
    struct metrics_text *text = metrics_writer_finish(metrics->writer);
    const enum metrics_format format = metrics->format;

    metrics->writer = NULL;
    answer(metrics, format, text);
    metrics_text_release(text);
    begin_to_render(metrics, format + 1);
}

static void go_on(struct metrics *metrics)
{
    switch (metrics->phase) {
    case RESTING:
        return;
    case GATHERING:
        if (gather(metrics)) {
            begin_to_render(metrics, 0);
        }
        return;
    case RENDERING:
        if (!metrics_writer_go_on(metrics->writer)) {
            end_rendering(metrics);
        }
        return;
    }
}

static void on_timer(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct metrics *metrics = watcher->data;
    const double began = ev_time();
    double now = began;

    workers_halt(metrics->loop->workers);
    if (metrics->phase == RESTING) {
        begin(metrics);
    }
    while (metrics->phase != RESTING && now >= began && now - began < METRICS_MOMENT) {
        go_on(metrics);
        now = ev_time();
    }
    workers_release(metrics->loop->workers);
    metrics->spent += now > began ? now - began : 0;
    if (metrics->phase != RESTING) {
        set_timer(metrics, 0);
        return;
    }
    metrics->next = now + metrics->spent * METRICS_REST;
    if (!list_is_empty(&metrics->waiting)) {
        set_timer(metrics, metrics->next - now);
    }
}

static struct metrics *metrics_of(struct loop *loop)
{
    struct metrics *metrics = loop->metrics;

    if (metrics == NULL) {
        metrics = mem_alloc(sizeof(*metrics));
        metrics->loop = loop;
        accounts_init(&metrics->sum);
        list_init(&metrics->waiting);
        list_init(&metrics->served);
        ev_init(&metrics->timer, on_timer);
        metrics->timer.data = metrics;
        loop->metrics = metrics;
    }
    return metrics;
}

void metrics_ask(struct loop *loop, struct metrics_request *request)
{
    struct metrics *metrics = metrics_of(loop);

    list_append(&metrics->waiting, &request->link);
    if (metrics->phase == RESTING && !ev_is_active(&metrics->timer)) {
        const double rest = metrics->next - ev_time();
        const double longest = metrics->spent * METRICS_REST;

        set_timer(metrics, rest < longest ? rest : longest); /* the clock may have been set */
    }
}

void metrics_withdraw(struct metrics_request *request)
{
    if (request->link.next != NULL) {
        list_remove(&request->link);
    }
}

static void let_go(struct list *requests)
{
    while (!list_is_empty(requests)) {
        list_remove(requests->next);
    }
}

void metrics_destroy(struct metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    ev_timer_stop(metrics->loop->ev, &metrics->timer);
    let_go(&metrics->waiting);
    let_go(&metrics->served);
    accounts_deinit(&metrics->sum);
    metrics_writer_destroy(metrics->writer);
    free(metrics);
}
