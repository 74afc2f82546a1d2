/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of the options that one verb alone takes.
 */
#ifndef AMTCTL_OPTIONS_H
#define AMTCTL_OPTIONS_H

#include "amtctl/amtctl.h"
#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>

/* The value of a row of the verb's table, into *ret, which is untouched where the option was not
 * given. AMTCTL_OK, or AMTCTL_USAGE with its line on stderr. */
int option_number(const struct settings *settings, const struct verb_option *options, int row,
		  uint32_t min, uint32_t max, uint32_t *ret);
int option_seconds(const struct settings *settings, const struct verb_option *options, int row,
		   usec_t min_usec, usec_t max_usec, usec_t *ret_usec);

/* Cut a list at its commas into at most max words. */
int option_split(const struct verb_option *option, char *list, const char **words, size_t max,
		 size_t *ret_n);

#endif
