/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sentinel.h"

#include "kernel/joins.h"

#include <arpa/inet.h>

/* lo has this index in every network namespace (include/net/flow.h). */
#define LOOPBACK_IFINDEX 1

struct listing {
	struct address group, source; /* the sentinel */
	groups_source_handler each;
	void *userdata;
	bool seen;
};

static void on_source(int ifindex, const struct address *group, const struct address *source,
		      void *userdata)
{
	struct listing *listing = userdata;

	if (ifindex != LOOPBACK_IFINDEX)
		listing->each(ifindex, group, source, listing->userdata);
	else if (address_equal(group, &listing->group) && address_equal(source, &listing->source))
		listing->seen = true;
}

/* IPv4: for documentation, RFC 6676. IPv6: interface-local, RFC 4291, 2.7, never reported. */
static struct listing new_listing(const struct sentinel *sentinel)
{
	if (sentinel->family == AF_INET)
		return (struct listing){
			.group = { .family = AF_INET,
				   .in.s_addr = htonl(0xe9fc0000 + sentinel->number) },
			.source = { .family = AF_INET, .in.s_addr = htonl(INADDR_LOOPBACK) },
		};
	return (struct listing){
		.group = { .family = AF_INET6,
			   .in6.s6_addr = { 0xff, 0x31, [12] = 0x80, [15] = sentinel->number } },
		.source = { .family = AF_INET6, .in6 = IN6ADDR_LOOPBACK_INIT },
	};
}

static void join(struct sentinel *sentinel, const struct listing *listing)
{
	const struct filter none = { .mode = FILTER_INCLUDE };
	struct filter filter = none;

	if (!sentinel->joins && joins_open(sentinel->family, &sentinel->joins) < 0)
		return;
	if (filter_add(&filter, &listing->source) < 0)
		return;
	(void)joins_set(sentinel->joins, LOOPBACK_IFINDEX, &listing->group, &none);
	(void)joins_set(sentinel->joins, LOOPBACK_IFINDEX, &listing->group, &filter);
	filter_clear(&filter);
}

bool sentinel_list(struct sentinel *sentinel, groups_source_handler each, void *userdata)
{
	struct listing listing = new_listing(sentinel);

	listing.each = each;
	listing.userdata = userdata;
	(void)groups_list_sources(sentinel->family, on_source, &listing);
	if (listing.seen)
		return true;
	join(sentinel, &listing);
	(void)groups_list_sources(sentinel->family, on_source, &listing);
	return listing.seen;
}

void sentinel_close(struct sentinel *sentinel)
{
	joins_close(sentinel->joins);
	sentinel->joins = NULL;
}
