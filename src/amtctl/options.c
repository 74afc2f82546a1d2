/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/options.h"

#include "amtctl/output/output.h"
#include "base/parse.h"

#include <inttypes.h>
#include <string.h>

int option_number(const struct settings *settings, const struct verb_option *options, int row,
		  uint32_t min, uint32_t max, uint32_t *ret)
{
	const char *value = settings->values[row];

	if (!value || parse_u32(value, min, max, ret) == 0)
		return AMTCTL_OK;
	return output_error(AMTCTL_USAGE, "--%s %s: expected a number from %" PRIu32 " to %" PRIu32,
			    options[row].name, value, min, max);
}

int option_seconds(const struct settings *settings, const struct verb_option *options, int row,
		   usec_t min_usec, usec_t max_usec, usec_t *ret_usec)
{
	const char *value = settings->values[row];

	if (!value || parse_span(value, min_usec, max_usec, ret_usec) == 0)
		return AMTCTL_OK;
	return output_error(AMTCTL_USAGE, "--%s %s: expected seconds from %.10g to %.10g",
			    options[row].name, value, (double)min_usec / USEC_PER_SEC,
			    (double)max_usec / USEC_PER_SEC);
}

int option_split(const struct verb_option *option, char *list, const char **words, size_t max,
		 size_t *ret_n)
{
	char *rest = list, *word;
	size_t n = 0;

	while ((word = strsep(&rest, ","))) {
		if (n == max)
			return output_error(AMTCTL_USAGE, "--%s: more than %zu", option->name, max);
		words[n++] = word;
	}
	*ret_n = n;
	return AMTCTL_OK;
}
