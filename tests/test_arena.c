/* Memory: arenas, and the hash table that lives in them. */
#include "graph/arena.h"
#include "graph/hash.h"

#include "tests/unit.h"

static void test_pieces_are_zeroed_and_aligned_to_16(void **context)
{
    struct arena *arena = arena_create();
    size_t size;

    for (size = 1; size < 5000; size += 7) {
        unsigned char *piece = arena_alloc(arena, size);

        assert_int_equal((uintptr_t)piece % 16, 0);
        assert_int_equal(piece[0], 0);
        assert_int_equal(piece[size - 1], 0);
        memset(piece, 0xFF, size);
    }
    arena_destroy(arena);
}

static void test_a_big_piece_leaves_the_chunk_in_use_to_the_small_ones(void **context)
{
    struct arena *arena = arena_create();
    char *first = arena_alloc(arena, 16);
    char *big = arena_alloc(arena, 10U << 20);
    char *second = arena_alloc(arena, 16);

    assert_ptr_equal(second, first + 16);
    big[(10U << 20) - 1] = 'x';
    assert_in_range(arena_size(arena), 10U << 20, 11U << 20);
    arena_destroy(arena);
}

static void test_small_arenas_take_little(void **context)
{
    struct arena *arena = arena_create();

    char *piece = arena_alloc(arena, 100);

    assert_non_null(piece);
    assert_in_range(arena_size(arena), 100, 8192);
    arena_destroy(arena);
}

static void test_texts_are_copied_and_printed(void **context)
{
    struct arena *arena = arena_create();
    char original[] = "inbox";

    char *copy = arena_strdup(arena, original);
    char *part = arena_strndup(arena, original, 2);
    char *printed = arena_printf(arena, "%s.%s/%d", original, part, 17);
    original[0] = 'X';

    assert_string_equal(copy, "inbox");
    assert_string_equal(part, "in");
    assert_string_equal(printed, "inbox.in/17");
    arena_destroy(arena);
}

static void test_destroying_nothing_is_fine(void **context)
{
    arena_destroy(NULL);
}

static void fill(struct hash *hash, char (*names)[32], size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "name%zu", i);
        assert_null(hash_put(hash, names[i], names[i]));
    }
}

static void test_a_table_keeps_what_is_put_while_it_grows(void **context)
{
    static char names[5000][32];
    struct hash hash = {0};
    size_t i;

    fill(&hash, names, 5000);

    assert_int_equal(hash.count, 5000);
    for (i = 0; i < 5000; i++) {
        assert_ptr_equal(hash_get(&hash, names[i]), names[i]);
    }
    assert_null(hash_get(&hash, "name5000"));
    assert_null(hash_get(&hash, ""));
    hash_deinit(&hash);
}

static void test_removing_leaves_the_others_where_they_are_found(void **context)
{
    static char names[2000][32];
    struct hash hash = {0};
    size_t i;

    fill(&hash, names, 2000);
    for (i = 0; i < 2000; i += 2) {
        assert_ptr_equal(hash_remove(&hash, names[i]), names[i]);
    }

    assert_int_equal(hash.count, 1000);
    for (i = 0; i < 2000; i++) {
        assert_ptr_equal(hash_get(&hash, names[i]), i % 2 == 0 ? NULL : names[i]);
    }
    assert_null(hash_remove(&hash, names[0]));
    hash_deinit(&hash);
}

static void test_put_replaces_and_add_does_not(void **context)
{
    char first[] = "first";
    char second[] = "second";
    struct hash hash = {0};

    assert_null(hash_put(&hash, "x", first));
    assert_ptr_equal(hash_put(&hash, "x", second), first);
    assert_ptr_equal(hash_get(&hash, "x"), second);
    assert_ptr_equal(hash_add(&hash, "x", first), second);
    assert_ptr_equal(hash_get(&hash, "x"), second);
    assert_int_equal(hash.count, 1);
    hash_deinit(&hash);
}

static void test_a_name_may_be_part_of_a_longer_text(void **context)
{
    char value[] = "value";
    struct hash hash = {0};

    hash_put_sized(&hash, "serverecho", 6, value);

    assert_ptr_equal(hash_get(&hash, "server"), value);
    assert_ptr_equal(hash_get_sized(&hash, "servers", 6), value);
    assert_null(hash_get(&hash, "serverecho"));
    hash_deinit(&hash);
}

static void test_a_walk_meets_each_entry_once(void **context)
{
    static char names[300][32];
    struct arena *arena = arena_create();
    const struct hash_entry *entry;
    unsigned seen[300] = {0};
    size_t position = 0;
    struct hash hash;
    size_t i;

    hash_init(&hash, arena, 10);
    fill(&hash, names, 300);
    while ((entry = hash_next(&hash, &position)) != NULL) {
        seen[strtoul(entry->name + 4, NULL, 10)]++;
    }

    for (i = 0; i < 300; i++) {
        assert_int_equal(seen[i], 1);
    }
    arena_destroy(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_zeroed_and_aligned_to_16),
        cmocka_unit_test(test_a_big_piece_leaves_the_chunk_in_use_to_the_small_ones),
        cmocka_unit_test(test_small_arenas_take_little),
        cmocka_unit_test(test_texts_are_copied_and_printed),
        cmocka_unit_test(test_destroying_nothing_is_fine),
        cmocka_unit_test(test_a_table_keeps_what_is_put_while_it_grows),
        cmocka_unit_test(test_removing_leaves_the_others_where_they_are_found),
        cmocka_unit_test(test_put_replaces_and_add_does_not),
        cmocka_unit_test(test_a_name_may_be_part_of_a_longer_text),
        cmocka_unit_test(test_a_walk_meets_each_entry_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
