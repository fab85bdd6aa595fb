/* What a chassis does with the components that the file puts into it. */
#ifndef AXOND_COMPONENTS_CHASSIS_CHILDREN_H
#define AXOND_COMPONENTS_CHASSIS_CHILDREN_H

#include "graph/component.h"

/* Those that have not ended. */
size_t children_count(const struct component *self);

/* Gives each a notice, but for those that have ended. */
void children_tell(struct component *self, enum message_kind kind, int error);

/* The same for those to whose control nothing is linked: the others hear of it from their
 * neighbours.  Returns how many there were. */
size_t children_tell_unlinked(struct component *self, enum message_kind kind, int error);

#endif
