/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of interfaces with each byte, at each place. */
#ifndef TESTS_NAMES_H
#define TESTS_NAMES_H

#include <net/if.h>
#include <stdio.h>

#define NAME_PLACES 4

/* The byte first, in the middle, last, alone. */
static inline void name_with(char name[static IFNAMSIZ], int byte, int place)
{
	static const char *const around[NAME_PLACES][2] = {
		{ "", "ab" },
		{ "a", "b" },
		{ "ab", "" },
		{ "", "" },
	};

	snprintf(name, IFNAMSIZ, "%s%c%s", around[place][0], byte, around[place][1]);
}

#endif
