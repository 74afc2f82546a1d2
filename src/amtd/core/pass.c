/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/pass.h"

#include "amtd/core/control.h"
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/core/ports.h"
#include "amtd/core/rules.h"
#include "base/log.h"
#include "base/timer.h"
#include "device/device.h"
#include "device/reconcile.h"
#include "kernel/amtlink.h"
#include "kernel/firewall.h"
#include "kernel/local-ports.h"
#include "wire/message.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Free memory is returned to the kernel after this delay. */
#define TIDY_USEC (1 * 1000000ULL)

/* Failed devices are retried at this interval. */
#define RETRY_USEC (5 * 1000000ULL)

/* Ports to draw before giving up; each creates and deletes a device. */
#define PORT_TRIALS 16

/* An existing device keeps its port, so that the relay keeps its tunnel. */
static uint16_t port_in_kernel(struct manager *manager, const struct device *device)
{
	struct amtlink have;

	if (amtlink_get(manager->netlink, device->config->name, &have) < 0 ||
	    have.mode != AMT_MODE_GATEWAY || have.relay_port != have.gateway_port)
		return 0;
	return have.relay_port;
}

/* The port that the device had, also before a restart, or before it was deleted; 0: none, or it
 * cannot have it any more. */
static uint16_t kept_port(struct manager *manager, const struct device *device)
{
	uint16_t port;

	if (device->port_trials > 0)
		return 0;
	port = port_in_kernel(manager, device);
	if (port == 0 && device->record.port != AMT_PORT) /* that of a relay device */
		port = device->record.port;
	if (port == 0)
		port = ports_remembered(manager->ports, device->config->name);
	return port != 0 && ports_taken(manager->ports, device, port) ? 0 : port;
}

static uint16_t drawn_port(struct manager *manager, const struct local_ports *local)
{
	if (!manager->ports_warned && !ports_have_room(manager->ports, local)) {
		manager->ports_warned = true;
		log_warning(
			NULL,
			"net.ipv4.ip_local_port_range, %u to %u, leaves too few ports for gateways: they get ephemeral ones, which another program may have when a gateway comes back; narrow the range, or give each gateway a Port=",
			local->ephemeral_first, local->ephemeral_last);
	}
	return ports_draw(manager->ports, local, local_ports_bound);
}

/* Another device's Port= takes precedence over what was drawn. */
static bool has_to_yield(const struct manager *manager, const struct device *device)
{
	const struct device *other = ports_device(manager->ports, device->port);

	if (device->config->port != 0 || device->config->mode != CONFIG_GATEWAY)
		return false;
	for (; other; other = other->port_peer)
		if (other != device && other->config->port == device->port)
			return true;
	return false;
}

static void claim_port(struct manager *manager, struct device *device)
{
	if (ports_claim(manager->ports, device) < 0)
		log_error(device->config->name, "out of memory");
}

/* Configured ports first, then those that devices had, then new ones. */
static void claim_ports(struct manager *manager)
{
	struct local_ports local = { .n_lasting = 0 };
	bool known = false;

	for (size_t i = 0; i < manager->n_devices; i++)
		claim_port(manager, manager->devices[i]);
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (device->port != 0 && has_to_yield(manager, device)) {
			device->port = 0;
			device->dirty = true;
		}
		if (device->port != 0 || device->config->mode == CONFIG_PROXY)
			continue;
		device->port = device->config->mode == CONFIG_RELAY ? AMT_PORT
								    : kept_port(manager, device);
		claim_port(manager, device);
	}
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (device->port != 0 || device->config->mode != CONFIG_GATEWAY)
			continue;
		if (!known)
			local_ports_read(&local);
		known = true;
		device->port = drawn_port(manager, &local);
		claim_port(manager, device);
	}
}

static void commit_firewall(struct manager *manager)
{
	struct firewall_rules rules;
	char *error = NULL;
	int r;

	r = rules_build(manager->ports, manager->devices, manager->n_devices, &rules);
	if (r == 0) {
		r = firewall_commit(manager->firewall, &rules, &error);
		rules_clear(&rules);
	}
	if (r == 0)
		manager->firewall_error[0] = '\0';
	else if (r == -EOPNOTSUPP)
		snprintf(
			manager->firewall_error, sizeof(manager->firewall_error),
			"the kernel has no nf_tables (CONFIG_NF_TABLES), which gateways need to share a host");
	else
		snprintf(manager->firewall_error, sizeof(manager->firewall_error),
			 "cannot create the nftables table: %s", error ?: strerror(-r));
	free(error);
}

const char *pass_queue_error(const struct manager *manager)
{
	if (!manager->queue)
		return manager->queue_error;
	return firewall_has_queue(manager->firewall)
		       ? NULL
		       : "the kernel has no nft_queue (CONFIG_NFT_QUEUE)";
}

/* Errors that are known before the interface is touched. */
static bool is_blocked(struct manager *manager, struct device *device)
{
	const struct config *config = device->config;

	if (config->mode == CONFIG_PROXY)
		return false;
	if (device->port == 0)
		device_set_state(device, DEVICE_FAILED, "no free UDP port; give it a Port=");
	else if (ports_taken(manager->ports, device, device->port))
		device_set_state(device, DEVICE_FAILED,
				 "UDP port %u belongs to another device; choose another Port=",
				 device->port);
	else if (manager->firewall_error[0] != '\0' && config->mode == CONFIG_GATEWAY)
		device_set_state(device, DEVICE_FAILED, "%s", manager->firewall_error);
	else if (device->queue_error && config->strict)
		device_set_state(device, DEVICE_FAILED, "OnFailure=drop without NFQUEUE: %s",
				 device->queue_error);
	else
		return false;
	return true;
}

static void on_leaving(struct device *device, void *userdata)
{
	hooks_device_leaving(userdata, device);
}

static void reconcile_one(struct manager *manager, struct device *device)
{
	int r;

	device->dirty = false;
	device->queue_error = pass_queue_error(manager);
	if (is_blocked(manager, device))
		return;
	r = reconcile_device(device, manager->netlink, on_leaving, manager);
	hooks_reconciled(manager, device);
	if (r != -EADDRINUSE)
		return;
	if (device->port_trials >= PORT_TRIALS) {
		device_set_state(
			device, DEVICE_FAILED,
			"%d random UDP ports are all in use; give it a Port=", PORT_TRIALS);
		return;
	}
	device->port_trials++;
	device->port = 0;
	device->dirty = true;
}

static bool needs_retry(const struct device *device)
{
	return device->state == DEVICE_FAILED || device->queue_error;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *manager = userdata;

	if (!manager->queue && control_open(manager) == 0)
		log_notice(NULL, "NFQUEUE available again");
	for (size_t i = 0; i < manager->n_devices; i++)
		if (needs_retry(manager->devices[i]))
			manager->devices[i]->dirty = true;
	pass_run(manager);
	return 0;
}

static void arm_retry(struct manager *manager)
{
	bool wanted = !manager->queue || manager->firewall_error[0] != '\0';

	for (size_t i = 0; i < manager->n_devices && !wanted; i++)
		wanted = needs_retry(manager->devices[i]);
	if (wanted)
		timer_ensure(manager->retry, RETRY_USEC);
}

static int on_tidy(sd_event_source *source, uint64_t usec, void *userdata)
{
	malloc_trim(0);
	return 0;
}

/* libnftables and JSON of thousands of devices peak at many times the memory that stays in use, in
 * small chunks: free() alone returns little of it. */
void pass_tidy(struct manager *manager)
{
	timer_ensure(manager->tidy, TIDY_USEC);
}

void pass_run(struct manager *manager)
{
	bool again = true;

	for (int round = 0; again && round <= PORT_TRIALS; round++) {
		claim_ports(manager);
		commit_firewall(manager);
		again = false;
		for (size_t i = 0; i < manager->n_devices; i++) {
			if (manager->devices[i]->dirty)
				reconcile_one(manager, manager->devices[i]);
			again = again || manager->devices[i]->dirty;
		}
	}
	hooks_leaving_done(manager);
	hooks_pass_done(manager);
	arm_retry(manager);
	pass_tidy(manager);
}

static int on_pass(sd_event_source *source, void *userdata)
{
	pass_run(userdata);
	return 0;
}

void pass_schedule(struct manager *manager)
{
	(void)sd_event_source_set_enabled(manager->pass, SD_EVENT_ONESHOT);
}

int pass_open(struct manager *manager)
{
	int r;

	r = sd_event_add_defer(manager->event, &manager->pass, on_pass, manager);
	if (r < 0)
		return r;
	/* After all other ready events, so that one pass serves many. */
	r = sd_event_source_set_priority(manager->pass, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_source_set_enabled(manager->pass, SD_EVENT_OFF);
	if (r >= 0)
		r = timer_add(manager->event, &manager->retry, TIMER_COARSE, on_retry, manager);
	if (r >= 0)
		r = timer_add(manager->event, &manager->tidy, TIMER_COARSE, on_tidy, manager);
	return r;
}

void pass_close(struct manager *manager)
{
	manager->pass = sd_event_source_disable_unref(manager->pass);
	manager->retry = sd_event_source_disable_unref(manager->retry);
	manager->tidy = sd_event_source_disable_unref(manager->tidy);
}
