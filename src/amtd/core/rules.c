/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/rules.h"

#include "device/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int compare_ports(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static int compare_relays(const void *a, const void *b)
{
	return address_compare(a, b);
}

static int compare_ttls(const void *a, const void *b)
{
	const struct firewall_ttl *x = a, *y = b;

	return strcmp(x->interface, y->interface);
}

static struct firewall_redirect redirect_of(const struct device *device)
{
	const struct record *record = &device->record;

	return (struct firewall_redirect){
		.port = device->port,
		.relay = record->redirect,
		.discovery = record->discovery,
		.remote = address_is_set(&record->remote) ? record->remote : record->discovery,
	};
}

static struct firewall_redirect previous_of(const struct device *device)
{
	struct firewall_redirect previous = redirect_of(device);

	previous.relay = device->previous;
	return previous;
}

/* The driver's own relay needs no redirect. */
static bool has_previous(const struct device *device)
{
	const struct firewall_redirect redirect = redirect_of(device);

	return address_is_set(&device->previous) &&
	       !address_equal(&device->previous, &redirect.relay) &&
	       !address_equal(&device->previous, &redirect.remote);
}

static bool is_linux_relay(const struct device *device)
{
	return device->record.mld_linux && address_is_set(&device->record.mld_relay);
}

static void add_gateway(struct firewall_rules *rules, const struct device *device)
{
	rules->gateways[rules->n_gateways++] = (struct firewall_gateway){
		.port = device->port,
		.relay_port = device->config->relay_port,
		.strict = device->config->strict,
	};
	if (address_is_set(&device->record.redirect))
		rules->redirects[rules->n_redirects++] = redirect_of(device);
	if (has_previous(device))
		rules->previous_redirects[rules->n_previous_redirects++] = previous_of(device);
	if (is_linux_relay(device))
		rules->linux_relays[rules->n_linux_relays++] = device->record.mld_relay;
}

static void sort_relays(struct firewall_rules *rules)
{
	size_t kept = 0;

	if (rules->n_linux_relays == 0)
		return;
	qsort(rules->linux_relays, rules->n_linux_relays, sizeof(*rules->linux_relays),
	      compare_relays);
	for (size_t i = 1; i < rules->n_linux_relays; i++)
		if (compare_relays(&rules->linux_relays[kept], &rules->linux_relays[i]) != 0)
			rules->linux_relays[++kept] = rules->linux_relays[i];
	rules->n_linux_relays = kept + 1;
}

static int collect_devices(const struct ports *ports, struct device *const *devices, size_t n,
			   struct firewall_rules *rules)
{
	rules->gateways = calloc(n + 1, sizeof(*rules->gateways));
	rules->redirects = calloc(n + 1, sizeof(*rules->redirects));
	rules->previous_redirects = calloc(n + 1, sizeof(*rules->previous_redirects));
	rules->linux_relays = calloc(n + 1, sizeof(*rules->linux_relays));
	rules->relay_devices = calloc(n + 1, sizeof(*rules->relay_devices));
	if (!rules->gateways || !rules->redirects || !rules->previous_redirects ||
	    !rules->linux_relays || !rules->relay_devices)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct device *device = devices[i];

		if (device->port == 0 || device->port_busy ||
		    ports_taken(ports, device, device->port))
			continue;
		if (device->config->mode == CONFIG_RELAY)
			rules->relay_devices[rules->n_relay_devices++] = device->port;
		else
			add_gateway(rules, device);
	}
	qsort(rules->gateways, rules->n_gateways, sizeof(*rules->gateways), compare_gateways);
	qsort(rules->redirects, rules->n_redirects, sizeof(*rules->redirects), compare_redirects);
	qsort(rules->previous_redirects, rules->n_previous_redirects,
	      sizeof(*rules->previous_redirects), compare_redirects);
	qsort(rules->relay_devices, rules->n_relay_devices, sizeof(*rules->relay_devices),
	      compare_ports);
	sort_relays(rules);
	return 0;
}

static void add_ttl(struct firewall_rules *rules, const char *interface, uint32_t ttl)
{
	struct firewall_ttl *slot = &rules->ttls[rules->n_ttls++];

	strcpy(slot->interface, interface);
	slot->ttl = ttl;
}

/* An upstream interface of several devices gets the highest TTL=. */
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
static int collect_ttls(struct device *const *devices, size_t n, struct firewall_rules *rules)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++)
		if (devices[i]->config->forward.ttl > 0)
			most += devices[i]->config->forward.n_upstreams + 1;
	if (most == 0)
		return 0;
	rules->ttls = calloc(most, sizeof(*rules->ttls));
	if (!rules->ttls)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct config_forward *forward = &devices[i]->config->forward;

		if (forward->ttl == 0)
			continue;
		for (size_t j = 0; j < forward->n_upstreams; j++)
			add_ttl(rules, forward->upstreams[j].name, forward->ttl);
		if (forward->backup_upstream[0] != '\0')
			add_ttl(rules, forward->backup_upstream, forward->ttl);
	}
	merge_ttls(rules);
	return 0;
}

int rules_build(const struct ports *ports, struct device *const *devices, size_t n,
		struct firewall_rules *ret)
{
	int r;

	*ret = (struct firewall_rules){ 0 };
	r = collect_devices(ports, devices, n, ret);
	if (r == 0)
		r = collect_ttls(devices, n, ret);
	if (r < 0)
		rules_clear(ret);
	return r;
}

void rules_clear(struct firewall_rules *rules)
{
	free(rules->gateways);
	free(rules->redirects);
	free(rules->previous_redirects);
	free(rules->linux_relays);
	free(rules->relay_devices);
	free(rules->ttls);
	*rules = (struct firewall_rules){ 0 };
}
