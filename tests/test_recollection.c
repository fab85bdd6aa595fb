/* Recollections: what was seen before, in bounded memory. */
#include "components/util/recollection.h"

#include "tests/unit.h"

static bool note_number(struct recollection *seen, uint32_t number)
{
    return recollection_note(seen, &number, sizeof(number));
}

/* The first of the vectors that SipHash's authors publish: the key is 00 01 … 0f, the text 00 01 …
 */
static void test_the_hash_is_siphash_2_4(void **context)
{
    const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    unsigned char text[15];

    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (unsigned char)i;
    }

    assert_true(recollection_hash(key, text, 0) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(recollection_hash(key, text, 15) == UINT64_C(0xa129ca6149be45e5));
}

static void test_a_hundred_thousand_are_told_apart(void **context)
{
    struct recollection seen = {.most = 100000};

    for (uint32_t i = 0; i < seen.most; i++) {
        assert_true(note_number(&seen, i));
    }
    for (uint32_t i = 0; i < seen.most; i++) {
        assert_false(note_number(&seen, i));
    }

    assert_int_equal(seen.count, 100000);
    recollection_deinit(&seen);
}

/* The same by a list that is searched from end to end. */
static void test_it_forgets_what_was_not_seen_for_the_longest_time(void **context)
{
    enum { MOST = 20 };
    struct recollection seen = {.most = MOST};
    uint32_t list[MOST];
    size_t count = 0;
    uint32_t random = 1;

    for (int i = 0; i < 20000; i++) {
        size_t at = 0;

        random = random * 1664525 + 1013904223;
        while (at < count && list[at] != random >> 27) {
            at++;
        }
        assert_int_equal(note_number(&seen, random >> 27), at == count);
        if (at == count && count < MOST) {
            count++;
        } else if (at == count) {
            at--;
        }
        memmove(list + 1, list, at * sizeof(*list));
        list[0] = random >> 27;
    }

    assert_int_equal(seen.count, MOST);
    recollection_deinit(&seen);
}

static void test_memory_for_one_is_enough(void **context)
{
    struct recollection seen = {.most = 1};

    assert_true(note_number(&seen, 1));
    assert_false(note_number(&seen, 1));
    assert_true(note_number(&seen, 2));
    assert_true(note_number(&seen, 1));

    assert_int_equal(seen.count, 1);
    recollection_deinit(&seen);
}

static void test_it_takes_memory_only_as_it_needs_it(void **context)
{
    struct recollection seen = {.most = 1000000};

    for (uint32_t i = 0; i < 100; i++) {
        (void)note_number(&seen, i);
    }

    assert_int_equal(seen.capacity, 128);
    recollection_deinit(&seen);
    assert_null(seen.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_hash_is_siphash_2_4),
        cmocka_unit_test(test_a_hundred_thousand_are_told_apart),
        cmocka_unit_test(test_it_forgets_what_was_not_seen_for_the_longest_time),
        cmocka_unit_test(test_memory_for_one_is_enough),
        cmocka_unit_test(test_it_takes_memory_only_as_it_needs_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
