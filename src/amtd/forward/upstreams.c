/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/upstreams.h"

#include "amtd/forward/driad-route.h"
#include "amtd/forward/driad.h"
#include "amtd/forward/interfaces.h"
#include "amtd/forward/routing.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/log.h"
#include "kernel/inet.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* Previous upstreams are left after this time: a new gateway has had its first Query and has sent
 * its memberships, twice if the first were lost. */
#define SETTLE_USEC (10 * USEC_PER_SEC)

/* The kernel drops memberships of an interface that is gone, not of one that is down. */
static void forget_if_gone(struct forward *forward, int ifindex)
{
	char name[IFNAMSIZ];

	if (ifindex == 0 || if_indextoname((unsigned int)ifindex, name))
		return;
	for (int family = 0; family < _FAMILY_MAX; family++)
		if (forward->joins[family])
			joins_forget(forward->joins[family], ifindex);
}

/* Replace the previous interface, in routes as well. True: it changed. */
static bool replace_upstream(struct forward *forward, const char *name, int *slot)
{
	int ifindex = forward_find_interface(forward->manager, name), previous = *slot;

	if (strcmp(name, DRIAD_NAME) == 0) {
		*slot = DRIAD_IFINDEX;
		return previous != DRIAD_IFINDEX;
	}
	if (ifindex != 0 && ifindex != previous && !forward_add_interface(forward, name, ifindex))
		ifindex = 0;
	if (ifindex == previous)
		return false;
	*slot = ifindex;
	forget_if_gone(forward, previous);
	if (ifindex == 0)
		log_warning(forward->device->config->name, "upstream %s is absent or down", name);
	else
		log_info(forward->device->config->name, "upstream is %s", name);
	return true;
}

const char *forward_upstream_name(const struct forward *forward, size_t i)
{
	const struct config_upstream *upstream = &forward_config(forward)->upstreams[i];

	return forward->switched && upstream->prefix.address.family == AF_UNSPEC
		       ? forward_config(forward)->backup_upstream
		       : upstream->name;
}

void forward_check(struct forward *forward, int result)
{
	if (result < 0)
		forward->broken = result;
}

static bool is_downstream(const struct forward *forward, int ifindex)
{
	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (forward->downstreams[i]->ifindex == ifindex &&
		    !downstream_is_tunnels(forward->downstreams[i]))
			return true;
	return false;
}

/* Of this device, or of one that shares its routing table. */
static enum forwarder_kind kind_of(const struct forward *forward, int ifindex)
{
	const struct forward *other = forward->owner->forwarding->list;

	if (is_downstream(forward, ifindex))
		return FORWARDER_DOWNSTREAM;
	for (; other; other = other->next)
		if (other->routing == forward->routing && is_downstream(other, ifindex))
			return FORWARDER_NEIGHBOUR;
	return FORWARDER_UPSTREAM;
}

enum forwarder_kind forward_source_kind(const struct forward *forward, int ifindex,
					const struct address *source)
{
	enum forwarder_kind kind = kind_of(forward, ifindex);

	/* A host of the LAN must not divert a stream by its source address (RFC 4605, 5). */
	if (kind == FORWARDER_UPSTREAM ||
	    forwarder_places(forward->forwarders[family_of(source)], source) ||
	    inet_leads_to(forward->manager->netlink, source, ifindex) <= 0)
		return FORWARDER_UPSTREAM;
	return kind;
}

struct placing {
	struct forward *forward;
	struct forwarder_upstream *rows;
	size_t n, room;
	bool failed;
};

static void place(struct placing *placing, int ifindex, const struct prefix *prefix,
		  enum forwarder_kind kind)
{
	if (!GROW(placing->rows, placing->n, placing->room)) {
		placing->failed = true;
		return;
	}
	placing->rows[placing->n++] =
		(struct forwarder_upstream){ .ifindex = ifindex, .prefix = *prefix, .kind = kind };
}

static void on_subnet(int ifindex, const struct prefix *subnet, void *userdata)
{
	struct placing *placing = userdata;
	enum forwarder_kind kind = kind_of(placing->forward, ifindex);

	if (kind != FORWARDER_UPSTREAM)
		place(placing, ifindex, subnet, kind);
}

static bool is_receiver(const struct forward *forward, int ifindex)
{
	const struct manager *manager = forward->manager;

	for (size_t i = 0; i < manager->n_devices; i++)
		if (manager->devices[i]->ifindex == ifindex &&
		    manager->devices[i]->config->mode == CONFIG_GATEWAY)
			return true;
	return ifindex == DRIAD_IFINDEX;
}

static bool same_rows(const struct placing *a, const struct forwarder_upstream *rows, size_t n)
{
	if (a->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (a->rows[i].ifindex != rows[i].ifindex || a->rows[i].kind != rows[i].kind ||
		    a->rows[i].prefix.length != rows[i].prefix.length ||
		    !address_equal(&a->rows[i].prefix.address, &rows[i].prefix.address))
			return false;
	return true;
}

static void settle_later(struct forward *forward)
{
	forward->settle_at = clock_monotonic() + SETTLE_USEC;
}

/* Upstream= first: of equal prefixes that one counts. */
static void place_own(struct forward *forward, enum upstreams_change how)
{
	const struct config_forward *config = forward_config(forward);
	struct placing placing = { .forward = forward };

	for (size_t i = 0; i < config->n_upstreams; i++)
		if (forward->upstreams[i] != 0)
			place(&placing, forward->upstreams[i], &config->upstreams[i].prefix,
			      is_receiver(forward, forward->upstreams[i]) ? FORWARDER_RECEIVER
									  : FORWARDER_UPSTREAM);
	if (inet_subnets(forward->manager->netlink, on_subnet, &placing) < 0 || placing.failed) {
		free(placing.rows);
		forward->dirty = true;
		return;
	}
	if (same_rows(&placing, forward->sources, forward->n_sources)) {
		free(placing.rows);
		return;
	}
	free(forward->sources);
	forward->sources = placing.rows;
	forward->n_sources = placing.n;
	if (how == UPSTREAMS_MOVE)
		settle_later(forward);
	for (int family = 0; family < _FAMILY_MAX; family++) {
		struct forwarder *forwarder = forward->forwarders[family];

		if (!forwarder)
			continue;
		forward_check(forward, (how == UPSTREAMS_MOVE ? forwarder_move_upstreams
							      : forwarder_set_upstreams)(
					       forwarder, placing.rows, placing.n));
	}
}

void forward_place_sources(struct forward *forward)
{
	struct forward *other = forward->owner->forwarding->list;

	for (; other; other = other->next)
		if (other->error == 0 && other->routing && other->routing == forward->routing)
			place_own(other, UPSTREAMS_SET);
}

/* The interface no longer is this upstream: at once, or once the new one delivers. */
static void leave_upstream(struct forward *forward, int ifindex, enum upstreams_change how)
{
	if (ifindex == 0 || ifindex == DRIAD_IFINDEX)
		return;
	if (how == UPSTREAMS_SET ||
	    !GROW(forward->leaving, forward->n_leaving, forward->leaving_size)) {
		routing_remove(forward->routing, ifindex);
		return;
	}
	forward->leaving[forward->n_leaving++] = ifindex;
	settle_later(forward);
}

void forward_settle_upstreams(struct forward *forward)
{
	bool driad = false;

	if (forward->settle_at == 0)
		return;
	forward->settle_at = 0;
	for (int family = 0; family < _FAMILY_MAX; family++)
		if (forward->forwarders[family])
			forward_check(forward, forwarder_settle(forward->forwarders[family]));
	while (forward->n_leaving > 0)
		routing_remove(forward->routing, forward->leaving[--forward->n_leaving]);
	for (size_t i = 0; i < forward->n_upstreams; i++)
		driad = driad || forward->upstreams[i] == DRIAD_IFINDEX;
	if (!driad)
		driad_close(forward);
}

void forward_refresh_upstreams(struct forward *forward, enum upstreams_change how)
{
	size_t n = forward->n_upstreams;
	int *previous;
	bool changed = false;

	previous = calloc(n, sizeof(*previous));
	if (!previous) {
		forward->dirty = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		previous[i] = forward->upstreams[i];
		changed = replace_upstream(forward, forward_upstream_name(forward, i),
					   &forward->upstreams[i]) ||
			  changed;
	}
	if (changed) {
		forward_settle_upstreams(forward); /* the change before */
		place_own(forward, how);
	}
	for (size_t i = 0; i < n; i++)
		if (previous[i] != forward->upstreams[i])
			leave_upstream(forward, previous[i], how);
	free(previous);
}

/* Is the ith row in use the same in both? */
static bool same_upstreams(const struct forward *forward, const struct config_forward *before)
{
	const struct config_forward *config = forward_config(forward);

	if (config->n_upstreams != before->n_upstreams)
		return false;
	for (size_t i = 0; i < config->n_upstreams; i++) {
		const struct config_upstream *a = &config->upstreams[i], *b = &before->upstreams[i];

		if (strcmp(a->name, b->name) != 0 || a->prefix.length != b->prefix.length ||
		    !address_equal(&a->prefix.address, &b->prefix.address))
			return false;
	}
	return !forward->switched || strcmp(config->backup_upstream, before->backup_upstream) == 0;
}

int forward_configure_upstreams(struct forward *forward, const struct config *previous)
{
	const struct config_forward *config = forward_config(forward);
	int *former = forward->upstreams, *upstreams;
	size_t n = forward->n_upstreams;

	if (same_upstreams(forward, &previous->forward))
		return 0;
	upstreams = calloc(config->n_upstreams, sizeof(*upstreams));
	if (!upstreams)
		return -ENOMEM;
	if (config->backup_upstream[0] == '\0')
		forward->switched = false;
	forward->upstreams = upstreams;
	forward->n_upstreams = config->n_upstreams;
	forward_refresh_upstreams(forward, UPSTREAMS_MOVE);
	place_own(forward, UPSTREAMS_MOVE); /* where no new one is present */
	for (size_t i = 0; i < n; i++)
		leave_upstream(forward, former[i], UPSTREAMS_MOVE);
	free(former);
	return 0;
}
