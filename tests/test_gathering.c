/* Gatherings: bytes of several messages for one. */
#include "components/util/gathering.h"

#include "tests/unit.h"

static void assert_text(const struct message *msg, const char *text)
{
    assert_int_equal(message_size(msg), strlen(text));
    assert_memory_equal(msg->data, text, strlen(text));
}

static void test_what_was_added_comes_out_as_one_message(void **context)
{
    struct gathering gathering = {0};
    struct message *msg;
    struct pool pool;

    pool_init(&pool);
    gathering_add(&gathering, "one", 3);
    gathering_add(&gathering, NULL, 0);
    gathering_add(&gathering, " two", 4);
    msg = gathering_take(&gathering, &pool, " three", 6);

    assert_text(msg, "one two three");
    assert_int_equal(gathering.size, 0);
    message_release(msg);
    gathering_deinit(&gathering);
    pool_deinit(&pool);
}

static void test_an_empty_one_makes_an_empty_message(void **context)
{
    struct gathering gathering = {0};
    struct message *msg;
    struct pool pool;

    pool_init(&pool);
    msg = gathering_take(&gathering, &pool, NULL, 0);

    assert_text(msg, "");
    message_release(msg);
    gathering_deinit(&gathering);
    pool_deinit(&pool);
}

static void test_little_memory_is_kept_and_much_is_given_back(void **context)
{
    static const char bytes[2000];
    struct gathering gathering = {0};

    gathering_add(&gathering, bytes, 100);
    gathering_clear(&gathering);
    assert_non_null(gathering.bytes);
    gathering_add(&gathering, bytes, sizeof(bytes));
    gathering_clear(&gathering);

    assert_null(gathering.bytes);
    assert_int_equal(gathering.capacity, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_added_comes_out_as_one_message),
        cmocka_unit_test(test_an_empty_one_makes_an_empty_message),
        cmocka_unit_test(test_little_memory_is_kept_and_much_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
