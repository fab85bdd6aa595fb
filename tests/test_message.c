/* Messages, blocks and the pool they come from. */
#include "graph/message.h"

#include "tests/unit.h"

static int set_up(void **context)
{
    struct pool *pool = test_malloc(sizeof(*pool));

    pool_init(pool);
    *context = pool;
    return 0;
}

static int tear_down(void **context)
{
    struct pool *pool = *context;

    pool_deinit(pool);
    assert_int_equal(pool->memory, 0); /* every block has come back */
    test_free(pool);
    return 0;
}

static void assert_message(const struct message *msg, const char *text)
{
    assert_int_equal(message_size(msg), strlen(text));
    assert_memory_equal(msg->data, text, strlen(text));
}

static void test_reserved_bytes_become_a_message(void **context)
{
    struct pool *pool = *context;
    size_t room;
    unsigned char *bytes = message_reserve(pool, 5, &room);
    struct message *msg;

    memcpy(bytes, "hello", 5);
    msg = message_commit(pool, 5);

    assert_true(room >= 5);
    assert_ptr_equal(msg->data, bytes); /* not copied */
    assert_message(msg, "hello");
    message_release(msg);
}

static void test_a_reservation_may_be_given_up(void **context)
{
    struct pool *pool = *context;
    size_t room;
    unsigned char *first = message_reserve(pool, 100, &room);

    assert_ptr_equal(message_reserve(pool, 100, &room), first);
}

static void test_a_message_may_be_empty(void **context)
{
    struct message *msg = message_copy(*context, NULL, 0);

    assert_int_equal(message_size(msg), 0);
    message_release(msg);
}

static void test_messages_that_are_held_keep_their_bytes(void **context)
{
    struct pool *pool = *context;
    struct message *held[1000];
    char text[32];

    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof(text), "message %d", i);
        held[i] = message_copy(pool, text, strlen(text));
    }
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof(text), "message %d", i);
        assert_message(held[i], text);
        message_release(held[i]);
    }
}

static void test_a_ping_pong_stays_in_the_same_bytes(void **context)
{
    struct pool *pool = *context;
    struct message *msg = message_copy(pool, "ping", 4);
    const unsigned char *where = msg->data;

    message_release(msg);
    for (int i = 0; i < 100; i++) {
        msg = message_copy(pool, "pong", 4);
        assert_ptr_equal(msg->data, where);
        message_release(msg);
    }
}

static void test_a_steady_stream_of_messages_costs_no_malloc(void **context)
{
    struct pool *pool = *context;
    struct message *ring[8] = {0};
    uint64_t mallocs = 0;

    for (int i = 0; i < 10000; i++) {
        struct message **slot = &ring[i % 8];

        if (*slot != NULL) {
            message_release(*slot);
        }
        *slot = message_copy(pool, "some bytes that come and go", 27);
        if (i == 1000) {
            mallocs = pool->mallocs;
        }
    }

    assert_int_equal(pool->mallocs, mallocs);
    for (int i = 0; i < 8; i++) {
        message_release(ring[i]);
    }
}

static void release_all(struct message **held, int count)
{
    for (int i = 0; i < count; i++) {
        message_release(held[i]);
    }
}

/* So many shares at one time, as in a fan-out. */
static void burst(struct pool *pool, struct message **held, int count)
{
    held[0] = message_copy(pool, "to all", 6);
    for (int i = 1; i < count; i++) {
        held[i] = message_share(pool, held[0]);
    }
    release_all(held, count);
}

static void test_bursts_cost_no_malloc_from_the_third_on_until_the_pool_is_trimmed(void **context)
{
    enum { BURST = 5000 };
    struct pool *pool = *context;
    struct message **held = test_malloc(BURST * sizeof(struct message *));
    uint32_t kept;
    uint64_t mallocs;

    burst(pool, held, BURST);
    kept = pool->cached_messages;
    burst(pool, held, BURST);
    mallocs = pool->mallocs;
    burst(pool, held, BURST);

    assert_in_range(kept, 1, BURST / 2); /* one alone leaves little behind */
    assert_int_equal(pool->mallocs, mallocs);
    pool_trim(pool);
    burst(pool, held, BURST);
    assert_int_equal(pool->cached_messages, kept);
    test_free(held);
}

static void test_there_is_a_limit_to_the_messages_that_are_kept(void **context)
{
    enum { BURST = 100000 };
    struct pool *pool = *context;
    struct message **held = test_malloc(BURST * sizeof(struct message *));

    for (int i = 0; i < 3; i++) {
        burst(pool, held, BURST);
    }

    assert_int_equal(pool->cached_messages, 64 * 1024);
    test_free(held);
}

static void test_shares_and_slices_point_into_the_same_block(void **context)
{
    struct pool *pool = *context;
    struct message *msg = message_copy(pool, "one two", 7);
    struct message *share = message_share(pool, msg);
    struct message *slice = message_slice(pool, msg, 4, 3);

    assert_ptr_equal(share->data, msg->data);
    assert_ptr_equal(slice->data, msg->data + 4);
    message_release(msg);
    assert_message(share, "one two"); /* the bytes live as long as the last of them */
    assert_message(slice, "two");
    message_release(share);
    message_release(slice);
}

static void test_a_slice_may_be_empty_at_either_end(void **context)
{
    struct pool *pool = *context;
    struct message *msg = message_copy(pool, "abc", 3);
    struct message *start = message_slice(pool, msg, 0, 0);
    struct message *end = message_slice(pool, msg, 3, 0);

    assert_int_equal(message_size(start) + message_size(end), 0);
    message_release(start);
    message_release(end);
    message_release(msg);
}

static void test_a_long_message_gets_a_block_of_its_own(void **context)
{
    struct pool *pool = *context;
    const size_t size = 3 * BLOCK_SIZE + 1;
    char *bytes = test_malloc(size);
    struct message *msg;

    memset(bytes, 'x', size);
    msg = message_copy(pool, bytes, size);

    assert_int_equal(message_size(msg), size);
    assert_memory_equal(msg->data, bytes, size);
    message_release(msg);
    test_free(bytes);
}

static void test_a_compacted_slice_keeps_no_large_block(void **context)
{
    struct pool *pool = *context;
    struct message *msg = message_copy(pool, "a few of many bytes", 19);
    struct message *slice = message_slice(pool, msg, 2, 3);

    message_release(msg);
    message_compact(slice);

    assert_message(slice, "few");
    assert_true(slice->block->capacity < 64);
    assert_int_equal(pool->filling->refs, 1); /* nobody else holds the large one */
    message_release(slice);
}

static void test_compacting_leaves_notices_and_large_slices_alone(void **context)
{
    struct pool *pool = *context;
    size_t room;
    struct message *notice = message_notice(pool, PRODUCER_FINISHED, NULL, 0);
    struct message *large;
    const unsigned char *where;

    (void)message_reserve(pool, BLOCK_SIZE, &room);
    large = message_commit(pool, BLOCK_SIZE / 2);
    where = large->data;
    message_compact(large);
    message_compact(notice);

    assert_ptr_equal(large->data, where);
    assert_int_equal(notice->kind, PRODUCER_FINISHED);
    message_release(large);
    message_release(notice);
}

static void test_a_notice_is_copied_whole(void **context)
{
    struct pool *pool = *context;
    struct message *notice = message_notice(pool, SOCKET_SHUTDOWN, NULL, 104);
    struct message *copy = message_share(pool, notice);

    assert_int_equal(copy->kind, SOCKET_SHUTDOWN);
    assert_int_equal(copy->error, 104);
    assert_int_equal(message_size(copy), 0);
    message_release(notice);
    message_release(copy);
}

static void test_trimming_gives_cached_memory_back(void **context)
{
    struct pool *pool = *context;
    struct message *held[12];
    size_t room;
    size_t before;

    for (int i = 0; i < 12; i++) {
        (void)message_reserve(pool, BLOCK_SIZE, &room);
        held[i] = message_commit(pool, BLOCK_SIZE);
    }
    for (int i = 0; i < 12; i++) {
        message_release(held[i]);
    }
    before = pool->memory;
    pool_trim(pool);

    assert_true(before >= 5 * BLOCK_SIZE);
    assert_true(pool->memory <= 3 * BLOCK_SIZE);
}

static void test_the_pool_is_short_while_its_blocks_are_all_in_use(void **context)
{
    struct pool *pool = *context;
    struct message *held[2];
    size_t room;

    pool->memory_limit = 2 * BLOCK_SIZE;
    for (int i = 0; i < 2; i++) {
        assert_false(pool_is_short(pool));
        (void)message_reserve(pool, BLOCK_SIZE, &room);
        held[i] = message_commit(pool, BLOCK_SIZE);
    }

    assert_true(pool_is_short(pool));
    message_release(held[0]);
    assert_false(pool_is_short(pool));
    message_release(held[1]);
}

static void test_every_kind_has_a_name_that_leads_back_to_it(void **context)
{
    for (enum message_kind kind = PRODUCER_FINISHED; kind < MESSAGE_KINDS; kind++) {
        assert_int_equal(message_kind_by_name(message_kind_name(kind)), kind);
    }
    assert_int_equal(message_kind_by_name("data"), MESSAGE_KINDS); /* it is no notice */
    assert_int_equal(message_kind_by_name("producerfinished"), MESSAGE_KINDS);
}

#define WITH_A_POOL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_POOL(test_reserved_bytes_become_a_message),
        WITH_A_POOL(test_a_reservation_may_be_given_up),
        WITH_A_POOL(test_a_message_may_be_empty),
        WITH_A_POOL(test_messages_that_are_held_keep_their_bytes),
        WITH_A_POOL(test_a_ping_pong_stays_in_the_same_bytes),
        WITH_A_POOL(test_a_steady_stream_of_messages_costs_no_malloc),
        WITH_A_POOL(test_bursts_cost_no_malloc_from_the_third_on_until_the_pool_is_trimmed),
        WITH_A_POOL(test_there_is_a_limit_to_the_messages_that_are_kept),
        WITH_A_POOL(test_shares_and_slices_point_into_the_same_block),
        WITH_A_POOL(test_a_slice_may_be_empty_at_either_end),
        WITH_A_POOL(test_a_long_message_gets_a_block_of_its_own),
        WITH_A_POOL(test_a_compacted_slice_keeps_no_large_block),
        WITH_A_POOL(test_compacting_leaves_notices_and_large_slices_alone),
        WITH_A_POOL(test_a_notice_is_copied_whole),
        WITH_A_POOL(test_trimming_gives_cached_memory_back),
        WITH_A_POOL(test_the_pool_is_short_while_its_blocks_are_all_in_use),
        WITH_A_POOL(test_every_kind_has_a_name_that_leads_back_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
