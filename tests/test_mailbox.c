/* Mailboxes: letters from any thread to a loop. */
#include "graph/mailbox.h"

#include <pthread.h>

#include "graph/list.h"
#include "tests/unit.h"

enum { WRITERS = 4, TIMES = 50000 };

/* A letter that says in what order it was opened. */
struct note {
    struct letter letter;
    struct desk *desk;
    char name;
    bool comes_again; /* is posted once more when it is opened */
};

struct desk {
    struct ev_loop *ev;
    struct mailbox mailbox;
    char opened[64];
    struct note note[3];
};

static void open_note(struct letter *letter)
{
    struct note *note = container_of(letter, struct note, letter);
    struct desk *desk = note->desk;

    desk->opened[strlen(desk->opened)] = note->name;
    if (note->comes_again) {
        note->comes_again = false;
        assert_true(mailbox_post(&desk->mailbox, letter));
    }
}

static void desk_init(struct desk *desk)
{
    *desk = (struct desk){.ev = ev_loop_new(EVFLAG_AUTO)};
    assert_non_null(desk->ev);
    mailbox_init(&desk->mailbox, desk->ev);
    for (int i = 0; i < 3; i++) {
        desk->note[i] =
            (struct note){.letter = {.open = open_note}, .desk = desk, .name = "abc"[i]};
    }
}

static void desk_deinit(struct desk *desk)
{
    mailbox_deinit(&desk->mailbox);
    ev_loop_destroy(desk->ev);
}

static void test_letters_are_opened_in_the_order_in_which_they_came(void **context)
{
    struct desk desk;

    desk_init(&desk);
    for (int i = 0; i < 3; i++) {
        assert_true(mailbox_post(&desk.mailbox, &desk.note[i].letter));
    }
    assert_string_equal(desk.opened, "");
    (void)ev_run(desk.ev, EVRUN_NOWAIT);

    assert_string_equal(desk.opened, "abc");
    desk_deinit(&desk);
}

static void test_a_letter_that_is_under_way_is_not_sent_twice(void **context)
{
    struct desk desk;

    desk_init(&desk);
    assert_true(mailbox_post(&desk.mailbox, &desk.note[0].letter));
    assert_false(mailbox_post(&desk.mailbox, &desk.note[0].letter));
    (void)ev_run(desk.ev, EVRUN_NOWAIT);
    assert_string_equal(desk.opened, "a");

    assert_true(mailbox_post(&desk.mailbox, &desk.note[0].letter));
    (void)ev_run(desk.ev, EVRUN_NOWAIT);
    assert_string_equal(desk.opened, "aa");
    desk_deinit(&desk);
}

static void test_a_letter_may_be_posted_again_while_it_is_opened(void **context)
{
    struct desk desk;

    desk_init(&desk);
    desk.note[0].comes_again = true;
    (void)mailbox_post(&desk.mailbox, &desk.note[0].letter);
    (void)mailbox_post(&desk.mailbox, &desk.note[1].letter);
    (void)ev_run(desk.ev, EVRUN_NOWAIT);
    assert_string_equal(desk.opened, "ab");
    (void)ev_run(desk.ev, EVRUN_NOWAIT);

    assert_string_equal(desk.opened, "aba");
    desk_deinit(&desk);
}

static void test_what_has_not_been_opened_is_at_the_end(void **context)
{
    struct desk desk;

    desk_init(&desk);
    (void)mailbox_post(&desk.mailbox, &desk.note[2].letter);
    desk_deinit(&desk);

    assert_string_equal(desk.opened, "c");
}

/* ---- threads ---- */

/* Somebody who counts, and writes each number; what the reader sees last must be the last. */
struct writer {
    struct letter letter;
    struct crowd *crowd;
    pthread_t thread;
    _Atomic unsigned written;
    unsigned seen;
};

struct crowd {
    struct ev_loop *ev;
    struct mailbox mailbox;
    unsigned done;
    struct writer writer[WRITERS];
};

static void *write_all(void *arg)
{
    struct writer *writer = arg;

    for (unsigned i = 1; i <= TIMES; i++) {
        atomic_store_explicit(&writer->written, i, memory_order_relaxed);
        (void)mailbox_post(&writer->crowd->mailbox, &writer->letter);
    }
    return NULL;
}

static void look(struct letter *letter)
{
    struct writer *writer = container_of(letter, struct writer, letter);
    struct crowd *crowd = writer->crowd;

    writer->seen = atomic_load_explicit(&writer->written, memory_order_relaxed);
    if (writer->seen == TIMES && ++crowd->done == WRITERS) {
        ev_break(crowd->ev, EVBREAK_ALL);
    }
}

static void on_lost(struct ev_loop *ev, ev_timer *timer, int revents)
{
    fail_msg("a letter was lost");
}

static void test_no_letter_of_any_thread_is_lost(void **context)
{
    struct crowd crowd = {.ev = ev_loop_new(EVFLAG_AUTO)};
    ev_timer lost;

    mailbox_init(&crowd.mailbox, crowd.ev);
    ev_timer_init(&lost, on_lost, 120, 0);
    ev_timer_start(crowd.ev, &lost);
    for (int i = 0; i < WRITERS; i++) {
        struct writer *writer = &crowd.writer[i];

        writer->letter.open = look;
        writer->crowd = &crowd;
        assert_int_equal(pthread_create(&writer->thread, NULL, write_all, writer), 0);
    }
    (void)ev_run(crowd.ev, 0);

    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(crowd.writer[i].thread, NULL), 0);
        assert_int_equal(crowd.writer[i].seen, TIMES);
    }
    ev_timer_stop(crowd.ev, &lost);
    mailbox_deinit(&crowd.mailbox);
    ev_loop_destroy(crowd.ev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters_are_opened_in_the_order_in_which_they_came),
        cmocka_unit_test(test_a_letter_that_is_under_way_is_not_sent_twice),
        cmocka_unit_test(test_a_letter_may_be_posted_again_while_it_is_opened),
        cmocka_unit_test(test_what_has_not_been_opened_is_at_the_end),
        cmocka_unit_test(test_no_letter_of_any_thread_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
