/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/router-private.h"

#include <stdlib.h>
#include <string.h>

struct key router_key(const struct address *address)
{
	struct key key = { 0 };

	address_store(address, key.bytes);
	return key;
}

struct address router_address(const struct router *router, const struct key *key)
{
	return address_load(router->options.family, key->bytes);
}

bool router_is_querier(const struct router *router)
{
	return router->options.querier && router->querier_until == 0;
}

/* Group Membership Interval, RFC 9776, 8.4; the Older Host Present Interval, 8.13, is the same. */
usec_t router_membership_usec(const struct router *router)
{
	return router->robustness * router->interval + router->response;
}

/* Last Member Query Time, 8.10. */
usec_t router_last_member_usec(const struct router *router)
{
	return router->robustness * router->options.last_member_usec;
}

bool router_denies(const struct router *router, const struct address *source,
		   const struct address *group)
{
	return router->options.policy &&
	       group_policy_denies(router->options.policy, router->options.interface, source,
				   group);
}

void router_ignore(struct router *router, enum router_ignored reason)
{
	router->counters.ignored[reason]++;
}

struct source *router_scratch(struct router *router, size_t n)
{
	struct source *scratch = router->scratch;

	if (n <= router->scratch_room && scratch)
		return scratch;
	if (n < ROUTER_SCRATCH_KEPT / 8)
		n = ROUTER_SCRATCH_KEPT / 8;
	scratch = realloc(scratch, n * sizeof(*scratch));
	if (!scratch)
		return NULL;
	router->scratch = scratch;
	router->scratch_room = n;
	return scratch;
}
