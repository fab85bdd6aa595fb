/* Rings: records from one thread to another. */
#include "graph/ring.h"

#include <pthread.h>
#include <sched.h>

#include "tests/unit.h"

enum { RECORDS = 200000, HEAD = sizeof(struct ring_head) };

static bool put(struct ring *ring, const char *text)
{
    const struct ring_head head = {
        .size = (uint32_t)strlen(text), .tag = 7, .kind = 3, .error = -5};

    return ring_put(ring, &head, text);
}

static void takes(struct ring *ring, const char *text)
{
    const struct ring_head *head = ring_peek(ring);

    if (head == NULL) {
        fail_msg("there is no \"%s\"", text);
        return;
    }
    assert_int_equal(head->size, strlen(text));
    assert_memory_equal(head + 1, text, head->size);
    ring_drop(ring);
}

static void test_what_is_put_is_there_once_it_is_published(void **context)
{
    struct ring ring = {0};

    assert_true(put(&ring, "one"));
    assert_true(put(&ring, ""));
    assert_null(ring_peek(&ring));
    assert_true(ring_publish(&ring));
    assert_false(ring_publish(&ring));

    takes(&ring, "one");
    takes(&ring, "");
    assert_null(ring_peek(&ring));
    ring_deinit(&ring);
}

static void test_a_record_brings_what_its_user_wrote_before_it(void **context)
{
    struct ring ring = {0};
    const struct ring_head *head;

    (void)put(&ring, "x");
    (void)ring_publish(&ring);
    head = ring_peek(&ring);

    assert_non_null(head);
    assert_int_equal(head->tag, 7);
    assert_int_equal(head->kind, 3);
    assert_int_equal(head->error, -5);
    ring_deinit(&ring);
}

static void test_what_is_looked_at_stays_until_it_is_dropped(void **context)
{
    struct ring ring = {0};

    (void)put(&ring, "one");
    (void)ring_publish(&ring);
    assert_ptr_equal(ring_peek(&ring), ring_peek(&ring));
    takes(&ring, "one");
    ring_deinit(&ring);
}

static void test_a_full_ring_takes_nothing_until_room_is_given_back(void **context)
{
    static const char bytes[RING_LONGEST];
    const struct ring_head longest = {.size = RING_LONGEST - HEAD};
    struct ring ring = {0};

    for (int i = 0; i < RING_SIZE / RING_LONGEST; i++) {
        assert_true(ring_put(&ring, &longest, bytes));
    }
    assert_false(put(&ring, ""));
    (void)ring_publish(&ring);
    assert_non_null(ring_peek(&ring));
    ring_drop(&ring);
    assert_false(put(&ring, ""));

    ring_give_back(&ring);

    assert_true(ring_put(&ring, &longest, bytes));
    assert_false(put(&ring, ""));
    ring_deinit(&ring);
}

static void test_records_are_whole_wherever_they_lie_and_counters_wrap(void **context)
{
    static unsigned char bytes[RING_LONGEST];
    struct ring ring = {.written = UINT32_MAX - RING_SIZE + 1,
                        .published = UINT32_MAX - RING_SIZE + 1};

    ring.seen_read = ring.read = ring.taken = ring.seen_published = ring.written;
    for (uint32_t i = 0; i < 1000; i++) {
        const struct ring_head put = {.size = i * 977 % (RING_LONGEST + 1)};
        const struct ring_head *head;

        memset(bytes, (int)(i & 0xff), put.size);
        assert_true(ring_put(&ring, &put, bytes));
        assert_true(ring_publish(&ring));
        head = ring_peek(&ring);
        assert_non_null(head);
        assert_int_equal(head->size, put.size);
        assert_memory_equal(head + 1, bytes, put.size);
        ring_drop(&ring);
        ring_give_back(&ring);
    }
    ring_deinit(&ring);
}

/* ---- two threads ---- */

static uint32_t size_of(uint32_t number)
{
    return number * 7 % 300;
}

static void *write_all(void *arg)
{
    struct ring *ring = arg;
    unsigned char bytes[300];

    for (uint32_t i = 0; i < RECORDS; i++) {
        const struct ring_head head = {.size = size_of(i), .tag = (uint16_t)(i & 0xffff)};

        memset(bytes, (int)(i & 0xff), sizeof(bytes));
        while (!ring_put(ring, &head, bytes)) {
            (void)ring_publish(ring);
            (void)sched_yield();
        }
        if (i % 10 == 9) {
            (void)ring_publish(ring);
        }
    }
    (void)ring_publish(ring);
    return NULL;
}

/* True if this is the record of that number, all of it. */
static bool is_record(const struct ring_head *head, uint32_t number)
{
    const unsigned char *bytes = (const unsigned char *)(head + 1);

    return head->size == size_of(number) && head->tag == (number & 0xffff) &&
           (head->size == 0 ||
            (bytes[0] == (number & 0xff) && bytes[head->size - 1] == (number & 0xff)));
}

static void test_all_records_come_in_order_from_another_thread(void **context)
{
    struct ring ring = {0};
    pthread_t writer;
    uint32_t wrong = 0;

    assert_int_equal(pthread_create(&writer, NULL, write_all, &ring), 0);
    for (uint32_t i = 0; i < RECORDS; i++) {
        const struct ring_head *head;

        while ((head = ring_peek(&ring)) == NULL) {
            ring_give_back(&ring);
            (void)sched_yield();
        }
        wrong += !is_record(head, i);
        ring_drop(&ring);
        if (i % 7 == 0) {
            ring_give_back(&ring);
        }
    }
    assert_int_equal(pthread_join(writer, NULL), 0);

    assert_int_equal(wrong, 0);
    assert_null(ring_peek(&ring));
    ring_deinit(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_is_there_once_it_is_published),
        cmocka_unit_test(test_a_record_brings_what_its_user_wrote_before_it),
        cmocka_unit_test(test_what_is_looked_at_stays_until_it_is_dropped),
        cmocka_unit_test(test_a_full_ring_takes_nothing_until_room_is_given_back),
        cmocka_unit_test(test_records_are_whole_wherever_they_lie_and_counters_wrap),
        cmocka_unit_test(test_all_records_come_in_order_from_another_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
