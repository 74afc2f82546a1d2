/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pass over the devices that something happened to: ports are chosen, the firewall is made to
 * agree with all devices, then each device's interface is.
 */
#include "amtd/core/manager-private.h"
#include "amtd/forward/upstream-listener.h"
#include "base/log.h"
#include "device/reconcile.h"
#include "wire/message.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory that is free is given back to the kernel so long after it was used. */
#define TIDY_USEC (1 * 1000000ULL)

/* What failed is tried again so often. */
#define RETRY_USEC (5 * 1000000ULL)

/* Private ports that are tried before giving up; each costs a device made and deleted. */
#define PORT_TRIALS 16

static bool port_taken(const struct manager *manager, const struct device *device, uint16_t port)
{
	for (size_t i = 0; i < manager->n_devices; i++)
		if (manager->devices[i] != device && manager->devices[i]->port == port)
			return true;
	return false;
}

/* A device that is there keeps its port, and the relay keeps its tunnel. */
static uint16_t port_in_kernel(struct manager *manager, const struct device *device)
{
	struct amtlink have;

	if (amtlink_get(manager->netlink, device->config->name, &have) < 0 ||
	    have.mode != AMT_MODE_GATEWAY || have.relay_port != have.gateway_port)
		return 0;
	return have.relay_port;
}

static void choose_port(struct manager *manager, struct device *device)
{
	uint16_t port;

	if (device->port != 0 || device->config->mode == CONFIG_PROXY)
		return;
	if (device->config->mode == CONFIG_RELAY) {
		device->port = AMT_PORT;
		return;
	}
	port = device->port_skip == 0 ? port_in_kernel(manager, device) : 0;
	if (port != 0 && !port_taken(manager, device, port)) {
		device->port = port;
		return;
	}
	for (unsigned int n = device->port_skip; n < DEVICE_PORT_COUNT; n++) {
		port = device_private_port(device->config->name, n);
		if (!port_taken(manager, device, port)) {
			device->port = port;
			device->port_skip = n;
			return;
		}
	}
}

static int compare_gateways(const void *a, const void *b)
{
	const struct firewall_gateway *x = a, *y = b;

	return (int)x->port - (int)y->port;
}

static int compare_redirects(const void *a, const void *b)
{
	const struct firewall_redirect *x = a, *y = b;

	return (int)x->port - (int)y->port;
}

static struct firewall_redirect redirect_of(const struct device *device)
{
	const struct record *record = &device->record;

	return (struct firewall_redirect){
		.port = device->port,
		.relay = record->redirect,
		.discovery = record->discovery,
		.remote = record->remote.s_addr != 0 ? record->remote : record->discovery,
	};
}

static struct firewall_redirect previous_of(const struct device *device)
{
	struct firewall_redirect previous = redirect_of(device);

	previous.relay = device->previous;
	return previous;
}

/* The driver's own relay needs no help. */
static bool has_previous(const struct device *device)
{
	return device->previous.s_addr != 0 &&
	       device->previous.s_addr != device->record.redirect.s_addr &&
	       device->previous.s_addr != redirect_of(device).remote.s_addr;
}

static int compare_ports(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static int compare_relays(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct in_addr));
}

static bool is_linux_relay(const struct device *device)
{
	return device->record.mld_linux && device->record.mld_relay.s_addr != 0;
}

static int compare_ttls(const void *a, const void *b)
{
	const struct firewall_ttl *x = a, *y = b;

	return strcmp(x->interface, y->interface);
}

static void add_ttl(struct firewall_rules *rules, const char *interface, uint32_t ttl)
{
	struct firewall_ttl *slot = &rules->ttls[rules->n_ttls++];

	strcpy(slot->interface, interface);
	slot->ttl = ttl;
}

/* Of interfaces that several devices have as upstream, the highest counts. */
static void merge_ttls(struct firewall_rules *rules)
{
	size_t kept = 0;

	if (rules->n_ttls == 0)
		return;
	qsort(rules->ttls, rules->n_ttls, sizeof(*rules->ttls), compare_ttls);
	for (size_t i = 1; i < rules->n_ttls; i++) {
		if (compare_ttls(&rules->ttls[kept], &rules->ttls[i]) != 0)
			rules->ttls[++kept] = rules->ttls[i];
		else if (rules->ttls[kept].ttl < rules->ttls[i].ttl)
			rules->ttls[kept].ttl = rules->ttls[i].ttl;
	}
	rules->n_ttls = kept + 1;
}

/* TTL= of [Forward]. */
static int collect_ttls(const struct manager *manager, struct firewall_rules *rules)
{
	size_t n = 0;

	for (size_t i = 0; i < manager->n_devices; i++)
		if (manager->devices[i]->config->forward.ttl > 0)
			n += manager->devices[i]->config->forward.n_upstreams + 1;
	if (n == 0)
		return 0;
	rules->ttls = calloc(n, sizeof(*rules->ttls));
	if (!rules->ttls)
		return -ENOMEM;
	for (size_t i = 0; i < manager->n_devices; i++) {
		const struct config_forward *forward = &manager->devices[i]->config->forward;

		if (forward->ttl == 0)
			continue;
		for (size_t j = 0; j < forward->n_upstreams; j++)
			add_ttl(rules, forward->upstreams[j].name, forward->ttl);
		if (forward->alternative[0] != '\0')
			add_ttl(rules, forward->alternative, forward->ttl);
	}
	merge_ttls(rules);
	return 0;
}

/* Rules for all devices but those of collect_ttls(); their arrays lie in one allocation,
 * *ret_memory. */
static int collect_rules(struct manager *manager, struct firewall_rules *ret, void **ret_memory)
{
	struct firewall_rules rules = { 0 };
	size_t n = manager->n_devices + 1;
	char *memory;

	memory = calloc(n, sizeof(*rules.gateways) + sizeof(*rules.linux_relays) +
				   2 * sizeof(*rules.redirects) + sizeof(*rules.relay_devices));
	if (!memory)
		return -ENOMEM;
	rules.linux_relays = (struct in_addr *)memory;
	rules.gateways = (struct firewall_gateway *)(rules.linux_relays + n);
	rules.redirects = (struct firewall_redirect *)(rules.gateways + n);
	rules.previous_redirects = rules.redirects + n;
	rules.relay_devices = (uint16_t *)(rules.previous_redirects + n);

	memset(manager->by_port, 0, sizeof(manager->by_port));
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];
		const struct config *config = device->config;

		if (device->port == 0 || port_taken(manager, device, device->port))
			continue;
		manager->by_port[device->port] = device;
		if (config->mode == CONFIG_RELAY) {
			rules.relay_devices[rules.n_relay_devices++] = device->port;
			continue;
		}
		rules.gateways[rules.n_gateways++] = (struct firewall_gateway){
			.port = device->port,
			.relay_port = config->relay_port,
			.strict = config->strict,
		};
		if (device->record.redirect.s_addr != 0)
			rules.redirects[rules.n_redirects++] = redirect_of(device);
		if (has_previous(device))
			rules.previous_redirects[rules.n_previous_redirects++] =
				previous_of(device);
		if (is_linux_relay(device) &&
		    !bsearch(&device->record.mld_relay, rules.linux_relays, rules.n_linux_relays,
			     sizeof(*rules.linux_relays), compare_relays)) {
			rules.linux_relays[rules.n_linux_relays++] = device->record.mld_relay;
			qsort(rules.linux_relays, rules.n_linux_relays, sizeof(*rules.linux_relays),
			      compare_relays);
		}
	}
	qsort(rules.gateways, rules.n_gateways, sizeof(*rules.gateways), compare_gateways);
	qsort(rules.redirects, rules.n_redirects, sizeof(*rules.redirects), compare_redirects);
	qsort(rules.previous_redirects, rules.n_previous_redirects,
	      sizeof(*rules.previous_redirects), compare_redirects);
	qsort(rules.relay_devices, rules.n_relay_devices, sizeof(*rules.relay_devices),
	      compare_ports);
	*ret = rules;
	*ret_memory = memory;
	return 0;
}

static void commit_firewall(struct manager *manager)
{
	struct firewall_rules rules;
	char *error_text = NULL;
	void *memory;
	int r;

	r = collect_rules(manager, &rules, &memory);
	if (r == 0) {
		r = collect_ttls(manager, &rules);
		if (r == 0)
			r = firewall_commit(manager->firewall, &rules, &error_text);
		free(rules.ttls);
		free(memory);
	}
	if (r == 0)
		manager->firewall_error[0] = '\0';
	else if (r == -EOPNOTSUPP)
		snprintf(
			manager->firewall_error, sizeof(manager->firewall_error),
			"the kernel has no nf_tables (CONFIG_NF_TABLES), by which several gateways share a host");
	else
		snprintf(manager->firewall_error, sizeof(manager->firewall_error),
			 "the nftables table cannot be made: %s", error_text ?: strerror(-r));
	free(error_text);
}

static const char *missing_queue(const struct manager *manager)
{
	if (!manager->queue)
		return manager->queue_error;
	return firewall_has_queue(manager->firewall)
		       ? NULL
		       : "the kernel has no nft_queue (CONFIG_NFT_QUEUE)";
}

/* What keeps a device from working before its interface is touched. */
static bool blocked(struct manager *manager, struct device *device)
{
	const struct config *config = device->config;

	if (config->mode == CONFIG_PROXY)
		return false;
	if (device->port == 0)
		device_set_state(device, DEVICE_FAILED,
				 "no free UDP port from %d on; give it a Port=", DEVICE_PORT_FIRST);
	else if (port_taken(manager, device, device->port))
		device_set_state(device, DEVICE_FAILED,
				 "UDP port %u belongs to another device; choose another Port=",
				 device->port);
	else if (manager->firewall_error[0] != '\0' && config->mode == CONFIG_GATEWAY)
		device_set_state(device, DEVICE_FAILED, "%s", manager->firewall_error);
	else if (device->queue_error && config->strict)
		device_set_state(device, DEVICE_FAILED, "OnFailure=drop, and no queue: %s",
				 device->queue_error);
	else
		return false;
	return true;
}

/* A Linux relay knows its gateways by their address alone (drivers/net/amt.c,
 * amt_request_handler()): of two that share one, the second gets no Query. */
static void warn_of_twin(struct manager *manager, struct device *device)
{
	for (size_t i = 0; i < manager->n_devices; i++) {
		const struct device *other = manager->devices[i];

		if (other == device || other->state != DEVICE_CONNECTED ||
		    other->local.s_addr != device->local.s_addr ||
		    other->relay.s_addr != device->relay.s_addr || device->relay.s_addr == 0)
			continue;
		device_set_state(
			device, DEVICE_DISCOVERING,
			"%s uses this relay from the same address, and a Linux relay serves one gateway an address; give this one a Local= of its own",
			other->config->name);
		return;
	}
}

static void on_leaving(struct device *device, void *userdata)
{
	teardown_leave(userdata, device->owner, device);
}

static void reconcile_one(struct manager *manager, struct device *device, struct teardown *teardown)
{
	bool had_queue_error = device->queue_error;
	int r;

	device->dirty = false;
	device->queue_error = missing_queue(manager);
	if (had_queue_error && !device->queue_error)
		failover_wake(device);
	if (blocked(manager, device))
		return;
	r = reconcile_device(device, manager->netlink, on_leaving, teardown);
	relay_follow(manager, device);
	if (device->state == DEVICE_DISCOVERING)
		warn_of_twin(manager, device);
	if (r != -EADDRINUSE)
		return;
	if (device->port_skip >= PORT_TRIALS) {
		device_set_state(device, DEVICE_FAILED,
				 "%d private UDP ports from %u on are all in use; give it a Port=",
				 PORT_TRIALS, device_private_port(device->config->name, 0));
		return;
	}
	device->port_skip++;
	device->port = 0;
	device->dirty = true;
}

static void watch_queue(struct manager *manager)
{
	if (!manager->queue && control_open(manager) == 0)
		log_notice(NULL, "the queue could be opened at last");
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *manager = userdata;

	watch_queue(manager);
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (device->state == DEVICE_FAILED || device->queue_error)
			device->dirty = true;
	}
	pass_run(manager);
	return 0;
}

static void arm_retry(struct manager *manager)
{
	bool wanted = !manager->queue || manager->firewall_error[0] != '\0';
	int r;

	for (size_t i = 0; i < manager->n_devices; i++)
		wanted = wanted || manager->devices[i]->state == DEVICE_FAILED ||
			 manager->devices[i]->queue_error;
	if (!wanted || (manager->retry && sd_event_source_get_enabled(manager->retry, NULL) > 0))
		return;
	if (!manager->retry) {
		r = sd_event_add_time_relative(manager->event, &manager->retry, CLOCK_MONOTONIC,
					       RETRY_USEC, 0, on_retry, manager);
		if (r < 0)
			log_error(NULL, "no timer to try again: %s", strerror(-r));
		return;
	}
	(void)sd_event_source_set_time_relative(manager->retry, RETRY_USEC);
	(void)sd_event_source_set_enabled(manager->retry, SD_EVENT_ONESHOT);
}

/* The firewall leads what the driver sends now to where it belongs. */
static void kick_all(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];
		const struct kick_target target = {
			.local = device->local,
			.port = device->port,
			.relay = device->relay,
			.relay_port = device->config->relay_port,
		};
		int r;

		if (!device->kick)
			continue;
		device->kick = false;
		if (!manager->kick || device->ifindex == 0 || device->relay.s_addr == 0)
			continue;
		r = kick_send(manager->kick, &target);
		if (r < 0)
			log_debug(device->config->name, "no kick: %s", strerror(-r));
	}
}

static int on_tidy(sd_event_source *source, uint64_t usec, void *userdata)
{
	malloc_trim(0);
	return 0;
}

/* libnftables and JSON of thousands of devices need many times what stays in use, in small pieces:
 * free() alone gives little of it back. */
void pass_tidy(struct manager *manager)
{
	int enabled = SD_EVENT_OFF;

	if (!manager->tidy) {
		(void)sd_event_add_time_relative(manager->event, &manager->tidy, CLOCK_MONOTONIC,
						 TIDY_USEC, 0, on_tidy, manager);
		return;
	}
	(void)sd_event_source_get_enabled(manager->tidy, &enabled);
	if (enabled != SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_time_relative(manager->tidy, TIDY_USEC);
	(void)sd_event_source_set_enabled(manager->tidy, SD_EVENT_ONESHOT);
}

void pass_run(struct manager *manager)
{
	struct teardown teardown = { 0 };
	bool again = true;

	for (int round = 0; again && round <= PORT_TRIALS; round++) {
		for (size_t i = 0; i < manager->n_devices; i++)
			choose_port(manager, manager->devices[i]);
		commit_firewall(manager);
		again = false;
		for (size_t i = 0; i < manager->n_devices; i++) {
			if (manager->devices[i]->dirty)
				reconcile_one(manager, manager->devices[i], &teardown);
			again = again || manager->devices[i]->dirty;
		}
	}
	teardown_end(&teardown);
	kick_all(manager);
	forward_run(manager);
	upstream_listener_run(manager);
	arm_retry(manager);
	pass_tidy(manager);
}

static int on_pass(sd_event_source *source, void *userdata)
{
	pass_run(userdata);
	return 0;
}

int pass_open(struct manager *manager)
{
	int r;

	r = sd_event_add_defer(manager->event, &manager->pass, on_pass, manager);
	if (r < 0)
		return r;
	/* After what else is ready now, so that one pass serves many events. */
	r = sd_event_source_set_priority(manager->pass, SD_EVENT_PRIORITY_IDLE);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(manager->pass, SD_EVENT_OFF);
}
