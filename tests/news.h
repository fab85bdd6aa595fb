/* A Backplane with two who publish and two who subscribe, for tests of what goes through it.
 *
 *     a --> pa          sy --> y
 *              ··> bus ··>
 *     b --> pb          sz --> z */
#ifndef TESTS_NEWS_H
#define TESTS_NEWS_H

#include "tests/scene.h"

extern const char news_text[];

/* The same without b, with small bounds, and with these keys besides on sy's inbox, such as
 * ", when_full: block". */
struct scene *news_start_slow(const char *keys);

/* Has a say "0", "1", … as long as there is room.  Returns how many. */
int news_say_many(struct scene *scene, int most);

/* In the name of a probe: says something, takes this, expects that nothing has come. */
void news_say(struct scene *scene, const char *path, const char *text);
void news_hears(struct scene *scene, const char *path, const char *text);
void news_silent(struct scene *scene, const char *path);

/* A component's statistic. */
uint64_t news_statistic(const struct scene *scene, const char *path, const char *name);

#endif
