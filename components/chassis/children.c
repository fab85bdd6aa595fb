#include "components/chassis/children.h"

size_t children_count(const struct component *self)
{
    const struct component *child = NULL;
    size_t count = 0;

    while ((child = component_next_child(self, child)) != NULL) {
        count += !component_is_over(child);
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

size_t children_tell_unlinked(struct component *self, enum message_kind kind, int error)
{
    struct component *child = NULL;
    size_t told = 0;

    while ((child = component_next_child(self, child)) != NULL) {
        if (!component_is_over(child) && !component_control_is_fed(child)) {
            component_tell(child, kind, NULL, error);
            told++;
        }
    }
    return told;
}
