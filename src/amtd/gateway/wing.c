/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/wing.h"

#include "amtd/core/manager.h"
#include "amtd/gateway/failover.h"
#include "amtd/gateway/liveness.h"
#include "amtd/gateway/messages.h"
#include "amtd/gateway/mld-flag.h"
#include "amtd/gateway/state.h"
#include "amtd/gateway/teardown.h"
#include "base/log.h"
#include "kernel/kick.h"

#include <errno.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>

struct gateways *gateways_of(const struct manager *manager)
{
	return wing_state(manager, &gateway_wing);
}

struct gateway *gateway_of(const struct device *device)
{
	return wing_data(device, &gateway_wing);
}

static int on_open(struct manager *manager)
{
	struct gateways *gateways;
	int r;

	gateways = calloc(1, sizeof(*gateways));
	if (!gateways)
		return -ENOMEM;
	wing_set_state(manager, &gateway_wing, gateways);
	gateways->manager = manager;
	gateways->wing = &gateway_wing;
	r = teardown_open(gateways);
	if (r >= 0)
		r = failover_open(gateways);
	if (r >= 0)
		r = liveness_open(gateways);
	if (r < 0)
		return r;
	r = kick_open(&gateways->kick);
	if (r < 0)
		log_warning(
			NULL,
			"no raw ICMP socket: %s; a failover takes seconds longer; amtd needs CAP_NET_RAW",
			strerror(-r));
	return 0;
}

static void on_close(struct manager *manager)
{
	struct gateways *gateways = gateways_of(manager);

	if (!gateways)
		return;
	kick_close(gateways->kick);
	liveness_close(gateways);
	failover_close(gateways);
	teardown_close(gateways);
	free(gateways);
	wing_set_state(manager, &gateway_wing, NULL);
}

static int on_device_added(struct manager *manager, struct device *device)
{
	struct gateway *gateway = gateway_of(device);
	int r;

	gateway->gateways = gateways_of(manager);
	gateway->manager = manager;
	gateway->device = device;
	r = mld_flag_open(gateway);
	return r < 0 ? r : failover_add(gateway);
}

static void on_device_removed(struct manager *manager, struct device *device)
{
	failover_remove(gateway_of(device));
	joined_clear(&gateway_of(device)->joined);
	mld_flag_close(gateway_of(device));
}

static void on_device_configured(struct manager *manager, struct device *device,
				 const struct config *previous)
{
	failover_configure(gateway_of(device));
}

static void on_device_leaving(struct manager *manager, struct device *device)
{
	teardown_leave(gateway_of(device));
}

static void on_leaving_done(struct manager *manager)
{
	teardown_end(gateways_of(manager));
}

static void on_reconciled(struct manager *manager, struct device *device)
{
	struct gateway *gateway = gateway_of(device);

	if (gateway->without_queue && !device->queue_error)
		failover_wake(gateway);
	gateway->without_queue = device->queue_error;
	/* The tunnel is gone with its interface. */
	if (device->ifindex != gateway->ifindex) {
		gateway->ifindex = device->ifindex;
		if (!address_is_set(&device->previous))
			gateway->previous_until = 0;
		gateway->left = (struct address){ 0 };
		gateway->asked = (struct inspect_asked){ 0 };
		joined_clear(&gateway->joined);
	}
	if (!address_is_set(&device->record.chosen))
		state_show(gateway);
	gateway->check_twin = gateway->selection.phase != SELECTION_GOOD;
}

/* The firewall now redirects what the driver sends. */
static void kick_gateway(struct gateways *gateways, struct gateway *gateway)
{
	const struct device *device = gateway->device;
	const struct kick_target target = {
		.local = device->local,
		.port = device->port,
		.relay = device->relay,
		.relay_port = device->config->relay_port,
	};
	int r;

	if (!gateway->kick)
		return;
	gateway->kick = false;
	if (!gateways->kick || device->ifindex == 0 || !address_is_set(&device->relay))
		return;
	r = kick_send(gateways->kick, &target);
	if (r < 0)
		log_debug(device->config->name, "no kick: %s", strerror(-r));
}

static void show_twins(struct manager *manager)
{
	struct gateway **all;
	size_t n = 0, checks = 0;

	for (size_t i = 0; i < manager->n_devices; i++)
		checks += state_may_have_twin(gateway_of(manager->devices[i]));
	if (checks == 0)
		return;
	all = calloc(manager->n_devices + 1, sizeof(*all));
	if (!all)
		return;
	for (size_t i = 0; i < manager->n_devices; i++)
		if (manager->devices[i]->config->mode == CONFIG_GATEWAY)
			all[n++] = gateway_of(manager->devices[i]);
	state_show_twins(all, n);
	free(all);
}

static void on_pass_done(struct manager *manager)
{
	struct gateways *gateways = gateways_of(manager);

	for (size_t i = 0; i < manager->n_devices; i++)
		kick_gateway(gateways, gateway_of(manager->devices[i]));
	show_twins(manager);
}

static enum queue_verdict on_packet(struct manager *manager, struct device *device,
				    enum firewall_queue queue, struct queue_packet *queued,
				    struct packet *packet)
{
	return messages_packet(gateway_of(device), queue, queued, packet);
}

static void on_packet_malformed(struct manager *manager, struct device *device,
				enum firewall_queue queue)
{
	messages_malformed(gateway_of(device), queue);
}

/* Is it about a message to the relay in use, or about one that the driver discovers? */
static bool is_about_relay(const struct device *device, const struct packet_error_quote *quote)
{
	const struct address to = address_from_in(quote->destination);
	const struct record *record = &device->record;

	if (quote->source.s_addr != device->local.in.s_addr ||
	    quote->destination_port != device->config->relay_port)
		return false;
	return address_equal(&to, &device->relay) ||
	       (!address_is_set(&record->redirect) && address_equal(&to, &record->discovery));
}

/* "Fragmentation needed" is never true: the driver lets its packets be fragmented. */
static bool says_unreachable(const struct packet_error_quote *quote)
{
	return quote->type == ICMP_TIME_EXCEEDED || quote->type == ICMP_PARAMETERPROB ||
	       (quote->type == ICMP_DEST_UNREACH && quote->code != ICMP_FRAG_NEEDED);
}

/* The relay may be gone, or the error forged: the relay is probed, and the driver, whose port it
 * is, does not see it. */
static enum queue_verdict on_packet_error(struct manager *manager, struct device *device,
					  const struct packet_error_quote *quote)
{
	if (device->port_busy)
		return QUEUE_ACCEPT;
	if (says_unreachable(quote) && is_about_relay(device, quote))
		failover_doubt(gateway_of(device));
	return QUEUE_DROP;
}

const struct wing gateway_wing = {
	.name = "gateway",
	.open = on_open,
	.close = on_close,
	.device_private_size = sizeof(struct gateway),
	.device_added = on_device_added,
	.device_configured = on_device_configured,
	.device_leaving = on_device_leaving,
	.leaving_done = on_leaving_done,
	.device_removed = on_device_removed,
	.reconciled = on_reconciled,
	.pass_done = on_pass_done,
	.takes_packets = true,
	.mode = CONFIG_GATEWAY,
	.packet = on_packet,
	.packet_malformed = on_packet_malformed,
	.packet_error = on_packet_error,
};
