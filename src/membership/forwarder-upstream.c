/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/forwarder-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool upstreams_lack(const struct upstreams *upstreams, int ifindex)
{
	for (size_t i = 0; i < upstreams->n_gone; i++)
		if (upstreams->gone[i] == ifindex)
			return true;
	return false;
}

static int compare_rows(const void *a, const void *b)
{
	const struct forwarder_upstream *left = a, *right = b;

	if (left->prefix.length != right->prefix.length)
		return left->prefix.length > right->prefix.length ? -1 : 1;
	return address_compare(&left->prefix.address, &right->prefix.address);
}

/* qsort() is not stable: equal rows are ordered by their position in the table. */
struct placed {
	struct forwarder_upstream row;
	size_t place;
};

static int compare_placed(const void *a, const void *b)
{
	const struct placed *left = a, *right = b;
	int order = compare_rows(&left->row, &right->row);

	return order ? order : left->place < right->place ? -1 : left->place > right->place;
}

static int compare_interfaces(const void *a, const void *b)
{
	int left = *(const int *)a, right = *(const int *)b;

	return left < right ? -1 : left > right;
}

static void add_row(struct upstreams *upstreams, const struct forwarder_upstream *row)
{
	struct prefix_run *run =
		upstreams->n_runs > 0 ? &upstreams->runs[upstreams->n_runs - 1] : NULL;

	if (upstreams->n > 0 && compare_rows(&upstreams->rows[upstreams->n - 1], row) == 0)
		return;
	if (!run || run->length != row->prefix.length) {
		run = &upstreams->runs[upstreams->n_runs++];
		*run = (struct prefix_run){ .start = upstreams->n, .length = row->prefix.length };
	}
	upstreams->rows[upstreams->n++] = *row;
	run->n++;
	if (row->kind == FORWARDER_UPSTREAM || row->kind == FORWARDER_RECEIVER)
		upstreams->interfaces[upstreams->n_interfaces++] = row->ifindex;
}

static void sort_interfaces(struct upstreams *upstreams)
{
	size_t n = 0;

	qsort(upstreams->interfaces, upstreams->n_interfaces, sizeof(int), compare_interfaces);
	for (size_t i = 0; i < upstreams->n_interfaces; i++)
		if (n == 0 || upstreams->interfaces[n - 1] != upstreams->interfaces[i])
			upstreams->interfaces[n++] = upstreams->interfaces[i];
	upstreams->n_interfaces = n;
}

int upstreams_init(struct upstreams *upstreams, sa_family_t family,
		   const struct forwarder_upstream *rows, size_t n, const int *gone, size_t n_gone)
{
	struct placed *placed = calloc(n + 1, sizeof(*placed));
	size_t i, usable = 0;

	*upstreams = (struct upstreams){
		.rows = calloc(n + 1, sizeof(upstreams->rows[0])),
		.runs = calloc(n + 1, sizeof(upstreams->runs[0])),
		.interfaces = calloc(n + 1, sizeof(upstreams->interfaces[0])),
		.gone = calloc(n_gone + 1, sizeof(upstreams->gone[0])),
	};
	if (!placed || !upstreams->rows || !upstreams->runs || !upstreams->interfaces ||
	    !upstreams->gone) {
		free(placed);
		upstreams_fini(upstreams);
		return -ENOMEM;
	}
	for (i = 0; i < n_gone; i++)
		upstreams->gone[upstreams->n_gone++] = gone[i];
	for (i = 0; i < n; i++) {
		struct forwarder_upstream row = rows[i];

		if (row.prefix.address.family == AF_UNSPEC)
			row.prefix = (struct prefix){ .address.family = family };
		if (row.prefix.address.family != family || upstreams_lack(upstreams, row.ifindex))
			continue;
		placed[usable++] = (struct placed){ .row = row, .place = i };
	}
	qsort(placed, usable, sizeof(placed[0]), compare_placed);
	for (i = 0; i < usable; i++)
		add_row(upstreams, &placed[i].row);
	free(placed);
	sort_interfaces(upstreams);
	return 0;
}

void upstreams_fini(struct upstreams *upstreams)
{
	free(upstreams->rows);
	free(upstreams->runs);
	free(upstreams->interfaces);
	free(upstreams->gone);
	*upstreams = (struct upstreams){ 0 };
}

/* A row of the source itself counts as below: the search ends after it. */
static int order_rows(const void *element, const void *key)
{
	const struct forwarder_upstream *row = element;

	return address_compare(&row->prefix.address, key) <= 0 ? -1 : 1;
}

/* upward: upstreams only */
static const struct forwarder_upstream *find_row(const struct upstreams *upstreams,
						 const struct address *source, bool upward)
{
	for (size_t i = 0; i < upstreams->n_runs; i++) {
		const struct prefix_run *run = &upstreams->runs[i];
		const struct forwarder_upstream *rows = upstreams->rows + run->start;
		size_t above = array_search(rows, run->n, sizeof(rows[0]), source, order_rows);

		/* The last row that is not above the source is the only one that may contain it. */
		if (above == 0 || !prefix_contains(&rows[above - 1].prefix, source))
			continue;
		if (!upward || rows[above - 1].kind == FORWARDER_UPSTREAM ||
		    rows[above - 1].kind == FORWARDER_RECEIVER)
			return &rows[above - 1];
	}
	return NULL;
}

const struct forwarder_upstream *upstreams_find(const struct upstreams *upstreams,
						const struct address *source)
{
	return find_row(upstreams, source, false);
}

int upstreams_ifindex(const struct upstreams *upstreams, const struct address *source)
{
	const struct forwarder_upstream *row = find_row(upstreams, source, false);

	return row ? row->ifindex : 0;
}

int upstreams_upward(const struct upstreams *upstreams, const struct address *source)
{
	const struct forwarder_upstream *row = find_row(upstreams, source, true);

	return row && row->kind == FORWARDER_UPSTREAM ? row->ifindex : 0;
}
