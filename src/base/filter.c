/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/filter.h"

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Parts of two sorted lists. */
enum part {
	ONLY_LEFT = 1 << 0,
	IN_BOTH = 1 << 1,
	ONLY_RIGHT = 1 << 2,
};

/* RFC 9776, section 3.2, for two: [of the one][of the other]. EXCLUDE lists unwanted sources: the
 * merge keeps those unwanted by both. */
static const struct {
	enum filter_mode mode;
	unsigned int parts;
} merges[2][2] = {
	[FILTER_INCLUDE][FILTER_INCLUDE] = { FILTER_INCLUDE, ONLY_LEFT | IN_BOTH | ONLY_RIGHT },
	[FILTER_INCLUDE][FILTER_EXCLUDE] = { FILTER_EXCLUDE, ONLY_RIGHT },
	[FILTER_EXCLUDE][FILTER_INCLUDE] = { FILTER_EXCLUDE, ONLY_LEFT },
	[FILTER_EXCLUDE][FILTER_EXCLUDE] = { FILTER_EXCLUDE, IN_BOTH },
};

/* Arrays have room for the next power of two at least, so that adding one by one is cheap without
 * a field for it. */
static size_t filter_room(size_t n)
{
	size_t size = 1;

	while (size < n)
		size *= 2;
	return size;
}

static struct address *new_sources(size_t n)
{
	return malloc(filter_room(n) * sizeof(struct address));
}

static int order_sources(const void *element, const void *key)
{
	return address_compare(element, key);
}

/* Position of the source, or where it belongs. */
static size_t source_position(const struct filter *filter, const struct address *source,
			      bool *ret_found)
{
	size_t at =
		array_search(filter->sources, filter->n, sizeof(*source), source, order_sources);

	*ret_found = at < filter->n && address_equal(&filter->sources[at], source);
	return at;
}

void filter_clear(struct filter *filter)
{
	free(filter->sources);
	*filter = (struct filter){ .mode = FILTER_INCLUDE };
}

int filter_add(struct filter *filter, const struct address *source)
{
	struct address *sources;
	bool found;
	size_t at = source_position(filter, source, &found);

	if (found)
		return 0;
	if (filter->n == 0 || filter_room(filter->n) == filter->n) {
		sources = realloc(filter->sources, filter_room(filter->n + 1) * sizeof(*sources));
		if (!sources)
			return -ENOMEM;
		filter->sources = sources;
	}
	array_open(filter->sources, filter->n, sizeof(*source), at);
	filter->sources[at] = *source;
	filter->n++;
	return 0;
}

void filter_remove(struct filter *filter, const struct address *source)
{
	bool found;
	size_t at = source_position(filter, source, &found);

	if (!found)
		return;
	array_close(filter->sources, filter->n, sizeof(*source), at);
	filter->n--;
}

int filter_copy(struct filter *to, const struct filter *from)
{
	struct filter copy = { .mode = from->mode, .n = from->n };

	if (copy.n > 0) {
		copy.sources = new_sources(copy.n);
		if (!copy.sources)
			return -ENOMEM;
		memcpy(copy.sources, from->sources, copy.n * sizeof(copy.sources[0]));
	}
	filter_clear(to);
	*to = copy;
	return 0;
}

/* Both lists side by side, once. */
static size_t combine(const struct filter *left, const struct filter *right, unsigned int parts,
		      struct address *sources)
{
	size_t i = 0, j = 0, n = 0;

	while (i < left->n || j < right->n) {
		int order = i == left->n ? 1
			    : j == right->n
				    ? -1
				    : address_compare(&left->sources[i], &right->sources[j]);
		enum part part = order < 0 ? ONLY_LEFT : order > 0 ? ONLY_RIGHT : IN_BOTH;

		if (parts & part)
			sources[n++] = order <= 0 ? left->sources[i] : right->sources[j];
		i += order <= 0;
		j += order >= 0;
	}
	return n;
}

int filter_merge(struct filter *into, const struct filter *other)
{
	struct filter merged = { .mode = merges[into->mode][other->mode].mode };

	if (into->n + other->n > 0) {
		merged.sources = new_sources(into->n + other->n);
		if (!merged.sources)
			return -ENOMEM;
		merged.n =
			combine(into, other, merges[into->mode][other->mode].parts, merged.sources);
	}
	filter_clear(into);
	*into = merged;
	return 0;
}

bool filter_wants(const struct filter *filter, const struct address *source)
{
	bool found;

	(void)source_position(filter, source, &found);
	return found == (filter->mode == FILTER_INCLUDE);
}

bool filter_empty(const struct filter *filter)
{
	return filter->mode == FILTER_INCLUDE && filter->n == 0;
}

bool filter_equal(const struct filter *a, const struct filter *b)
{
	size_t i;

	if (a->mode != b->mode || a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (!address_equal(&a->sources[i], &b->sources[i]))
			return false;
	return true;
}
