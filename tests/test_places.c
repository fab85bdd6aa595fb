/* Places and the line of those who wait for one; across threads: tests/e2e/test_places.py. */
#include "graph/places.h"

#include "tests/scene.h"
#include "tests/unit.h"

enum { ANN, BOB, CAT, SEEKERS };

struct hall {
    struct scene *scene;
    struct places places;
    struct seeker *seeker[SEEKERS];
    uint64_t runs[SEEKERS]; /* when was_run() was last asked */
};

static const struct probe *probe_of(const struct hall *hall, int who)
{
    static const char *const names[] = {"ann", "bob", "cat"};

    return component_state(scene_find(hall->scene, names[who]));
}

static void open_hall(struct hall *hall)
{
    *hall = (struct hall){.scene = scene_start(NULL, "components:\n"
                                                     "  ann: {type: Probe}\n"
                                                     "  bob: {type: Probe}\n"
                                                     "  cat: {type: Probe}\n")};
    places_init(&hall->places);
    hall->seeker[ANN] = seeker_create(scene_find(hall->scene, "ann"), &hall->places);
    hall->seeker[BOB] = seeker_create(scene_find(hall->scene, "bob"), &hall->places);
    hall->seeker[CAT] = seeker_create(scene_find(hall->scene, "cat"), &hall->places);
    scene_run(hall->scene);
    for (int i = 0; i < SEEKERS; i++) {
        hall->runs[i] = probe_of(hall, i)->runs;
    }
}

static void close_hall(struct hall *hall)
{
    for (int i = 0; i < SEEKERS; i++) {
        seeker_destroy(hall->seeker[i]);
    }
    places_deinit(&hall->places);
    scene_stop(hall->scene);
}

static bool was_run(struct hall *hall, int who)
{
    const uint64_t before = hall->runs[who];

    scene_run(hall->scene);
    hall->runs[who] = probe_of(hall, who)->runs;
    return hall->runs[who] > before;
}

/* Nobody has been run but this one, SEEKERS: nobody at all. */
static void assert_run(struct hall *hall, int who)
{
    for (int i = 0; i < SEEKERS; i++) {
        assert_int_equal(was_run(hall, i), i == who);
    }
}

static void test_so_many_may_be_taken_and_one_more_for_each_that_is_given_back(void **context)
{
    struct hall hall;

    open_hall(&hall);
    assert_true(seeker_take(hall.seeker[ANN], 2));
    assert_true(seeker_take(hall.seeker[ANN], 2));
    assert_false(seeker_take(hall.seeker[ANN], 2));
    assert_run(&hall, SEEKERS);
    places_give_back(&hall.places);

    assert_run(&hall, ANN);
    assert_true(seeker_take(hall.seeker[ANN], 2));
    assert_false(seeker_take(hall.seeker[ANN], 2));
    assert_int_equal(hall.places.taken, 2);
    close_hall(&hall);
}

static void
test_who_came_first_is_the_first_and_whoever_comes_later_does_not_overtake(void **context)
{
    struct hall hall;

    open_hall(&hall);
    places_take_anyway(&hall.places);
    assert_false(seeker_take(hall.seeker[BOB], 1));
    assert_false(seeker_take(hall.seeker[CAT], 1));
    places_give_back(&hall.places);

    assert_false(seeker_take(hall.seeker[ANN], 1));
    assert_false(seeker_take(hall.seeker[CAT], 1));
    assert_run(&hall, BOB);
    assert_true(seeker_take(hall.seeker[BOB], 1));
    assert_true(seeker_leave(hall.seeker[BOB]));
    assert_run(&hall, SEEKERS);
    places_give_back(&hall.places);
    assert_run(&hall, CAT);
    close_hall(&hall);
}

static void test_who_leaves_while_there_is_room_has_the_next_one_run(void **context)
{
    struct hall hall;

    open_hall(&hall);
    places_take_anyway(&hall.places);
    assert_false(seeker_take(hall.seeker[ANN], 1));
    assert_false(seeker_take(hall.seeker[BOB], 1));
    assert_false(seeker_take(hall.seeker[CAT], 1));
    places_give_back(&hall.places);
    assert_run(&hall, ANN);

    assert_true(seeker_leave(hall.seeker[ANN])); /* it has changed its mind */
    assert_run(&hall, BOB);
    seeker_destroy(hall.seeker[BOB]); /* it is gone for good */
    hall.seeker[BOB] = NULL;
    assert_run(&hall, CAT);
    assert_true(seeker_take(hall.seeker[CAT], 1));
    close_hall(&hall);
}

static void test_who_puts_back_what_it_took_keeps_its_turn(void **context)
{
    struct hall hall;

    open_hall(&hall);
    places_take_anyway(&hall.places);
    assert_false(seeker_take(hall.seeker[ANN], 1));
    assert_false(seeker_take(hall.seeker[BOB], 1));
    places_give_back(&hall.places);
    assert_run(&hall, ANN);
    assert_true(seeker_take(hall.seeker[ANN], 1));

    seeker_put_back(hall.seeker[ANN]);

    assert_run(&hall, SEEKERS);
    assert_false(seeker_take(hall.seeker[BOB], 1));
    assert_true(seeker_take(hall.seeker[ANN], 1));
    close_hall(&hall);
}

static void test_who_puts_back_without_having_waited_waits_from_then_on(void **context)
{
    struct hall hall;

    open_hall(&hall);
    assert_true(seeker_take(hall.seeker[ANN], 1));
    assert_false(seeker_take(hall.seeker[BOB], 1));

    seeker_put_back(hall.seeker[ANN]);

    assert_true(seeker_is_waiting(hall.seeker[ANN]));
    assert_run(&hall, BOB);
    assert_true(seeker_leave(hall.seeker[BOB]));
    assert_run(&hall, ANN);
    close_hall(&hall);
}

static void test_without_a_limit_nobody_waits_whoever_is_in_the_line(void **context)
{
    struct hall hall;

    open_hall(&hall);
    places_take_anyway(&hall.places);
    assert_false(seeker_take(hall.seeker[ANN], 1));
    assert_false(seeker_take(hall.seeker[BOB], 1));
    places_look(&hall.places); /* there is none any more */

    assert_run(&hall, ANN);
    assert_true(seeker_take(hall.seeker[CAT], 0));
    assert_true(seeker_take(hall.seeker[ANN], 0));
    assert_true(seeker_leave(hall.seeker[ANN]));
    assert_run(&hall, BOB);
    assert_int_equal(hall.places.taken, 3);
    close_hall(&hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_so_many_may_be_taken_and_one_more_for_each_that_is_given_back),
        cmocka_unit_test(
            test_who_came_first_is_the_first_and_whoever_comes_later_does_not_overtake),
        cmocka_unit_test(test_who_leaves_while_there_is_room_has_the_next_one_run),
        cmocka_unit_test(test_who_puts_back_what_it_took_keeps_its_turn),
        cmocka_unit_test(test_who_puts_back_without_having_waited_waits_from_then_on),
        cmocka_unit_test(test_without_a_limit_nobody_waits_whoever_is_in_the_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
