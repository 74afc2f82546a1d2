/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/relay/wing.h"

#include "amtd/core/manager.h"
#include "amtd/forward/wing.h"
#include "amtd/relay/filter.h"
#include "amtd/relay/protocol.h"
#include "device/device.h"

struct relay_device *relay_of(const struct device *device)
{
	return wing_data(device, &relay_wing);
}

static void on_tunnels_started(struct device *device, void *userdata)
{
	protocol_report_all(relay_of(device));
}

static int on_open(struct manager *manager)
{
	struct relay_filter *filter;
	int r;

	forward_on_tunnels_started(manager, on_tunnels_started, NULL);
	r = relay_filter_open(manager, &filter);
	if (r >= 0)
		wing_set_state(manager, &relay_wing, filter);
	return r;
}

static void on_close(struct manager *manager)
{
	relay_filter_close(wing_state(manager, &relay_wing));
	wing_set_state(manager, &relay_wing, NULL);
}

static int on_device_added(struct manager *manager, struct device *device)
{
	struct relay_device *relay = relay_of(device);

	relay->manager = manager;
	relay->device = device;
	relay->filter = wing_state(manager, &relay_wing);
	return 0;
}

static void on_device_removed(struct manager *manager, struct device *device)
{
	protocol_stop(relay_of(device));
}

static void on_reconciled(struct manager *manager, struct device *device)
{
	protocol_follow(relay_of(device));
}

static enum queue_verdict on_packet(struct manager *manager, struct device *device,
				    enum firewall_queue queue, struct queue_packet *queued,
				    struct packet *packet)
{
	protocol_packet(relay_of(device), queue, packet);
	return QUEUE_ACCEPT;
}

/* What a gateway asks for passes before the driver knows. */
static void on_before_verdicts(struct manager *manager)
{
	relay_filter_run(wing_state(manager, &relay_wing));
}

static void on_packets_missed(struct manager *manager, const char *reason)
{
	for (size_t i = 0; i < manager->n_devices; i++)
		protocol_missed(relay_of(manager->devices[i]), reason);
}

const struct wing relay_wing = {
	.name = "relay",
	.open = on_open,
	.close = on_close,
	.device_private_size = sizeof(struct relay_device),
	.device_added = on_device_added,
	.device_removed = on_device_removed,
	.reconciled = on_reconciled,
	.takes_packets = true,
	.mode = CONFIG_RELAY,
	.packet = on_packet,
	.before_verdicts = on_before_verdicts,
	.packets_missed = on_packets_missed,
};
