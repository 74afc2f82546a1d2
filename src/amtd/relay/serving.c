/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A relay device serves: what passes between it and its gateways, to its tunnels; what these want,
 * to what it forwards.
 */
#include "manager-private.h"

#include <amt/clock.h>
#include <amt/log.h>
#include <amt/tunnels.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct serving {
	struct manager *manager;
	struct device *device;
	struct tunnels *tunnels;
	int ifindex;	    /* of the device, as the tunnels know it; 0: none */
	uint32_t max;	    /* tunnels */
	uint64_t malformed; /* messages; the driver has the last word on them, too */
	sd_event_source *flush, *timer;
};

static void arm(struct serving *serving)
{
	uint64_t next = tunnels_next(serving->tunnels);

	if (next == UINT64_MAX) {
		(void)sd_event_source_set_enabled(serving->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(serving->timer, next);
	(void)sd_event_source_set_enabled(serving->timer, SD_EVENT_ONESHOT);
}

static void on_changed(struct tunnels *tunnels, const struct address *group,
		       const struct filter *filter, void *userdata)
{
	struct serving *serving = userdata;
	char text[ADDRESS_TEXT_MAX];

	log_debug(serving->device->config->name, "its gateways want of %s: %s %zu source%s",
		  address_format(group, text), filter->mode == FILTER_EXCLUDE ? "all but" : "just",
		  filter->n, filter->n == 1 ? "" : "s");
	forward_tunnels(serving->device, group, filter);
}

static void flush(struct serving *serving)
{
	tunnels_flush(serving->tunnels);
	arm(serving);
}

static int on_flush(sd_event_source *source, void *userdata)
{
	flush(userdata);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct serving *serving = userdata;

	tunnels_run(serving->tunnels, clock_monotonic());
	flush(serving);
	return 0;
}

void serving_packet(struct device *device, enum firewall_queue queue, const struct packet *packet)
{
	struct serving *serving = device->serving;
	uint64_t now = clock_monotonic();
	struct message message;

	if (!serving || serving->ifindex == 0)
		return;
	if (message_parse(packet->payload, packet->payload_length, &message) !=
	    MESSAGE_FAULT_NONE) {
		serving->malformed++;
		return;
	}
	if (queue == FIREWALL_QUEUE_RELAY_QUERY && message.type == AMT_QUERY)
		tunnels_query(serving->tunnels, packet->destination, packet->destination_port,
			      &message, now);
	else if (queue == FIREWALL_QUEUE_UPDATE && message.type == AMT_UPDATE)
		tunnels_update(serving->tunnels, packet->source, &message, now);
	else if (queue == FIREWALL_QUEUE_TEARDOWN && message.type == AMT_TEARDOWN)
		tunnels_teardown(serving->tunnels, &message, now);
	/* Once for all packets that wait now. */
	(void)sd_event_source_set_enabled(serving->flush, SD_EVENT_ONESHOT);
}

static int start(struct manager *manager, struct device *device)
{
	struct serving *serving = calloc(1, sizeof(*serving));
	int r;

	if (!serving)
		return -ENOMEM;
	*serving = (struct serving){ .manager = manager, .device = device };
	device->serving = serving;
	r = tunnels_new(TUNNELS_MAX, on_changed, serving, &serving->tunnels);
	if (r >= 0)
		r = sd_event_add_defer(manager->event, &serving->flush, on_flush, serving);
	if (r >= 0)
		r = sd_event_add_time(manager->event, &serving->timer, CLOCK_MONOTONIC, 0, 1,
				      on_timer, serving);
	if (r >= 0)
		r = sd_event_source_set_enabled(serving->flush, SD_EVENT_OFF);
	if (r < 0) {
		serving_stop(device);
		return r;
	}
	arm(serving);
	return 0;
}

void serving_stop(struct device *device)
{
	struct serving *serving = device->serving;

	if (!serving)
		return;
	device->serving = NULL;
	sd_event_source_disable_unref(serving->flush);
	sd_event_source_disable_unref(serving->timer);
	tunnels_free(serving->tunnels);
	free(serving);
}

void serving_follow(struct manager *manager, struct device *device)
{
	struct serving *serving;
	struct amtlink have;
	int r;

	if (device->config->mode != CONFIG_RELAY) {
		serving_stop(device);
		return;
	}
	if (!device->serving) {
		r = start(manager, device);
		if (r < 0) {
			log_error(device->config->name, "its tunnels cannot be followed: %s",
				  strerror(-r));
			return;
		}
	}
	serving = device->serving;
	if (serving->ifindex == device->ifindex)
		return;
	/* The driver's tunnels went with the interface. */
	tunnels_clear(serving->tunnels);
	flush(serving);
	serving->ifindex = device->ifindex;
	serving->max = TUNNELS_MAX;
	if (amtlink_get(manager->netlink, device->config->name, &have) == 0 && have.max_tunnels > 0)
		serving->max = have.max_tunnels;
	tunnels_set_max(serving->tunnels, serving->max);
}

void serving_tell(struct device *device)
{
	if (!device->serving)
		return;
	tunnels_mark(device->serving->tunnels);
	flush(device->serving);
}

/* ---- what is told of it -------------------------------------------------------------------- */

static int describe_group(const struct router_group *group, const struct filter *filter,
			  void *userdata)
{
	json_t *groups = userdata, *sources = json_array();
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < filter->n; i++)
		json_array_append_new(sources,
				      json_string(address_format(&filter->sources[i], text)));
	json_array_append_new(
		groups, json_pack("{s:s, s:s, s:o}", "group", address_format(&group->group, text),
				  "mode", filter->mode == FILTER_EXCLUDE ? "exclude" : "include",
				  "sources", sources));
	return 0;
}

/* CLOCK_MONOTONIC to CLOCK_REALTIME: what a user can read. */
static json_int_t to_realtime(uint64_t usec)
{
	return usec + clock_realtime() - clock_monotonic();
}

static json_t *describe_tunnel(const struct serving *serving, const struct tunnels_tunnel *tunnel)
{
	const struct address gateway = address_from_in(tunnel->gateway);
	json_t *object, *groups = json_array();
	char text[ADDRESS_TEXT_MAX];

	(void)tunnels_groups(serving->tunnels, tunnel->gateway, clock_monotonic(), describe_group,
			     groups);
	object = json_pack("{s:s, s:i, s:I, s:I, s:o}", "gateway", address_format(&gateway, text),
			   "port", tunnel->port, "since_usec", to_realtime(tunnel->since),
			   "last_query_usec", to_realtime(tunnel->last_query), "groups", groups);
	if (tunnel->last_update != 0)
		json_object_set_new(object, "last_update_usec",
				    json_integer(to_realtime(tunnel->last_update)));
	return object;
}

static int compare_tunnels(const void *a, const void *b)
{
	const struct tunnels_tunnel *x = a, *y = b;

	return memcmp(&x->gateway, &y->gateway, sizeof(x->gateway));
}

static json_t *describe_tunnels(const struct serving *serving)
{
	size_t n = 0, at = 0, count = tunnels_count(serving->tunnels);
	struct tunnels_tunnel *all = calloc(count + 1, sizeof(*all));
	json_t *array = json_array();

	if (!all)
		return array;
	while (n < count && tunnels_next_tunnel(serving->tunnels, &at, &all[n]))
		n++;
	qsort(all, n, sizeof(*all), compare_tunnels);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, describe_tunnel(serving, &all[i]));
	free(all);
	return array;
}

/* {"mac": 1, …}: those that are not zero */
static json_t *describe_reasons(const uint64_t *counts, int n, const char *(*string)(int))
{
	json_t *object = json_object();

	for (int i = 0; i < n; i++)
		if (counts[i] > 0)
			json_object_set_new(object, string(i), json_integer((json_int_t)counts[i]));
	return object;
}

static const char *ignored_string(int reason)
{
	return tunnels_ignored_string(reason);
}

static const char *record_string(int reason)
{
	return router_ignored_text(reason);
}

static const char *fault_string(int fault)
{
	return group_fault_string(fault);
}

json_t *serving_describe(const struct serving *serving)
{
	struct tunnels_counters counters;

	tunnels_counters(serving->tunnels, &counters);
	return json_pack(
		"{s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "tunnels",
		describe_tunnels(serving), "max_tunnels", (int)serving->max, "queries",
		(json_int_t)counters.queries, "updates", (json_int_t)counters.updates, "teardowns",
		(json_int_t)counters.teardowns, "begun", (json_int_t)counters.begun, "expired",
		(json_int_t)counters.expired, "evicted", (json_int_t)counters.evicted, "malformed",
		(json_int_t)serving->malformed, "ignored",
		describe_reasons(counters.ignored, _TUNNELS_IGNORED_MAX, ignored_string),
		"ignored_records",
		describe_reasons(counters.records, ROUTER_IGNORED_MAX, record_string), "faults",
		describe_reasons(counters.faults, _GROUP_FAULT_MAX, fault_string));
}
