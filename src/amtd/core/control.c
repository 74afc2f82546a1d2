/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/control.h"

#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/core/ports.h"
#include "base/log.h"
#include "device/device.h"
#include "device/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* At most this many packets before other events get their turn. */
#define PACKETS_AT_ONCE 256

/* The device that a packet is for. */
struct recipient {
	const struct wing *wing;
	struct device *device; /* NULL: none */
};

/* The firewall queues by port; the device may have gone, or changed its mode, meanwhile. */
static struct recipient find_recipient(const struct manager *manager, uint16_t port,
				       enum config_mode mode)
{
	struct recipient recipient = {
		.wing = hooks_packet_wing(manager, mode),
		.device = ports_device(manager->ports, port),
	};

	if (!recipient.wing || !recipient.device || recipient.device->config->mode != mode ||
	    ports_taken(manager->ports, recipient.device, port))
		recipient.device = NULL;
	return recipient;
}

/* A packet with inconsistent lengths. The firewall queues only IPv4 with a gateway's UDP port: at
 * least that is present. */
static void count_malformed(struct manager *manager, const struct queue_packet *queued)
{
	size_t udp = queued->length > 0 ? (queued->data[0] & 0x0f) * 4u : 0;
	struct recipient to;

	if (queued->length < udp + 4)
		return;
	to = find_recipient(manager, queued->data[udp + 2] << 8 | queued->data[udp + 3],
			    CONFIG_GATEWAY);
	if (to.device && to.wing->packet_malformed)
		to.wing->packet_malformed(manager, to.device, queued->number - manager->queue_base);
}

/* Those that quote another's packet go on to it. */
static enum queue_verdict on_error(struct manager *manager, const struct queue_packet *queued)
{
	struct packet_error_quote quote;
	struct recipient to;

	if (!packet_parse_error(queued->data, queued->length, &quote))
		return QUEUE_ACCEPT;
	to = find_recipient(manager, quote.source_port, CONFIG_GATEWAY);
	if (!to.device || !to.wing->packet_error)
		return QUEUE_ACCEPT;
	return to.wing->packet_error(manager, to.device, &quote);
}

static bool is_relay_queue(unsigned int queue)
{
	return queue >= FIREWALL_QUEUE_RELAY_QUERY && queue <= FIREWALL_QUEUE_TEARDOWN;
}

/* Packets between a local relay device and its gateways are only observed, never dropped. */
static enum queue_verdict on_relay_packet(struct manager *manager, struct queue_packet *queued)
{
	enum firewall_queue queue = queued->number - manager->queue_base;
	struct recipient to;
	struct packet packet;

	if (packet_parse(queued->data, queued->length, &packet) != PACKET_ERROR_NONE)
		return QUEUE_ACCEPT;
	to = find_recipient(manager,
			    queue == FIREWALL_QUEUE_RELAY_QUERY ? packet.source_port
								: packet.destination_port,
			    CONFIG_RELAY);
	if (to.device)
		(void)to.wing->packet(manager, to.device, queue, queued, &packet);
	return QUEUE_ACCEPT;
}

/* A gateway's own message leaves: only observed, too. */
static enum queue_verdict on_asked(struct manager *manager, struct queue_packet *queued)
{
	struct recipient from;
	struct packet packet;

	if (packet_parse(queued->data, queued->length, &packet) != PACKET_ERROR_NONE)
		return QUEUE_ACCEPT;
	from = find_recipient(manager, packet.source_port, CONFIG_GATEWAY);
	if (from.device)
		(void)from.wing->packet(manager, from.device, FIREWALL_QUEUE_ASKED, queued,
					&packet);
	return QUEUE_ACCEPT;
}

static enum queue_verdict on_packet(struct queue_packet *queued, void *userdata)
{
	struct manager *manager = userdata;
	enum firewall_queue queue = queued->number - manager->queue_base;
	struct recipient to;
	struct packet packet;

	if (queue == FIREWALL_QUEUE_UNREACHABLE)
		return on_error(manager, queued);
	if (queue == FIREWALL_QUEUE_ASKED)
		return on_asked(manager, queued);
	if (is_relay_queue(queue))
		return on_relay_packet(manager, queued);
	if (packet_parse(queued->data, queued->length, &packet) != PACKET_ERROR_NONE) {
		count_malformed(manager, queued);
		return QUEUE_DROP;
	}
	to = find_recipient(manager, packet.destination_port, CONFIG_GATEWAY);
	if (!to.device)
		return QUEUE_ACCEPT;
	return to.wing->packet(manager, to.device, queue, queued, &packet);
}

/* The kernel accepted or dropped control messages without amtd. */
static void on_overrun(const struct queue_counters *counters)
{
	if (counters->overruns == 1)
		log_warning(
			NULL,
			"NFQUEUE overrun: control messages bypassed amtd, which did not read in time");
	event_emit(&(struct event){
		.kind = EVENT_OVERRUN,
		.reason = "nfqueue",
		.missed = counters->overruns,
	});
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;
	const struct queue_counters *counters = queue_counters(manager->queue);
	const struct queue_counters before = *counters;
	int r;

	r = queue_dispatch(manager->queue, PACKETS_AT_ONCE);
	if (r < 0)
		log_error(NULL, "cannot read NFQUEUE: %s", strerror(-r));
	if (counters->overruns != before.overruns)
		on_overrun(counters);
	if (counters->overruns != before.overruns || counters->crowded != before.crowded)
		hooks_packets_missed(manager, "NFQUEUE overrun");
	return 0;
}

static void before_verdicts(void *userdata)
{
	hooks_before_verdicts(userdata);
}

static const char *explain_queue_error(int error, char *buf, size_t size, uint16_t taken)
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
		.before_verdicts = before_verdicts,
	};
	uint16_t taken = 0;
	int r;

	r = queue_open(&range, on_packet, manager, &manager->queue, &taken);
	if (r < 0) {
		explain_queue_error(r, manager->queue_error, sizeof(manager->queue_error), taken);
		return r;
	}
	r = sd_event_add_io(manager->event, &manager->queue_source, queue_fd(manager->queue),
			    EPOLLIN, on_readable, manager);
	if (r < 0) {
		control_close(manager);
		snprintf(manager->queue_error, sizeof(manager->queue_error), "event loop: %s",
			 strerror(-r));
		return r;
	}
	/* Control messages have priority over files and the bus. */
	(void)sd_event_source_set_priority(manager->queue_source, SD_EVENT_PRIORITY_IMPORTANT);
	manager->queue_error[0] = '\0';
	return 0;
}

void control_close(struct manager *manager)
{
	manager->queue_source = sd_event_source_disable_unref(manager->queue_source);
	queue_close(manager->queue);
	manager->queue = NULL;
}
