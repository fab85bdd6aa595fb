/* Every component type of the program, sorted by file name and ended by NULL; the table is generated
 * from the CMakeLists of components/. */
#ifndef AXOND_COMPONENTS_COMPONENT_TYPES_H
#define AXOND_COMPONENTS_COMPONENT_TYPES_H

#include "graph/component_type.h"

extern const struct component_type *const component_types[];

#endif
