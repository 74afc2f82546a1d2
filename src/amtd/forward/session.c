/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/session.h"

#include "amtd/core/keep.h"
#include "amtd/core/pass.h"
#include "amtd/forward/adopt.h"
#include "amtd/forward/backup.h"
#include "amtd/forward/downstream.h"
#include "amtd/forward/driad-route.h"
#include "amtd/forward/driad.h"
#include "amtd/forward/interfaces.h"
#include "amtd/forward/members.h"
#include "amtd/forward/mfc.h"
#include "amtd/forward/own-joins.h"
#include "amtd/forward/policy.h"
#include "amtd/forward/refused.h"
#include "amtd/forward/routing.h"
#include "amtd/forward/table-move.h"
#include "amtd/forward/upstreams.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "kernel/error-text.h"
#include "kernel/joins.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

/* Intervals: upstream poll, sweep of idle flows, watchdog, retry of errors. */
#define POLL_USEC  (1 * USEC_PER_SEC)
#define SWEEP_USEC (60 * USEC_PER_SEC)
#define ALIVE_USEC (5 * USEC_PER_SEC)
#define RETRY_USEC (5 * USEC_PER_SEC)

/* Flows of each family that were not joined by source: wanted ones, and ones that the kernel is
 * told to drop. */
#define FLOWS_MAX   100000
#define DROPPED_MAX 10000

/* ---- decisions of the forwarder ------------------------------------------------------------ */

/* Each join of a hundred thousand takes the kernel a millisecond, ____ip_mc_inc_group() in
 * net/ipv4/igmp.c: moving all of them to another upstream takes longer than the watchdog's timeout.
 */
static void notify_watchdog(struct forwarding *forwarding)
{
	uint64_t now = clock_monotonic();

	if (now - forwarding->alive_at < ALIVE_USEC)
		return;
	forwarding->alive_at = now;
	(void)sd_notify(false, "WATCHDOG=1");
}

static void on_join(int upstream, const struct address *group, const struct filter *filter,
		    void *userdata)
{
	struct forward *forward = userdata;
	enum family family = family_of(group);
	char text[ADDRESS_TEXT_MAX];
	int r;

	notify_watchdog(forward->owner->forwarding);
	if (upstream == DRIAD_IFINDEX) {
		r = driad_join(forward, group, filter);
		if (r < 0)
			forward_refused(
				forward, family, "cannot find gateways for the sources of %s: %s",
				address_format(group, text),
				r == -EDQUOT
					? "there are as many channels already as MaxChannels= in amtd.conf allows"
					: strerror(-r));
		return;
	}
	if (!forward->joins[family])
		return; /* release_forward() */
	r = joins_set(forward->joins[family], upstream, group, filter);
	if (r == JOINS_WIDER)
		forward_refused(forward, family, "%s: %s", address_format(group, text),
				joins_error_text(r, group->family));
	else if (r < 0)
		forward_refused(forward, family, "%s cannot be joined upstream: %s",
				address_format(group, text), joins_error_text(r, group->family));
}

static void on_route(const struct address *source, const struct address *group, int incoming,
		     const int *outgoing, size_t n, void *userdata)
{
	struct forward *forward = userdata;

	if (forward->restoring)
		return; /* session_restored() */
	if (incoming == DRIAD_IFINDEX) {
		driad_set_route(forward, source, group, outgoing, n);
		return;
	}
	driad_unroute(forward, source, group);
	forward_set_route(forward, source, group, incoming, outgoing, n);
}

static void on_unroute(const struct address *source, const struct address *group, void *userdata)
{
	struct forward *forward = userdata;

	if (forward->restoring)
		return;
	driad_unroute(forward, source, group);
	forward_delete_route(forward, source, group);
}

static void on_missing(struct routing *routing, enum mroute_upcall upcall, int ifindex,
		       const struct address *source, const struct address *group)
{
	enum family family = family_of(source);

	for (struct forward *forward = routing->forwarding->list; forward;
	     forward = forward->next) {
		struct forwarder *forwarder = forward->forwarders[family];

		if (forward->routing != routing || !forwarder)
			continue;
		if (upcall == MROUTE_NO_ROUTE)
			(void)forwarder_missing(forwarder, ifindex,
						forward_source_kind(forward, ifindex, source),
						source, group);
		else /* dropped and counted by the kernel */
			(void)forwarder_arrived(forwarder, ifindex, source, group);
	}
}

/* ---- interfaces ---------------------------------------------------------------------------- */

/* Another device that forwards to the interface; NULL: none. */
static const char *find_neighbour(const struct forward *forward, const char *downstream)
{
	const struct forward *other = forward->owner->forwarding->list;

	for (; other; other = other->next)
		for (size_t i = 0; other != forward && i < other->n_downstreams; i++)
			if (strcmp(other->downstreams[i]->name, downstream) == 0)
				return other->device->config->name;
	return NULL;
}

static void notify_tunnels_started(const struct forward *forward)
{
	const struct forwarding *forwarding = forward->owner->forwarding;

	if (forwarding->tunnels_started)
		forwarding->tunnels_started(forward->device, forwarding->userdata);
}

static void start_downstream(struct forward *forward, struct downstream *downstream, int ifindex)
{
	const char *neighbour = find_neighbour(forward, downstream->name);
	char before[sizeof(downstream->error)];

	memcpy(before, downstream->error, sizeof(before));
	if (!forward_add_interface(forward, downstream->name, ifindex))
		return;
	if (downstream_start(downstream, ifindex) < 0) {
		if (strcmp(before, downstream->error) != 0)
			log_error(downstream->name, "%s", downstream->error);
		routing_remove(forward->routing, ifindex);
		return;
	}
	if (downstream_is_tunnels(downstream))
		notify_tunnels_started(forward);
	log_info(forward->device->config->name, "forwards to %s", downstream->name);
	if (neighbour)
		log_warning(
			forward->device->config->name,
			"%s is Downstream= of %s, too: its groups are joined upstream of both; remove it from one",
			downstream->name, neighbour);
}

static void stop_downstream(struct forward *forward, struct downstream *downstream)
{
	int ifindex = downstream->ifindex;

	if (ifindex == 0)
		return;
	downstream_stop(downstream);
	routing_remove(forward->routing, ifindex);
}

static void refresh_downstreams(struct forward *forward)
{
	for (size_t i = 0; i < forward->n_downstreams; i++) {
		struct downstream *downstream = forward->downstreams[i];
		int ifindex = forward_find_interface(forward->manager, downstream->name);

		if (ifindex == downstream->ifindex) {
			downstream_address(downstream);
			continue;
		}
		stop_downstream(forward, downstream);
		if (ifindex != 0)
			start_downstream(forward, downstream, ifindex);
	}
}

static void refresh_forward(struct forward *forward)
{
	forward->dirty = false;
	forward_refresh_upstreams(forward, UPSTREAMS_SET);
	refresh_downstreams(forward);
	forward_place_sources(forward);
	policy_refresh(forward);
	driad_refresh(forward);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* A flow whose counter did not change since the last sweep. */
static bool is_idle(const struct address *source, const struct address *group, uint64_t *mark,
		    void *userdata)
{
	struct forward *forward = userdata;
	struct mroute *mroute = forward->routing->mroutes[family_of(source)];
	struct mroute_counters counters;
	uint64_t before = *mark;

	if (!mroute || mroute_counters(mroute, source, group, &counters) < 0)
		return true;
	*mark = counters.packets;
	return counters.packets == before;
}

/* ---- life cycle ----------------------------------------------------------------------------- */

static int open_family(struct forward *forward, enum family family)
{
	static const struct forwarder_ops ops = {
		.join = on_join,
		.route = on_route,
		.unroute = on_unroute,
	};
	const struct forwarder_options options = {
		.family = family_to_af(family),
		.max_flows = FLOWS_MAX,
		.max_dropped = DROPPED_MAX,
	};
	int r;

	r = keep_joins_open(forward->manager->keep, family_to_af(family), &forward->joins[family]);
	if (r < 0)
		return r == -EAFNOSUPPORT ? 0 : r; /* a kernel without IPv6 */
	return forwarder_new(&options, &ops, forward, &forward->forwarders[family]);
}

static struct downstream *find_downstream(const struct forward *forward, const char *name)
{
	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (strcmp(forward->downstreams[i]->name, name) == 0)
			return forward->downstreams[i];
	return NULL;
}

static struct downstream *new_downstream(struct forward *forward, const char *name)
{
	struct downstream *downstream = calloc(1, sizeof(*downstream));

	if (!downstream)
		return NULL;
	downstream->forward = forward;
	snprintf(downstream->name, sizeof(downstream->name), "%s", name);
	return downstream;
}

/* Those that stay are not touched; new ones start with the next refresh. -ENOMEM: unchanged. */
static int configure_downstreams(struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);
	struct downstream **list = calloc(config->n_downstreams + 1, sizeof(*list));
	size_t n;

	for (n = 0; list && n < config->n_downstreams; n++) {
		list[n] = find_downstream(forward, config->downstreams[n])
				  ?: new_downstream(forward, config->downstreams[n]);
		if (!list[n])
			break;
	}
	if (!list || n < config->n_downstreams) {
		while (list && n-- > 0)
			if (!find_downstream(forward, list[n]->name))
				free(list[n]);
		free(list);
		return -ENOMEM;
	}
	for (size_t i = 0; i < forward->n_downstreams; i++) {
		struct downstream *old = forward->downstreams[i];
		size_t j = 0;

		while (j < n && list[j] != old)
			j++;
		if (j < n)
			continue;
		stop_downstream(forward, old);
		free(old);
	}
	free(forward->downstreams);
	forward->downstreams = list;
	forward->n_downstreams = n;
	return 0;
}

/* Where an Upstream= is driad. */
static int open_driad(struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);

	for (size_t i = 0; i < config->n_upstreams && !forward->driad; i++)
		if (strcmp(config->upstreams[i].name, DRIAD_NAME) == 0)
			return driad_open(forward);
	return 0;
}

static int setup_forward(struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);
	int r;

	forward->upstreams = calloc(config->n_upstreams, sizeof(*forward->upstreams));
	if (!forward->upstreams)
		return -ENOMEM;
	forward->n_upstreams = config->n_upstreams;
	r = configure_downstreams(forward);
	if (r == 0)
		r = routing_get(forward->owner->forwarding, config->table, on_missing,
				&forward->routing);
	if (r == 0)
		r = open_driad(forward);
	for (int family = 0; family < _FAMILY_MAX && r == 0; family++)
		r = open_family(forward, family);
	return r;
}

static void free_forwarders(struct forward *forward)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		forwarder_free(forward->forwarders[family]);
		forward->forwarders[family] = NULL;
	}
}

/* Undoes setup_forward(), also a failed one. Memberships are closed first and all together: one by
 * one it would take as long as joining them did. */
static void release_forward(struct forward *forward)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		keep_joins_close(forward->manager->keep, forward->joins[family]);
		forward->joins[family] = NULL;
	}
	members_close(forward);
	/* The service manager has copies of the sockets: a leave would affect those, too. */
	if (keep_is_released(forward->manager->keep))
		free_forwarders(forward);
	for (size_t i = 0; i < forward->n_downstreams; i++)
		stop_downstream(forward, forward->downstreams[i]);
	for (size_t i = 0; i < forward->n_leaving; i++)
		routing_remove(forward->routing, forward->leaving[i]);
	for (size_t i = 0; i < forward->n_upstreams; i++)
		if (forward->upstreams[i] != 0 && forward->upstreams[i] != DRIAD_IFINDEX)
			routing_remove(forward->routing, forward->upstreams[i]);
	driad_close(forward);
	free_forwarders(forward);
	routing_put(forward->routing);
	forward->routing = NULL;
	for (size_t i = 0; i < forward->n_downstreams; i++)
		free(forward->downstreams[i]);
	free(forward->downstreams);
	free(forward->upstreams);
	policy_free(forward);
	own_joins_free(forward);
	free(forward->sources);
	forward->sources = NULL;
	forward->n_sources = 0;
	free(forward->leaving);
	forward->leaving = NULL;
	forward->n_leaving = forward->leaving_size = 0;
	forward->settle_at = 0;
	forward->downstreams = NULL;
	forward->n_downstreams = 0;
	forward->upstreams = NULL;
	forward->n_upstreams = 0;
	forward->dirty = false;
	forward->broken = 0;
}

static void start_forwarding(struct forward *forward)
{
	const char *name = forward->device->config->name;
	int r, before = forward->error;

	r = setup_forward(forward);
	forward->error = r;
	if (r < 0) {
		release_forward(forward);
		if (r != before)
			log_error(name, "cannot forward: %s", strerror(-r));
		return;
	}
	for (int family = 0; family < _FAMILY_MAX; family++)
		if (!forward->routing->mroutes[family])
			log_error(name, "%s is not forwarded: %s",
				  family == FAMILY_IPV6 ? "IPv6" : "IPv4",
				  forward->routing->errors[family]);
	forward->active_at = forward->sweep_at = clock_monotonic();
	forward->restoring = !forward->owner->forwarding->restored;
	members_open(forward);
	refresh_forward(forward);
	if (forward->owner->forwarding->settled)
		members_rewrite(forward);
}

void session_restored(struct forwarding *forwarding)
{
	adopt_take(forwarding);
	for (struct forward *forward = forwarding->list; forward; forward = forward->next)
		forward->restoring = false;
	for (struct forward *forward = forwarding->list; forward; forward = forward->next)
		for (int family = 0; family < _FAMILY_MAX; family++)
			if (forward->forwarders[family])
				forward_check(forward,
					      forwarder_repeat_routes(forward->forwarders[family]));
}

void session_settled(struct forwarding *forwarding)
{
	forwarding->settled = true;
	adopt_drop(forwarding);
	for (struct forward *forward = forwarding->list; forward; forward = forward->next)
		members_rewrite(forward);
}

static void retry_forwarding(struct forward *forward)
{
	bool failed = false;

	if (forward->broken < 0) {
		log_error(forward->device->config->name, "restarting forwarding: %s",
			  strerror(-forward->broken));
		release_forward(forward);
		start_forwarding(forward);
		return;
	}
	if (forward->error < 0) {
		start_forwarding(forward);
		return;
	}
	routing_retry(forward->routing);
	for (size_t i = 0; i < forward->n_downstreams; i++)
		failed = failed || forward->downstreams[i]->error[0] != '\0';
	for (size_t i = 0; i < forward->n_upstreams; i++)
		failed = failed || forward->upstreams[i] == 0;
	if (failed)
		refresh_forward(forward);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct forward *forward = userdata;
	uint64_t now = clock_monotonic();

	if (now >= forward->retry_at) {
		forward->retry_at = now + RETRY_USEC;
		retry_forwarding(forward);
	}
	if (forward->settle_at > 0 && now >= forward->settle_at)
		forward_settle_upstreams(forward);
	if (forward->error == 0) {
		own_joins_poll(forward, now);
		backup_poll(forward, now);
	}
	if (forward->error == 0 && now >= forward->sweep_at) {
		forward->sweep_at = now + SWEEP_USEC;
		for (int family = 0; family < _FAMILY_MAX; family++)
			if (forward->forwarders[family])
				forwarder_sweep(forward->forwarders[family], is_idle, forward);
	}
	timer_arm_relative(source, POLL_USEC);
	return 0;
}

static void insert_forward(struct forward *forward)
{
	struct forward **link = &forward->owner->forwarding->list;

	while (*link && strcmp((*link)->device->config->name, forward->device->config->name) < 0)
		link = &(*link)->next;
	forward->next = *link;
	*link = forward;
}

static void start_forward(struct forward_device *owner)
{
	struct manager *manager = owner->forwarding->manager;
	struct forward *forward;

	forward = calloc(1, sizeof(*forward));
	if (!forward)
		return; /* retried by the next pass */
	forward->owner = owner;
	forward->device = owner->device;
	forward->manager = manager;
	if (timer_add(manager->event, &forward->poll, USEC_PER_SEC / 10, on_poll, forward) < 0) {
		sd_event_source_disable_unref(forward->poll);
		free(forward);
		return;
	}
	timer_arm_relative(forward->poll, POLL_USEC);
	owner->forward = forward;
	insert_forward(forward);
	start_forwarding(forward);
}

void session_stop(struct forward_device *owner)
{
	struct forward *forward = owner->forward;
	struct forward **link = &owner->forwarding->list;

	if (!forward)
		return;
	owner->forward = NULL;
	while (*link != forward)
		link = &(*link)->next;
	*link = forward->next;
	sd_event_source_disable_unref(forward->poll);
	release_forward(forward);
	free(forward);
}

/* Does everything have to be made anew? */
static bool needs_restart(struct forward *forward, const struct config *previous)
{
	const struct config *config = forward->device->config;

	return forward->error < 0 || forward->broken < 0 || !config_forwards(&config->forward) ||
	       config->mode != previous->mode ||
	       (config->forward.table != previous->forward.table &&
		!table_move(forward, config->forward.table));
}

void session_configure(struct forward_device *owner, const struct config *previous)
{
	struct forward *forward = owner->forward;
	int r;

	if (!forward)
		return;
	if (needs_restart(forward, previous)) {
		session_stop(owner);
		return;
	}
	r = configure_downstreams(forward);
	if (r == 0)
		r = open_driad(forward);
	if (r == 0)
		r = forward_configure_upstreams(forward, previous);
	if (r < 0) {
		log_error(owner->device->config->name, "restarting forwarding: %s", strerror(-r));
		session_stop(owner);
		return;
	}
	for (size_t i = 0; i < forward->n_downstreams; i++)
		downstream_configure(forward->downstreams[i]);
	forward->active_at = clock_monotonic();
	forward->dirty = true;
}

/* name: "" where the event has none. */
static bool is_same_interface(const char *own, int own_ifindex, const char *name, int ifindex)
{
	return (own_ifindex != 0 && own_ifindex == ifindex) ||
	       (own[0] != '\0' && strcmp(own, name) == 0);
}

static bool has_interface(const struct forward *forward, const char *name, int ifindex)
{
	const struct config_forward *config = forward_config(forward);

	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (is_same_interface(forward->downstreams[i]->name,
				      forward->downstreams[i]->ifindex, name, ifindex))
			return true;
	for (size_t i = 0; i < config->n_upstreams; i++)
		if (is_same_interface(config->upstreams[i].name, forward->upstreams[i], name,
				      ifindex))
			return true;
	return is_same_interface(config->backup_upstream, 0, name, ifindex);
}

void session_moved(struct forwarding *forwarding)
{
	for (struct forward *forward = forwarding->list; forward; forward = forward->next) {
		if (!forward->driad)
			continue;
		forward->dirty = true;
		pass_schedule(forwarding->manager);
	}
}

bool session_link(struct forward_device *owner, const struct link_change *change)
{
	struct forward *forward = owner->forward;

	if (!forward || forward->error < 0 || forward->dirty ||
	    (change->ifindex != 0 && !has_interface(forward, change->name, change->ifindex)))
		return false;
	forward->dirty = true;
	return true;
}

void session_run(struct forward_device *owner)
{
	if (!owner->forward && config_forwards(&owner->device->config->forward))
		start_forward(owner);
	if (owner->forward && owner->forward->dirty)
		refresh_forward(owner->forward);
}

void session_tunnels(struct forward_device *owner, const struct address *group,
		     const struct filter *filter)
{
	struct forward *forward = owner->forward;
	struct downstream *tunnels = NULL;
	int r;

	for (size_t i = 0; forward && i < forward->n_downstreams; i++)
		if (downstream_is_tunnels(forward->downstreams[i]))
			tunnels = forward->downstreams[i];
	if (!tunnels || tunnels->ifindex == 0 || !forward->forwarders[family_of(group)])
		return;
	r = forwarder_want(forward->forwarders[family_of(group)], tunnels->ifindex, group, filter);
	if (r < 0)
		log_error(owner->device->config->name,
			  "lost a change of its gateways' memberships: %s", strerror(-r));
}
