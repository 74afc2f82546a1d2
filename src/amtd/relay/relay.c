/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A relay device serves: what passes between it and its gateways, to its tunnels; what these want,
 * to what it forwards.
 */
#include "amtd/core/manager-private.h"
#include "base/clock.h"
#include "base/log.h"
#include "membership/tunnels.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct relay_device {
	struct manager *manager;
	struct device *device;
	struct tunnels *tunnels;
	int ifindex;	    /* of the device, as the tunnels know it; 0: none */
	uint32_t max;	    /* tunnels */
	uint64_t malformed; /* messages; the driver has the last word on them, too */
	sd_event_source *flush, *timer;
};

static void arm(struct relay_device *relay)
{
	uint64_t next = tunnels_next(relay->tunnels);

	if (next == UINT64_MAX) {
		(void)sd_event_source_set_enabled(relay->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(relay->timer, next);
	(void)sd_event_source_set_enabled(relay->timer, SD_EVENT_ONESHOT);
}

static void on_changed(struct tunnels *tunnels, const struct address *group,
		       const struct filter *filter, void *userdata)
{
	struct relay_device *relay = userdata;
	char text[ADDRESS_TEXT_MAX];

	log_debug(relay->device->config->name, "its gateways want of %s: %s %zu source%s",
		  address_format(group, text), filter->mode == FILTER_EXCLUDE ? "all but" : "just",
		  filter->n, filter->n == 1 ? "" : "s");
	forward_tunnels(relay->device, group, filter);
}

static void flush(struct relay_device *relay)
{
	tunnels_flush(relay->tunnels);
	arm(relay);
}

static int on_flush(sd_event_source *source, void *userdata)
{
	flush(userdata);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct relay_device *relay = userdata;

	tunnels_run(relay->tunnels, clock_monotonic());
	flush(relay);
	return 0;
}

void relay_packet(struct device *device, enum firewall_queue queue, const struct packet *packet)
{
	struct relay_device *relay = device->relay_device;
	uint64_t now = clock_monotonic();
	struct message message;

	if (!relay || relay->ifindex == 0)
		return;
	if (message_parse(packet->payload, packet->payload_length, &message) !=
	    MESSAGE_ERROR_NONE) {
		relay->malformed++;
		return;
	}
	if (queue == FIREWALL_QUEUE_RELAY_QUERY && message.type == AMT_QUERY)
		tunnels_query(relay->tunnels, packet->destination, packet->destination_port,
			      &message, now);
	else if (queue == FIREWALL_QUEUE_UPDATE && message.type == AMT_UPDATE)
		tunnels_update(relay->tunnels, packet->source, &message, now);
	else if (queue == FIREWALL_QUEUE_TEARDOWN && message.type == AMT_TEARDOWN)
		tunnels_teardown(relay->tunnels, &message, now);
	/* Once for all packets that wait now. */
	(void)sd_event_source_set_enabled(relay->flush, SD_EVENT_ONESHOT);
}

static int start(struct manager *manager, struct device *device)
{
	struct relay_device *relay = calloc(1, sizeof(*relay));
	int r;

	if (!relay)
		return -ENOMEM;
	*relay = (struct relay_device){ .manager = manager, .device = device };
	device->relay_device = relay;
	r = tunnels_new(TUNNELS_MAX, on_changed, relay, &relay->tunnels);
	if (r >= 0)
		r = sd_event_add_defer(manager->event, &relay->flush, on_flush, relay);
	if (r >= 0)
		r = sd_event_add_time(manager->event, &relay->timer, CLOCK_MONOTONIC, 0, 1,
				      on_timer, relay);
	if (r >= 0)
		r = sd_event_source_set_enabled(relay->flush, SD_EVENT_OFF);
	if (r < 0) {
		relay_stop(device);
		return r;
	}
	arm(relay);
	return 0;
}

void relay_stop(struct device *device)
{
	struct relay_device *relay = device->relay_device;

	if (!relay)
		return;
	device->relay_device = NULL;
	sd_event_source_disable_unref(relay->flush);
	sd_event_source_disable_unref(relay->timer);
	tunnels_free(relay->tunnels);
	free(relay);
}

void relay_follow(struct manager *manager, struct device *device)
{
	struct relay_device *relay;
	struct amtlink have;
	int r;

	if (device->config->mode != CONFIG_RELAY) {
		relay_stop(device);
		return;
	}
	if (!device->relay_device) {
		r = start(manager, device);
		if (r < 0) {
			log_error(device->config->name, "its tunnels cannot be followed: %s",
				  strerror(-r));
			return;
		}
	}
	relay = device->relay_device;
	if (relay->ifindex == device->ifindex)
		return;
	/* The driver's tunnels went with the interface. */
	tunnels_clear(relay->tunnels);
	flush(relay);
	relay->ifindex = device->ifindex;
	relay->max = TUNNELS_MAX;
	if (amtlink_get(manager->netlink, device->config->name, &have) == 0 && have.max_tunnels > 0)
		relay->max = have.max_tunnels;
	tunnels_set_max(relay->tunnels, relay->max);
}

void relay_tell(struct device *device)
{
	if (!device->relay_device)
		return;
	tunnels_mark(device->relay_device->tunnels);
	flush(device->relay_device);
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

static json_t *describe_tunnel(const struct relay_device *relay,
			       const struct tunnels_tunnel *tunnel)
{
	const struct address gateway = address_from_in(tunnel->gateway);
	json_t *object, *groups = json_array();
	char text[ADDRESS_TEXT_MAX];

	(void)tunnels_groups(relay->tunnels, tunnel->gateway, clock_monotonic(), describe_group,
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

static json_t *describe_tunnels(const struct relay_device *relay)
{
	size_t n = 0, at = 0, count = tunnels_count(relay->tunnels);
	struct tunnels_tunnel *all = calloc(count + 1, sizeof(*all));
	json_t *array = json_array();

	if (!all)
		return array;
	while (n < count && tunnels_next_tunnel(relay->tunnels, &at, &all[n]))
		n++;
	qsort(all, n, sizeof(*all), compare_tunnels);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, describe_tunnel(relay, &all[i]));
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

static const char *error_string(int error)
{
	return group_error_string(error);
}

json_t *relay_describe(const struct relay_device *relay)
{
	struct tunnels_counters counters;

	tunnels_counters(relay->tunnels, &counters);
	return json_pack(
		"{s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "tunnels",
		describe_tunnels(relay), "max_tunnels", (int)relay->max, "queries",
		(json_int_t)counters.queries, "updates", (json_int_t)counters.updates, "teardowns",
		(json_int_t)counters.teardowns, "begun", (json_int_t)counters.begun, "expired",
		(json_int_t)counters.expired, "evicted", (json_int_t)counters.evicted, "malformed",
		(json_int_t)relay->malformed, "ignored",
		describe_reasons(counters.ignored, _TUNNELS_IGNORED_MAX, ignored_string),
		"ignored_records",
		describe_reasons(counters.records, ROUTER_IGNORED_MAX, record_string), "faults",
		describe_reasons(counters.errors, _GROUP_ERROR_MAX, error_string));
}
