/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/relay/protocol.h"

#include "amtd/core/manager.h"
#include "amtd/forward/wing.h"
#include "amtd/relay/filter.h"
#include "amtd/relay/persist.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "device/device.h"
#include "kernel/amtlink.h"

#include <errno.h>
#include <string.h>

static void on_changed(struct tunnels *tunnels, const struct address *group,
		       const struct filter *filter, void *userdata)
{
	struct relay_device *relay = userdata;
	char text[ADDRESS_TEXT_MAX];

	log_debug(relay->device->config->name, "gateways request %s %s %zu source%s",
		  address_format(group, text),
		  filter->mode == FILTER_EXCLUDE ? "EXCLUDE" : "INCLUDE", filter->n,
		  filter->n == 1 ? "" : "s");
	forward_tunnels(relay->device, group, filter);
}

static void flush_tunnels(struct relay_device *relay)
{
	tunnels_flush(relay->tunnels);
	relay_filter_note(relay);
	relay_filter_run(relay->filter);
	timer_arm(relay->timer, tunnels_next(relay->tunnels));
}

static int on_flush(sd_event_source *source, void *userdata)
{
	flush_tunnels(userdata);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct relay_device *relay = userdata;

	tunnels_run(relay->tunnels, clock_monotonic());
	flush_tunnels(relay);
	return 0;
}

void protocol_packet(struct relay_device *relay, enum firewall_queue queue,
		     const struct packet *packet)
{
	const struct address source = address_from_in(packet->source);
	const struct address destination = address_from_in(packet->destination);
	uint64_t now = clock_monotonic();
	struct message message;

	if (!relay->tunnels || relay->ifindex == 0)
		return;
	if (message_parse(packet->payload, packet->payload_length, &message) !=
	    MESSAGE_ERROR_NONE) {
		relay->malformed++;
		return;
	}
	if (queue == FIREWALL_QUEUE_RELAY_QUERY && message.type == AMT_QUERY)
		tunnels_query(relay->tunnels, &destination, packet->destination_port, &message,
			      now);
	else if (queue == FIREWALL_QUEUE_UPDATE && message.type == AMT_UPDATE)
		tunnels_update(relay->tunnels, &source, &message, now);
	else if (queue == FIREWALL_QUEUE_TEARDOWN && message.type == AMT_TEARDOWN)
		tunnels_teardown(relay->tunnels, &message, now);
	relay_filter_note(relay);
	/* Once for all packets that are queued now. */
	(void)sd_event_source_set_enabled(relay->flush, SD_EVENT_ONESHOT);
}

static int start_tunnels(struct relay_device *relay)
{
	sd_event *event = relay->manager->event;
	int r;

	r = tunnels_new(TUNNELS_MAX, on_changed, relay, &relay->tunnels);
	if (r >= 0 && relay->filter)
		tunnels_watch(relay->tunnels);
	if (r >= 0)
		r = sd_event_add_defer(event, &relay->flush, on_flush, relay);
	if (r >= 0)
		r = sd_event_source_set_enabled(relay->flush, SD_EVENT_OFF);
	if (r >= 0)
		r = timer_add(event, &relay->timer, 1, on_timer, relay);
	if (r < 0)
		protocol_stop(relay);
	else
		timer_arm(relay->timer, tunnels_next(relay->tunnels));
	return r;
}

void protocol_stop(struct relay_device *relay)
{
	persist_end(relay);
	relay->flush = sd_event_source_disable_unref(relay->flush);
	relay->timer = sd_event_source_disable_unref(relay->timer);
	if (relay->tunnels) {
		tunnels_clear(relay->tunnels);
		relay_filter_note(relay);
		relay_filter_run(relay->filter);
	}
	tunnels_free(relay->tunnels);
	relay->tunnels = NULL;
	relay->ifindex = 0;
}

void protocol_missed(struct relay_device *relay, const char *reason)
{
	if (!relay->tunnels || relay->ifindex == 0)
		return;
	log_notice(
		relay->device->config->name,
		"for %d s gateways get all sources of their groups, since amtd may not know what they asked for: %s",
		TUNNELS_UNSURE_SEC, reason);
	tunnels_unsure(relay->tunnels, clock_monotonic());
	(void)sd_event_source_set_enabled(relay->flush, SD_EVENT_ONESHOT);
}

/* The driver's tunnels are gone with the former interface. */
static void follow_interface(struct relay_device *relay)
{
	const struct device *device = relay->device;
	struct amtlink have;

	tunnels_clear(relay->tunnels);
	flush_tunnels(relay);
	relay->ifindex = device->ifindex;
	relay->port = device->port;
	relay->max = TUNNELS_MAX;
	if (amtlink_get(relay->manager->netlink, device->config->name, &have) == 0 &&
	    have.max_tunnels > 0)
		relay->max = have.max_tunnels;
	tunnels_set_max(relay->tunnels, relay->max);
	relay->unseen = device->queue_error;
	if (relay->unseen)
		protocol_missed(relay, device->queue_error);
	else if (device->made != device->ifindex)
		protocol_missed(relay, "it did not create the interface");
	/* Those taken up are not known either, before they are written to the filter. */
	persist_tunnels(relay);
	flush_tunnels(relay);
}

void protocol_follow(struct relay_device *relay)
{
	struct device *device = relay->device;
	int r;

	if (device->config->mode != CONFIG_RELAY) {
		protocol_stop(relay);
		return;
	}
	if (!relay->tunnels) {
		r = start_tunnels(relay);
		if (r < 0) {
			log_error(device->config->name, "cannot track its tunnels: %s",
				  strerror(-r));
			return;
		}
	}
	if (relay->ifindex != device->ifindex)
		follow_interface(relay);
	/* Both when they cease to come and when they come again. */
	if (relay->unseen != (device->queue_error != NULL))
		protocol_missed(relay, device->queue_error ?: "control messages were not seen");
	relay->unseen = device->queue_error;
}

void protocol_report_all(struct relay_device *relay)
{
	if (!relay->tunnels)
		return;
	tunnels_mark(relay->tunnels);
	flush_tunnels(relay);
}
