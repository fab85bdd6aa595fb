#include "graph/mailbox.h"

#include <stddef.h>

/* Takes all letters, the oldest first. */
static struct letter *take_all(struct mailbox *mailbox)
{
    struct letter *newest = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct letter *oldest = NULL;

    while (newest != NULL) {
        struct letter *below = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = below;
    }
    return oldest;
}

static void open_all(struct mailbox *mailbox)
{
    struct letter *letter = take_all(mailbox);

    while (letter != NULL) {
        struct letter *next = letter->next;

        /* An exchange, not a store: what a poster wrote who finds it posted is seen as well. */
        (void)atomic_exchange_explicit(&letter->is_posted, false, memory_order_acq_rel);
        letter->open(letter);
        letter = next;
    }
}

static void on_bell(struct ev_loop *ev, ev_async *watcher, int revents)
{
    open_all(watcher->data);
}

void mailbox_init(struct mailbox *mailbox, struct ev_loop *ev)
{
    mailbox->ev = ev;
    atomic_init(&mailbox->newest, NULL);
    ev_async_init(&mailbox->bell, on_bell);
    mailbox->bell.data = mailbox;
    ev_async_start(ev, &mailbox->bell);
}

void mailbox_deinit(struct mailbox *mailbox)
{
    if (mailbox->ev != NULL) {
        open_all(mailbox);
        ev_async_stop(mailbox->ev, &mailbox->bell);
    }
}

bool mailbox_post(struct mailbox *mailbox, struct letter *letter)
{
    struct letter *newest;

    if (atomic_exchange_explicit(&letter->is_posted, true, memory_order_acq_rel)) {
        return false;
    }
    newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        letter->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, letter,
                                                    memory_order_release, memory_order_relaxed));
    if (newest == NULL) {
        ev_async_send(mailbox->ev, &mailbox->bell);
    }
    return true;
}
