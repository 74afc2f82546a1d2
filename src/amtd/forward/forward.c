/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [Forward] of a device: its interfaces as they come and go, and what the forwarder decides carried
 * out in the kernel.
 */
#include "amtd/forward/forward-private.h"
#include "base/clock.h"
#include "base/log.h"
#include "kernel/joins.h"
#include "kernel/link.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

/* How often a silent upstream is looked for, flows that ceased, and whether what failed goes now.
 */
#define POLL_USEC  (1 * USEC_PER_SEC)
#define SWEEP_USEC (60 * USEC_PER_SEC)
#define ALIVE_USEC (5 * USEC_PER_SEC)
#define RETRY_USEC (5 * USEC_PER_SEC)

/* What the kernel refuses is said at most so often. */
#define SAY_USEC (60 * USEC_PER_SEC)

/* Flows that were not asked for by source, of each family: those that are wanted, and those that
 * the kernel is told to drop. */
#define FLOWS_MAX   100000
#define DROPPED_MAX 10000

static const sa_family_t families[_FAMILY_MAX] = { AF_INET, AF_INET6 };

static enum family family_of(const struct address *address)
{
	return address->family == AF_INET6 ? FAMILY_IPV6 : FAMILY_IPV4;
}

/* ---- what the forwarder decides ------------------------------------------------------------ */

void forward_refused(struct forward *forward, enum family family, const char *format, ...)
{
	char *text = forward->failure[family];
	uint64_t now = clock_monotonic();
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(forward->failure[family]), format, arguments);
	va_end(arguments);
	forward->failed[family]++;
	if (now < forward->say_at[family])
		return;
	forward->say_at[family] = now + SAY_USEC;
	log_error(forward->device->config->name, "%s", text);
}

/* Each join of a hundred thousand takes the kernel a millisecond, ____ip_mc_inc_group() in
 * net/ipv4/igmp.c: another upstream for all of them takes longer than the watchdog waits. */
static void stay_alive(struct manager *manager)
{
	uint64_t now = clock_monotonic();

	if (now - manager->alive_at < ALIVE_USEC)
		return;
	manager->alive_at = now;
	(void)sd_notify(false, "WATCHDOG=1");
}

static void on_join(int upstream, const struct address *group, const struct filter *filter,
		    void *userdata)
{
	struct forward *forward = userdata;
	enum family family = family_of(group);
	char text[ADDRESS_TEXT_MAX], error_text[JOINS_ERROR_MAX];
	int r;

	stay_alive(forward->manager);
	if (upstream == DRIAD_IFINDEX) {
		r = driad_join(forward, group, filter);
		if (r < 0)
			forward_refused(
				forward, family, "the sources of %s cannot be sought: %s",
				address_format(group, text),
				r == -EDQUOT
					? "there are as many channels already as Limit= in amtd.conf allows"
					: strerror(-r));
		return;
	}
	if (!forward->joins[family])
		return; /* release() */
	r = joins_set(forward->joins[family], upstream, group, filter);
	if (r == JOINS_WIDER)
		forward_refused(forward, family, "%s: %s", address_format(group, text),
				joins_error_text(forward->joins[family], r, error_text));
	else if (r < 0)
		forward_refused(forward, family, "%s cannot be joined upstream: %s",
				address_format(group, text),
				joins_error_text(forward->joins[family], r, error_text));
}

static void on_route(const struct address *source, const struct address *group, int incoming,
		     const int *outgoing, size_t n, void *userdata)
{
	struct forward *forward = userdata;

	if (incoming == DRIAD_IFINDEX) {
		driad_route(forward, source, group, outgoing, n);
		return;
	}
	driad_unroute(forward, source, group);
	forward_set_route(forward, source, group, incoming, outgoing, n);
}

static void on_unroute(const struct address *source, const struct address *group, void *userdata)
{
	struct forward *forward = userdata;

	driad_unroute(forward, source, group);
	forward_delete_route(forward, source, group);
}

void forward_tunnels(struct device *device, const struct address *group,
		     const struct filter *filter)
{
	struct forward *forward = device->forward;
	struct downstream *tunnels = NULL;
	int r;

	for (size_t i = 0; forward && i < forward->n_downstreams; i++)
		if (downstream_is_tunnels(&forward->downstreams[i]))
			tunnels = &forward->downstreams[i];
	if (!tunnels || tunnels->ifindex == 0 || !forward->forwarders[family_of(group)])
		return;
	r = forwarder_want(forward->forwarders[family_of(group)], tunnels->ifindex, group, filter);
	if (r < 0)
		log_error(device->config->name, "a change of its gateways' memberships is lost: %s",
			  strerror(-r));
}

static void on_missing(struct routing *routing, enum family family, int ifindex,
		       const struct address *source, const struct address *group)
{
	struct manager *manager = routing->manager;

	for (size_t i = 0; i < manager->n_devices; i++) {
		struct forward *forward = manager->devices[i]->forward;

		if (forward && forward->routing == routing && forward->forwarders[family])
			(void)forwarder_missing(forward->forwarders[family], ifindex, source,
						group);
	}
}

/* ---- interfaces ---------------------------------------------------------------------------- */

/* 0: it is not there, or down. */
static int find_interface(struct manager *manager, const char *name)
{
	struct link link;

	if (name[0] == '\0' || link_get(manager->netlink, name, &link) < 0 ||
	    !(link.flags & IFF_UP))
		return 0;
	return link.ifindex;
}

/* Routes may use the interface from now on. */
bool forward_add_interface(struct forward *forward, const char *name, int ifindex)
{
	int results[_FAMILY_MAX];

	if (routing_add(forward->routing, name, ifindex, results) < 0)
		return false;
	for (int family = 0; family < _FAMILY_MAX; family++) {
		/* no table of this family is said elsewhere; an interface may be without IPv6 */
		if (results[family] == 0 || results[family] == -EADDRNOTAVAIL ||
		    !forward->routing->mroutes[family])
			continue;
		forward_refused(forward, family, "%s: %s", name,
				routing_error_text(results[family]));
	}
	return true;
}

static void start_downstream(struct forward *forward, struct downstream *downstream, int ifindex)
{
	const char *neighbour = forward_neighbour(forward, downstream->name);
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
		relay_tell(forward->device);
	log_info(forward->device->config->name, "forwards to %s", downstream->name);
	if (neighbour)
		log_warning(
			forward->device->config->name,
			"%s is Downstream= of %s, too: what is wanted there is joined upstream of both; leave it out of one",
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
		struct downstream *downstream = &forward->downstreams[i];
		int ifindex = find_interface(forward->manager, downstream->name);

		if (ifindex == downstream->ifindex) {
			downstream_address(downstream);
			continue;
		}
		stop_downstream(forward, downstream);
		if (ifindex != 0)
			start_downstream(forward, downstream, ifindex);
	}
}

/* Its memberships went along with an interface that is gone, not with one that is down. */
static void forget_if_gone(struct forward *forward, int ifindex)
{
	char name[IFNAMSIZ];

	if (ifindex == 0 || if_indextoname((unsigned int)ifindex, name))
		return;
	for (int family = 0; family < _FAMILY_MAX; family++)
		if (forward->joins[family])
			joins_forget(forward->joins[family], ifindex);
}

/* The interface takes the place of the former one, in routes as well. */
static bool take_upstream(struct forward *forward, const char *name, int *slot)
{
	int ifindex = find_interface(forward->manager, name), previous = *slot;

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
		log_warning(forward->device->config->name,
			    "no sources from %s: it is not there, or down", name);
	else
		log_info(forward->device->config->name, "takes sources from %s", name);
	return true;
}

const char *forward_upstream_name(const struct forward *forward, size_t i)
{
	const struct config_upstream *upstream = &forward_config(forward)->upstreams[i];

	return forward->switched && upstream->prefix.address.family == AF_UNSPEC
		       ? forward_config(forward)->alternative
		       : upstream->name;
}

void forward_check(struct forward *forward, int result)
{
	if (result < 0)
		forward->broken = result;
}

/* Where sources come from now. What moves is joined at the new place before the old one is left. */
void forward_refresh_upstreams(struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);
	struct forwarder_upstream *table;
	size_t n = config->n_upstreams, m = 0;
	int *previous;
	bool changed = false;

	table = calloc(n, sizeof(*table));
	previous = calloc(n, sizeof(*previous));
	if (!table || !previous) {
		free(table);
		free(previous);
		forward->dirty = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		previous[i] = forward->upstreams[i];
		changed = take_upstream(forward, forward_upstream_name(forward, i),
					&forward->upstreams[i]) ||
			  changed;
		if (forward->upstreams[i] == 0)
			continue;
		table[m++] = (struct forwarder_upstream){
			.ifindex = forward->upstreams[i],
			.prefix = config->upstreams[i].prefix,
		};
	}
	for (int family = 0; changed && family < _FAMILY_MAX; family++)
		if (forward->forwarders[family])
			forward_check(forward, forwarder_set_upstreams(forward->forwarders[family],
								       table, m));
	for (size_t i = 0; i < n; i++)
		if (previous[i] != 0 && previous[i] != DRIAD_IFINDEX &&
		    previous[i] != forward->upstreams[i])
			routing_remove(forward->routing, previous[i]);
	free(table);
	free(previous);
}

static void refresh(struct forward *forward)
{
	forward->dirty = false;
	forward_refresh_upstreams(forward);
	refresh_downstreams(forward);
	driad_refresh(forward);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* A flow whose counter stands still from one sweep to the next. */
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

/* ---- life ---------------------------------------------------------------------------------- */

static int open_family(struct forward *forward, enum family family)
{
	static const struct forwarder_ops ops = {
		.join = on_join,
		.route = on_route,
		.unroute = on_unroute,
	};
	const struct forwarder_options options = {
		.family = families[family],
		.max_flows = FLOWS_MAX,
		.max_dropped = DROPPED_MAX,
	};
	int r;

	r = joins_open(families[family], &forward->joins[family]);
	if (r < 0)
		return r == -EAFNOSUPPORT ? 0 : r; /* a kernel without IPv6 */
	r = keep_joins(forward->manager, forward->joins[family]);
	if (r < 0)
		return r;
	return forwarder_new(&options, &ops, forward, &forward->forwarders[family]);
}

static int prepare(struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);
	int r;

	forward->downstreams = calloc(config->n_downstreams, sizeof(*forward->downstreams));
	forward->upstreams = calloc(config->n_upstreams, sizeof(*forward->upstreams));
	if (!forward->downstreams || !forward->upstreams)
		return -ENOMEM;
	forward->n_downstreams = config->n_downstreams;
	for (size_t i = 0; i < config->n_downstreams; i++) {
		forward->downstreams[i].forward = forward;
		strcpy(forward->downstreams[i].name, config->downstreams[i]);
	}
	r = routing_get(forward->manager, config->table, on_missing, &forward->routing);
	for (size_t i = 0; i < config->n_upstreams && r == 0 && !forward->driad; i++)
		if (strcmp(config->upstreams[i].name, DRIAD_NAME) == 0)
			r = driad_open(forward);
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

/* Undoes all of prepare(), or what it had done. The memberships go first and all together: one by
 * one it would take as long as joining them did. */
static void release(struct forward *forward)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		joins_close(forward->joins[family]);
		forward->joins[family] = NULL;
	}
	/* The service manager has copies of the sockets: what would be left now, would be there. */
	if (keep_released(forward->manager))
		free_forwarders(forward);
	for (size_t i = 0; i < forward->n_downstreams; i++)
		stop_downstream(forward, &forward->downstreams[i]);
	for (size_t i = 0; forward->upstreams && i < forward_config(forward)->n_upstreams; i++)
		if (forward->upstreams[i] != 0 && forward->upstreams[i] != DRIAD_IFINDEX)
			routing_remove(forward->routing, forward->upstreams[i]);
	driad_close(forward);
	free_forwarders(forward);
	routing_put(forward->routing);
	forward->routing = NULL;
	free(forward->downstreams);
	free(forward->upstreams);
	forward->downstreams = NULL;
	forward->n_downstreams = 0;
	forward->upstreams = NULL;
	forward->dirty = false;
	forward->broken = 0;
}

static void begin(struct forward *forward)
{
	const char *name = forward->device->config->name;
	int r, before = forward->error;

	r = prepare(forward);
	forward->error = r;
	if (r < 0) {
		release(forward);
		if (r != before)
			log_error(name, "nothing is forwarded: %s", strerror(-r));
		return;
	}
	for (int family = 0; family < _FAMILY_MAX; family++)
		if (!forward->routing->mroutes[family])
			log_error(name, "%s is not forwarded: %s",
				  family == FAMILY_IPV6 ? "IPv6" : "IPv4",
				  forward->routing->errors[family]);
	forward->heard_at = forward->sweep_at = clock_monotonic();
	refresh(forward);
}

static void try_again(struct forward *forward)
{
	bool failed = false;

	if (forward->broken < 0) {
		log_error(forward->device->config->name, "forwarding begins anew: %s",
			  strerror(-forward->broken));
		release(forward);
		begin(forward);
		return;
	}
	if (forward->error < 0) {
		begin(forward);
		return;
	}
	routing_retry(forward->routing);
	for (size_t i = 0; i < forward->n_downstreams; i++)
		failed = failed || forward->downstreams[i].error[0] != '\0';
	for (size_t i = 0; i < forward_config(forward)->n_upstreams; i++)
		failed = failed || forward->upstreams[i] == 0;
	if (failed)
		refresh(forward);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct forward *forward = userdata;
	uint64_t now = clock_monotonic();

	if (now >= forward->retry_at) {
		forward->retry_at = now + RETRY_USEC;
		try_again(forward);
	}
	if (forward->error == 0)
		backup_poll(forward, now);
	if (forward->error == 0 && now >= forward->sweep_at) {
		forward->sweep_at = now + SWEEP_USEC;
		for (int family = 0; family < _FAMILY_MAX; family++)
			if (forward->forwarders[family])
				forwarder_sweep(forward->forwarders[family], is_idle, forward);
	}
	(void)sd_event_source_set_time_relative(source, POLL_USEC);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static void start(struct manager *manager, struct device *device)
{
	struct forward *forward;

	forward = calloc(1, sizeof(*forward));
	if (!forward)
		return; /* the next pass tries again */
	forward->device = device;
	forward->manager = manager;
	if (sd_event_add_time_relative(manager->event, &forward->poll, CLOCK_MONOTONIC, POLL_USEC,
				       USEC_PER_SEC / 10, on_poll, forward) < 0) {
		free(forward);
		return;
	}
	device->forward = forward;
	begin(forward);
}

void forward_stop(struct device *device)
{
	struct forward *forward = device->forward;

	if (!forward)
		return;
	device->forward = NULL;
	sd_event_source_disable_unref(forward->poll);
	release(forward);
	free(forward);
}

/* name: "" where the event has none. */
static bool is_it(const char *own, int own_ifindex, const char *name, int ifindex)
{
	return (own_ifindex != 0 && own_ifindex == ifindex) ||
	       (own[0] != '\0' && strcmp(own, name) == 0);
}

static bool has_interface(const struct forward *forward, const char *name, int ifindex)
{
	const struct config_forward *config = forward_config(forward);

	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (is_it(forward->downstreams[i].name, forward->downstreams[i].ifindex, name,
			  ifindex))
			return true;
	for (size_t i = 0; i < config->n_upstreams; i++)
		if (is_it(config->upstreams[i].name, forward->upstreams[i], name, ifindex))
			return true;
	return is_it(config->alternative, 0, name, ifindex);
}

void forward_found(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct forward *forward = manager->devices[i]->forward;

		if (!forward || !forward->driad)
			continue;
		forward->dirty = true;
		pass_schedule(manager);
	}
}

bool forward_notice(struct device *device, int ifindex, const char *name)
{
	struct forward *forward = device->forward;

	/* No interface at all: events were lost. */
	if (!forward || forward->error < 0 || forward->dirty ||
	    (ifindex != 0 && !has_interface(forward, name, ifindex)))
		return false;
	forward->dirty = true;
	return true;
}

void forward_run(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (!device->forward && config_forwards(&device->config->forward))
			start(manager, device);
		if (device->forward && device->forward->dirty)
			refresh(device->forward);
	}
	if (!manager->routing_cleaned)
		routing_clean(manager);
	manager->routing_cleaned = true;
}
