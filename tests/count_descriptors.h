/* To see that none is left open, or closed for somebody else. */
#ifndef TESTS_COUNT_DESCRIPTORS_H
#define TESTS_COUNT_DESCRIPTORS_H

/* How many descriptors this process has. */
int count_descriptors(void);

#endif
