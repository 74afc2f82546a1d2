/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source filters, RFC 9776, section 3.1 and 3.2 (RFC 9777, 4.1 and 4.2): which sources of a group
 * are wanted. Pure.
 */
#ifndef AMT_BASE_FILTER_H
#define AMT_BASE_FILTER_H

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>

enum filter_mode {
	FILTER_INCLUDE, /* these sources only; with none: nothing is wanted */
	FILTER_EXCLUDE, /* all sources but these; with none: any source */
};

/* sources: sorted by address_compare(), none twice, all of one family. A zeroed struct is
 * INCLUDE {}. The array is the filter's own; filter_clear() frees it. */
struct filter {
	enum filter_mode mode;
	struct address *sources;
	size_t n;
};

void filter_clear(struct filter *filter); /* to INCLUDE {} */

/* 0 or -ENOMEM; the filter is untouched then. */
int filter_add(struct filter *filter, const struct address *source); /* there already: fine */
void filter_remove(struct filter *filter, const struct address *source);
int filter_copy(struct filter *to, const struct filter *from); /* to is cleared first */

/* *into becomes the merge of both: RFC 9776, section 3.2 (any
 * EXCLUDE: EXCLUDE of the intersection of the excluded less all the included; else the union). */
int filter_merge(struct filter *into, const struct filter *other);

bool filter_wants(const struct filter *filter, const struct address *source);
bool filter_empty(const struct filter *filter); /* INCLUDE {} */
bool filter_equal(const struct filter *a, const struct filter *b);

#endif
