#include "components/chassis/children.h"

size_t children_count(const struct component *self)
{
    const struct component *child = NULL;
    size_t count = 0;

    while ((child = component_next_child(self, child)) != NULL) {
        count++;
    }
    return count;
}

void children_tell(struct component *self, enum message_kind kind, int error)
{
    struct component *child = NULL;

    while ((child = component_next_child(self, child)) != NULL) {
        component_tell(child, kind, NULL, error);
    }
}

static bool hears_from_others(const struct component *child)
{
    const struct inbox *control =
        child->control != NO_BOX ? component_have_inbox(child, child->control) : NULL;

    return control != NULL && inbox_is_fed(control);
}

size_t children_tell_unlinked(struct component *self, enum message_kind kind, int error)
{
    struct component *child = NULL;
    size_t told = 0;

    while ((child = component_next_child(self, child)) != NULL) {
        if (!component_is_over(child) && !hears_from_others(child)) {
            component_tell(child, kind, NULL, error);
            told++;
        }
    }
    return told;
}
