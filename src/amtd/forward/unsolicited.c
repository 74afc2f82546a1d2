/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/unsolicited.h"

#include "amtd/forward/upstream-side.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "kernel/selfquery.h"
#include "wire/group-build.h"

#include <errno.h>
#include <string.h>

/* Memberships reported at once, and the pause until the next ones. */
#define AT_ONCE	   5000
#define PAUSE_USEC (100 * USEC_PER_MSEC)

/* Unsolicited Report Interval, RFC 9776, 8.11 */
#define REPEAT_USEC (1 * USEC_PER_SEC)

#define QUERY_MAX 128 /* a General Query */

/* ---- Reports ------------------------------------------------------------------------------- */

/* An EXCLUDE record; only the kernel has the merged list, so it is merged again here. */
static int add_excluding(struct forward *forward, enum family family, const struct address *group,
			 struct group_batch *batch)
{
	uint8_t sources[GROUP_BATCH_BYTES_MAX];
	struct filter all = { 0 }, one = { 0 };
	struct group_record record = { .type = GROUP_MODE_IS_EXCLUDE, .group = *group };
	size_t used = 0;
	int r = 0;

	for (size_t i = 0; i < forward->n_downstreams && r == 0; i++) {
		const struct router *router = forward->downstreams[i]->sides[family].router;

		r = router ? router_filter(router, group, &one) : 0;
		if (r == 0 && router)
			r = filter_merge(&all, &one);
	}
	filter_clear(&one);
	for (size_t i = 0; r == 0 && i < all.n && used + sizeof(struct in6_addr) <= sizeof(sources);
	     i++) {
		used += group_put_source(&all.sources[i], sources + used);
		record.sources.n++;
	}
	record.sources.data = sources;
	if (r == 0 && all.mode == FILTER_EXCLUDE)
		r = group_batch_add(batch, &record);
	filter_clear(&all);
	return r;
}

static int add_source(const struct address *group, const struct address *source,
		      struct group_batch *batch)
{
	uint8_t bytes[sizeof(struct in6_addr)];
	const struct group_record record = {
		.type = GROUP_MODE_IS_INCLUDE,
		.group = *group,
		.sources = { .data = bytes, .n = 1 },
	};

	(void)group_put_source(source, bytes);
	return group_batch_add(batch, &record);
}

static uint8_t upstream_version(const struct listener_side *side)
{
	if (side->compat_until > clock_monotonic())
		return side->compat_version;
	return side->family == FAMILY_IPV6 ? 2 : 3;
}

/* Report the joins of this interface, from the position on. */
static uint32_t report_joins(struct listener_side *side, uint32_t from)
{
	struct listeners *listeners = side->upstream->listeners;
	struct forward *forward = listeners->owner->forward;
	const struct joins *joins = forward->joins[side->family];
	struct address group, source;
	struct group_batch batch;
	uint32_t at = from;
	int ifindex;

	if (!listener_side_batch(side, upstream_version(side), &batch))
		return UINT32_MAX;
	while (at - from < AT_ONCE) {
		if (!joins_next(joins, &at, &ifindex, &group, &source)) {
			at = UINT32_MAX;
			break;
		}
		if (ifindex != side->upstream->ifindex)
			continue;
		if (source.family == AF_UNSPEC)
			(void)add_excluding(forward, side->family, &group, &batch);
		else
			(void)add_source(&group, &source, &batch);
	}
	(void)group_batch_end(&batch);
	return at;
}

/* True: there are more. */
static bool report_some(struct listeners *listeners)
{
	uint32_t next = UINT32_MAX;

	for (struct upstream *upstream = listeners->list; upstream; upstream = upstream->next) {
		struct listener_side *side = &upstream->sides[listeners->family];
		uint32_t at;

		if (!listeners->owner->forward->joins[listeners->family] || !side->listener)
			continue;
		at = report_joins(side, listeners->position);
		if (at < next)
			next = at;
	}
	listeners->position = next == UINT32_MAX ? 0 : next;
	if (next == UINT32_MAX)
		listeners->family = (listeners->family + 1) % _FAMILY_MAX;
	return listeners->position > 0 || listeners->family != 0;
}

static int on_unsolicited(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct listeners *listeners = userdata;
	const uint64_t interval =
		listeners_config(listeners)->unsolicited_report_sec * USEC_PER_SEC;

	if (listeners->owner->forward && report_some(listeners))
		timer_arm_relative(source, PAUSE_USEC);
	else if (listeners->repeats > 0 && --listeners->repeats > 0)
		timer_arm_relative(source, REPEAT_USEC);
	else if (interval > 0)
		timer_arm_relative(source, interval);
	return 0;
}

void unsolicited_now(struct listeners *listeners)
{
	listeners->repeats = listeners_config(listeners)->robustness;
	listeners->family = FAMILY_IPV4;
	listeners->position = 0;
	timer_arm_relative(listeners->unsolicited, 0);
}

/* ---- Queries ------------------------------------------------------------------------------- */

/* Length or negative errno. In the configured version. */
static ssize_t build_query(const struct listeners *listeners, enum family family,
			   const struct address *own, void *buf, size_t size)
{
	const struct config_forward *config = listeners_config(listeners);
	const struct group_query query = {
		.version = family == FAMILY_IPV6 ? config->mld_version : config->igmp_version,
		.max_response_usec = config->query_response_sec * USEC_PER_SEC,
		.robustness = config->robustness,
		.interval_usec = config->self_query_sec * USEC_PER_SEC,
	};

	if (own->family == AF_UNSPEC)
		return -EADDRNOTAVAIL;
	return group_query_build(own->family, &query, own, NULL, buf, size);
}

/* Applications that answer Queries get an event for this one, too. */
static void emit_query(struct listeners *listeners, struct event_budget *budget, const char *on,
		       bool upstream, const void *packet, size_t length)
{
	struct group_message message;
	const struct event_received received = {
		.on = on,
		.upstream = upstream,
		.own = true,
		.message = &message,
	};

	if (group_message_parse(packet, length, GROUP_STRICT, &message) == GROUP_ERROR_NONE)
		event_emit_received(listeners->device, budget, &received);
}

static void query_upstream(struct listener_side *side)
{
	struct listeners *listeners = side->upstream->listeners;
	uint8_t packet[QUERY_MAX];
	ssize_t length;
	int r;

	if (!side->listener || side->querier_until > clock_monotonic())
		return;
	length = build_query(listeners, side->family, listener_side_address(side), packet,
			     sizeof(packet));
	r = length < 0 ? (int)length
		       : selfquery_send(side->own.family, side->upstream->ifindex, packet,
					(size_t)length);
	if (r < 0) {
		side->counters.failed++;
		log_debug(side->upstream->name, "cannot send a Query: %s", strerror(-r));
		return;
	}
	side->counters.queries_sent++;
	emit_query(listeners, &side->budget, side->upstream->name, true, packet, (size_t)length);
}

/* Not where another querier sends its own. */
static void query_downstream(struct listeners *listeners, struct side *side)
{
	const struct address *querier;
	uint8_t packet[QUERY_MAX];
	ssize_t length;

	if (!side->router)
		return;
	querier = router_querier(side->router);
	if (querier->family != AF_UNSPEC && !address_equal(querier, &side->own))
		return;
	length = build_query(listeners, side->family, &side->own, packet, sizeof(packet));
	if (length > 0 && listener_send(side->listener, packet, (size_t)length) == 0)
		emit_query(listeners, &side->budget, side->downstream->name, false, packet,
			   (size_t)length);
}

static int on_self_query(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct listeners *listeners = userdata;
	struct forward *forward = listeners->owner->forward;

	for (struct upstream *upstream = listeners->list; upstream; upstream = upstream->next)
		for (int family = 0; family < _FAMILY_MAX; family++)
			query_upstream(&upstream->sides[family]);
	for (size_t i = 0; forward && i < forward->n_downstreams; i++)
		for (int family = 0; family < _FAMILY_MAX; family++)
			query_downstream(listeners, &forward->downstreams[i]->sides[family]);
	(void)sd_event_source_set_time_relative(
		source, listeners_config(listeners)->self_query_sec * USEC_PER_SEC);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* ---- life cycle ----------------------------------------------------------------------------- */

int unsolicited_start(struct listeners *listeners)
{
	const struct config_forward *config = listeners_config(listeners);
	sd_event *event = listeners->manager->event;
	int r;

	r = timer_add(event, &listeners->unsolicited, TIMER_COARSE, on_unsolicited, listeners);
	if (r >= 0 && config->unsolicited_report_sec > 0)
		timer_arm_relative(listeners->unsolicited,
				   config->unsolicited_report_sec * USEC_PER_SEC);
	if (r >= 0 && config->self_query_sec > 0)
		r = sd_event_add_time_relative(event, &listeners->self_query, CLOCK_MONOTONIC,
					       config->self_query_sec * USEC_PER_SEC, 0,
					       on_self_query, listeners);
	return r;
}

void unsolicited_stop(struct listeners *listeners)
{
	listeners->unsolicited = sd_event_source_disable_unref(listeners->unsolicited);
	listeners->self_query = sd_event_source_disable_unref(listeners->self_query);
}
