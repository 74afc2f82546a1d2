/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel as users write it: SOURCE,GROUP, or GROUP for any source. Pure.
 */
#ifndef AMT_BASE_CHANNEL_H
#define AMT_BASE_CHANNEL_H

#include "base/address.h"

struct channel_key {
	struct address group, source; /* source AF_UNSPEC: any */
};

#define CHANNEL_TEXT_MAX (2 * ADDRESS_TEXT_MAX)

/* 0; or -EINVAL and *ret_why, the error and a hint, to follow the text. */
int channel_parse(const char *text, struct channel_key *ret, const char **ret_why);

const char *channel_format(const struct channel_key *key, char buf[static CHANNEL_TEXT_MAX]);

int channel_compare(const struct channel_key *a, const struct channel_key *b); /* group first */

#endif
