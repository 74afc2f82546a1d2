/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocations of the program under test that fail. Link with FAILING_MEMORY_WRAPS of meson.build.
 */
#ifndef TESTS_UNIT_FAILING_MEMORY_H
#define TESTS_UNIT_FAILING_MEMORY_H

#include <stdbool.h>

extern long allocations_left;  /* until one fails; below 0: none does, or one has */
extern bool allocation_failed; /* set by it */

#endif
