/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/downstream.h"

#include "amtd/forward/interfaces.h"
#include "amtd/forward/members.h"
#include "amtd/forward/proxy-messages.h"
#include "amtd/forward/source-address.h"
#include "amtd/forward/upstreams.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "kernel/inet.h"
#include "wire/group-build.h"

#include <errno.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <string.h>

/* Time limit for reading messages before other events get their turn: with many joins upstream,
 * each further one takes the kernel a millisecond. */
#define READING_USEC (20 * USEC_PER_MSEC)

/* Of all groups of an interface: some 24 MB. With MaxSources= alone a host could use gigabytes. */
#define SOURCES_MAX 1000000

/* Max Resp Time of the first Query, when amtd starts or the interface appears. */
#define STARTUP_RESPONSE_USEC (1 * USEC_PER_SEC)

/* Fits any Query of a router; membership/router.h. */
#define QUERY_MAX 1280

static void on_changed(struct router *router, const struct address *group, void *userdata)
{
	struct side *side = userdata;
	struct downstream *downstream = side->downstream;
	struct filter filter = { 0 };
	int r;

	members_changed(side, group); /* first: killed in between, it is not forgotten */
	r = router_filter(router, group, &filter);
	if (r == 0)
		r = forwarder_want(downstream->forward->forwarders[side->family],
				   downstream->ifindex, group, &filter);
	filter_clear(&filter);
	if (r < 0)
		log_error(downstream->name, "lost a membership change: %s", strerror(-r));
}

static void on_query(struct router *router, const struct group_query *query, void *userdata)
{
	struct side *side = userdata;
	uint8_t buf[QUERY_MAX];
	ssize_t length;
	int r;

	if (side->own.family == AF_UNSPEC)
		return; /* RFC 9776, 4.1.12: a Query comes from an address of the interface */
	length = group_query_build(side->own.family, query, &side->own, NULL, buf, sizeof(buf));
	r = length < 0 ? (int)length : listener_send(side->listener, buf, length);
	if (r < 0)
		log_debug(side->downstream->name, "cannot send a Query: %s", strerror(-r));
}

static void arm_routers(struct downstream *downstream)
{
	uint64_t next = UINT64_MAX;

	for (int family = 0; family < _FAMILY_MAX; family++) {
		const struct router *router = downstream->sides[family].router;

		if (router && router_next(router) < next)
			next = router_next(router);
	}
	timer_arm(downstream->timer, next);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct downstream *downstream = userdata;

	for (int family = 0; family < _FAMILY_MAX; family++)
		if (downstream->sides[family].router)
			router_run(downstream->sides[family].router, clock_monotonic());
	arm_routers(downstream);
	return 0;
}

/* Is a Report accepted, by UnicastReports=? */
static bool is_accepted(struct side *side, bool unicast)
{
	enum config_unicast mode = forward_config(side->downstream->forward)->unicast_reports;

	if (unicast ? mode != CONFIG_UNICAST_NO : mode != CONFIG_UNICAST_ONLY)
		return true;
	side->ignored++;
	return false;
}

/* A host that comes up reports from :: first, for switches, and routers discard that (RFC 3590). */
static bool is_without_address(const struct side *side, const struct listener_packet *packet)
{
	struct ip6_hdr header;

	if (side->family != FAMILY_IPV6 || packet->length < sizeof(header))
		return false;
	memcpy(&header, packet->data, sizeof(header));
	return IN6_IS_ADDR_UNSPECIFIED(&header.ip6_src);
}

/* The parser has seen to it that an MLD message is from the link. 0.0.0.0 is a switch, which the
 * router counts. */
static bool is_on_link(const struct side *side, const struct address *source)
{
	if (side->family == FAMILY_IPV6 || address_is_unspecified(source))
		return true;
	for (size_t i = 0; i < side->n_subnets; i++)
		if (prefix_contains(&side->subnets[i], source))
			return true;
	return false;
}

/* A Query counts if all hosts of the link get it: else one who talks to this host alone would keep
 * it from asking them. */
static enum refusal judge_query(const struct side *side, const struct listener_packet *packet,
				const struct address *source)
{
	if (packet->unicast)
		return REFUSAL_UNICAST;
	if (packet->to_host)
		return REFUSAL_FRAME;
	return is_on_link(side, source) ? REFUSAL_NONE : REFUSAL_SUBNET;
}

static void take_query(struct side *side, const struct listener_packet *packet,
		       const struct group_message *message)
{
	enum refusal refusal = judge_query(side, packet, &message->source);

	if (refusal == REFUSAL_NONE)
		router_query(side->router, message, clock_monotonic());
	else
		side->refused[refusal]++;
}

static void on_packet(const struct listener_packet *packet, void *userdata)
{
	struct side *side = userdata;
	struct group_message message;
	enum group_error error;

	error = group_message_parse(
		packet->data, packet->length,
		refusal_lenience(forward_config(side->downstream->forward), packet), &message);
	if (error == GROUP_ERROR_SOURCE && is_without_address(side, packet))
		return;
	if (error != GROUP_ERROR_NONE) {
		side->refused[error]++;
		return;
	}
	event_emit_received(side->downstream->forward->device, &side->budget,
			    &(struct event_received){ .on = side->downstream->name,
						      .unicast = packet->unicast,
						      .message = &message });
	if (message.type == GROUP_QUERY) {
		take_query(side, packet, &message);
	} else if (is_accepted(side, packet->unicast)) {
		router_report(side->router, &message, clock_monotonic());
		proxy_report(side->downstream->forward, &message);
	}
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct side *side = userdata;
	uint64_t end = clock_monotonic() + READING_USEC;
	int r;

	do
		r = listener_dispatch(side->listener, 1);
	while (r > 0 && clock_monotonic() < end);
	if (r == -ENODEV) /* the monitor reports that, too */
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	else if (r < 0)
		log_error(side->downstream->name, "cannot read from IGMP/MLD listener: %s",
			  strerror(-r));
	arm_routers(side->downstream);
	return 0;
}

static void add_subnet(int ifindex, const struct prefix *subnet, void *userdata)
{
	struct side *side = userdata;

	if (ifindex == side->downstream->ifindex && subnet->address.family == AF_INET &&
	    side->n_subnets < SUBNETS_MAX)
		side->subnets[side->n_subnets++] = *subnet;
}

static void find_own(struct side *side)
{
	const struct downstream *downstream = side->downstream;
	struct manager *manager = downstream->forward->manager;

	side->own = source_address(manager, side->family, downstream->ifindex);
	side->n_subnets = 0;
	if (side->family == FAMILY_IPV4)
		(void)inet_subnets(manager->netlink, add_subnet, side);
}

static struct router_options options_of(const struct side *side)
{
	const struct config_forward *config = forward_config(side->downstream->forward);
	bool ipv6 = side->family == FAMILY_IPV6;

	return (struct router_options){
		.family = family_to_af(side->family),
		.version = ipv6 ? config->mld_version : config->igmp_version,
		.querier = config->querier,
		.fast_leave = config->fast_leave ? ROUTER_LEAVE_TRACKED : ROUTER_LEAVE_QUERIED,
		.ssm_only_in_ssm_range = true,
		.policy = side->downstream->forward->policy,
		.interface = side->downstream->ifindex,
		.robustness = config->robustness,
		.query_interval_usec = config->query_interval_sec * USEC_PER_SEC,
		.query_response_usec = config->query_response_sec * USEC_PER_SEC,
		.last_member_usec = config->last_member_sec * USEC_PER_SEC,
		.startup_response_usec = STARTUP_RESPONSE_USEC,
		.max_groups = config->max_groups,
		.max_sources = config->max_sources,
		.max_groups_per_host = config->max_groups_per_host,
		.max_sources_in_all = SOURCES_MAX,
	};
}

static int start_router(struct side *side)
{
	static const struct router_ops ops = { .changed = on_changed, .query = on_query };
	const struct router_options options = options_of(side);

	return router_new(&options, &ops, side, &side->own, clock_monotonic(), &side->router);
}

static int start_side(struct side *side, struct downstream *downstream, enum family family)
{
	sd_event *event = downstream->forward->manager->event;
	int r;

	*side = (struct side){ .downstream = downstream, .family = family };
	if (!downstream->forward->forwarders[family] || downstream_is_tunnels(downstream))
		return 0;
	find_own(side);
	r = listener_open(family_to_af(family), downstream->ifindex, on_packet, side,
			  &side->listener);
	if (r == 0)
		r = start_router(side);
	if (r == 0)
		r = sd_event_add_io(event, &side->source, listener_fd(side->listener), EPOLLIN,
				    on_readable, side);
	return r;
}

int downstream_start(struct downstream *downstream, int ifindex)
{
	sd_event *event = downstream->forward->manager->event;
	int r = 0;

	downstream->ifindex = ifindex;
	for (int family = 0; family < _FAMILY_MAX && r >= 0; family++)
		r = start_side(&downstream->sides[family], downstream, family);
	if (r >= 0)
		r = timer_add(event, &downstream->timer, 1, on_timer, downstream);
	if (r < 0) {
		snprintf(downstream->error, sizeof(downstream->error),
			 "cannot open IGMP/MLD listener: %s", strerror(-r));
		downstream_stop(downstream);
		return r;
	}
	downstream->error[0] = '\0';
	members_restore(downstream->forward, downstream);
	arm_routers(downstream);
	return 0;
}

void downstream_stop(struct downstream *downstream)
{
	downstream->timer = sd_event_source_disable_unref(downstream->timer);
	for (int family = 0; family < _FAMILY_MAX; family++) {
		struct side *side = &downstream->sides[family];
		struct forwarder *forwarder = downstream->forward->forwarders[family];

		side->source = sd_event_source_disable_unref(side->source);
		router_free(side->router);
		side->router = NULL;
		listener_close(side->listener);
		side->listener = NULL;
		if (downstream->ifindex != 0 && forwarder)
			forward_check(downstream->forward,
				      forwarder_downstream_gone(forwarder, downstream->ifindex));
	}
	downstream->ifindex = 0;
}

void downstream_configure(struct downstream *downstream)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		const struct side *side = &downstream->sides[family];
		struct router_options options;

		if (!side->router)
			continue;
		options = options_of(side);
		(void)router_set_options(side->router, &options, clock_monotonic());
	}
	if (downstream->ifindex != 0)
		arm_routers(downstream);
}

/* An address came or went. */
void downstream_address(struct downstream *downstream)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		struct side *side = &downstream->sides[family];
		struct address before = side->own;

		if (!side->router)
			continue;
		find_own(side);
		if (!address_equal(&before, &side->own))
			router_set_address(side->router, &side->own);
	}
	arm_routers(downstream);
}
