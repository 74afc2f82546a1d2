/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control messages of relays, from the queue to their device, and the clocks that they set.
 */
#include "amtd/core/manager-private.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How long after an IGMP Query the MLD one may come: both Requests leave together. */
#define MLD_PATIENCE_USEC (500 * 1000ULL)

/* So many packets at most before other events get their turn. */
#define PACKETS_AT_ONCE 256

static void restart_timer(sd_event_source *timer, uint64_t usec)
{
	(void)sd_event_source_set_time_relative(timer, usec);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void on_query_passed(struct device *device, bool loaded)
{
	int enabled = SD_EVENT_OFF;

	failover_query(device, loaded);
	(void)sd_event_source_get_enabled(device->mld_timer, &enabled);
	if (!device->mld_confirmed && enabled == SD_EVENT_OFF)
		restart_timer(device->mld_timer, MLD_PATIENCE_USEC);
}

static struct device *device_at(const struct manager *manager, uint16_t port, enum config_mode mode)
{
	struct device *device = manager->by_port[port];

	return device && device->config->mode == mode ? device : NULL;
}

/* A packet whose lengths contradict each other. The firewall sends nothing here but IPv4 with a UDP
 * port of a gateway's; that much of it is there. */
static void count_broken(struct manager *manager, const struct queue_packet *queued)
{
	size_t udp = queued->length > 0 ? (queued->data[0] & 0x0f) * 4u : 0;
	struct device *device;

	if (queued->length < udp + 4)
		return;
	device = device_at(manager, queued->data[udp + 2] << 8 | queued->data[udp + 3],
			   CONFIG_GATEWAY);
	if (device)
		device_count_broken(device, queued->number - manager->queue_base);
}

/* The relay may be gone, or somebody pretends so: it is asked. */
static enum queue_verdict on_unreachable(struct manager *manager, const struct queue_packet *queued)
{
	uint16_t port = packet_quoted_port(queued->data, queued->length);
	struct device *device = device_at(manager, port, CONFIG_GATEWAY);

	if (device)
		failover_unreachable(device);
	return QUEUE_DROP;
}

static bool is_of_relay(unsigned int queue)
{
	return queue >= FIREWALL_QUEUE_RELAY_QUERY && queue <= FIREWALL_QUEUE_TEARDOWN;
}

/* What passes between an own relay device and its gateways is only looked at. */
static enum queue_verdict on_relay(struct manager *manager, const struct queue_packet *queued)
{
	unsigned int queue = queued->number - manager->queue_base;
	struct device *device;
	struct packet packet;

	if (packet_parse(queued->data, queued->length, &packet) != PACKET_ERROR_NONE)
		return QUEUE_ACCEPT;
	device = device_at(manager,
			   queue == FIREWALL_QUEUE_RELAY_QUERY ? packet.source_port
							       : packet.destination_port,
			   CONFIG_RELAY);
	if (device)
		relay_packet(device, queue, &packet);
	return QUEUE_ACCEPT;
}

static enum queue_verdict on_packet(struct queue_packet *queued, void *userdata)
{
	struct manager *manager = userdata;
	struct inspect_result result;
	struct packet packet;
	struct device *device;

	if (queued->number - manager->queue_base == FIREWALL_QUEUE_UNREACHABLE)
		return on_unreachable(manager, queued);
	if (is_of_relay(queued->number - manager->queue_base))
		return on_relay(manager, queued);
	if (packet_parse(queued->data, queued->length, &packet) != PACKET_ERROR_NONE) {
		count_broken(manager, queued);
		return QUEUE_DROP;
	}
	device = device_at(manager, packet.destination_port, CONFIG_GATEWAY);
	if (!device)
		return QUEUE_ACCEPT; /* the device went while the packet waited */

	if (device_inspect(device, queued->number - manager->queue_base, &packet, queued->length,
			   &result) != INSPECT_PASS)
		return QUEUE_DROP;
	if (result.changed) {
		queued->changed = true;
		queued->length = result.length;
	}
	if (result.query)
		on_query_passed(device, result.loaded);
	return QUEUE_ACCEPT;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;
	int r;

	r = queue_dispatch(manager->queue, PACKETS_AT_ONCE);
	if (r < 0)
		log_error(NULL, "reading the queue failed: %s", strerror(-r));
	return 0;
}

static const char *explain(int error, char *buf, size_t size, uint16_t taken)
{
	switch (error) {
	case -EBUSY:
		snprintf(
			buf, size,
			"NFQUEUE number %u is in use by another program; start amtd with --queue NUMBER, the first of %d free ones",
			taken, _FIREWALL_QUEUE_MAX);
		break;
	case -EPROTONOSUPPORT:
		snprintf(buf, size,
			 "the kernel has no nfnetlink_queue (CONFIG_NETFILTER_NETLINK_QUEUE)");
		break;
	default:
		snprintf(buf, size, "NFQUEUE: %s", strerror(-error));
	}
	return buf;
}

int control_open(struct manager *manager)
{
	const struct queue_range range = {
		.first = manager->queue_base,
		.count = _FIREWALL_QUEUE_MAX,
		.as_is = FIREWALL_QUEUE_ADVERTISEMENT,
		.fail_open = FIREWALL_QUEUE_ADVERTISEMENT_STRICT,
	};
	uint16_t taken = 0;
	int r;

	r = queue_open(&range, on_packet, manager, &manager->queue, &taken);
	if (r < 0) {
		explain(r, manager->queue_error, sizeof(manager->queue_error), taken);
		return r;
	}
	r = sd_event_add_io(manager->event, &manager->queue_source, queue_fd(manager->queue),
			    EPOLLIN, on_readable, manager);
	if (r < 0) {
		queue_close(manager->queue);
		manager->queue = NULL;
		snprintf(manager->queue_error, sizeof(manager->queue_error), "event loop: %s",
			 strerror(-r));
		return r;
	}
	/* Advertisements are what amtd is for: before files and the bus. */
	(void)sd_event_source_set_priority(manager->queue_source, SD_EVENT_PRIORITY_IMPORTANT);
	manager->queue_error[0] = '\0';
	return 0;
}

static int on_mld_overdue(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct device *device = userdata;

	/* The firewall holds which relays want the other bit. */
	if (device_try_mld_flag(device)) {
		device->dirty = true;
		device->kick = true;
		pass_schedule(device->owner);
	}
	return 0;
}

int control_watch(struct manager *manager, struct device *device)
{
	int r;

	device->owner = manager;
	r = sd_event_add_time_relative(manager->event, &device->mld_timer, CLOCK_MONOTONIC,
				       MLD_PATIENCE_USEC, 0, on_mld_overdue, device);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(device->mld_timer, SD_EVENT_OFF);
}

void control_unwatch(struct device *device)
{
	device->mld_timer = sd_event_source_disable_unref(device->mld_timer);
}
