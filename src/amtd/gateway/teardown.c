/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/teardown.h"

#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "kernel/datagram.h"
#include "kernel/groups.h"
#include "kernel/inet.h"
#include "kernel/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Batches gateways that leave relays at the same moment: memberships are read once. */
#define BATCH_USEC (100 * 1000ULL)

/* A group joined on an interface, or one of its addresses. */
struct teardown_entry {
	char device[IFNAMSIZ];
	struct address address;
};

struct teardown {
	bool open;
	struct datagram *datagram;
	struct teardown_entry *entries; /* sorted by device */
	size_t n, size;
	sd_event_source *batch;
};

static bool is_group(const struct address *address)
{
	return address->family == AF_INET || IN6_IS_ADDR_MULTICAST(&address->in6);
}

static void collect_address(const char *device, const struct address *address, void *userdata)
{
	struct teardown *teardown = userdata;
	struct teardown_entry *entry;

	if (!GROW(teardown->entries, teardown->n, teardown->size))
		return; /* the relay expires it, minutes later */
	entry = &teardown->entries[teardown->n++];
	*entry = (struct teardown_entry){ .address = *address };
	snprintf(entry->device, sizeof(entry->device), "%s", device);
}

static int compare_entries(const void *a, const void *b)
{
	const struct teardown_entry *x = a, *y = b;

	return strcmp(x->device, y->device);
}

static void collect_source(int ifindex, const struct address *address, void *userdata)
{
	char device[IFNAMSIZ];

	if (if_indextoname(ifindex, device))
		collect_address(device, address, userdata);
}

static bool collect_group(const char *device, const struct address *group, void *userdata)
{
	collect_address(device, group, userdata);
	return true;
}

/* Once for all devices that are removed: memberships can only be read for all interfaces
 * together. */
static void open_teardown(struct teardown *teardown, struct netlink *netlink)
{
	int r;

	if (teardown->open)
		return;
	teardown->open = true;
	r = groups_list(collect_group, teardown);
	if (r >= 0)
		r = inet_link_local(netlink, collect_source, teardown);
	if (r < 0)
		log_warning(NULL, "cannot read memberships: %s; relays keep sending for minutes",
			    strerror(-r));
	if (teardown->n > 0)
		qsort(teardown->entries, teardown->n, sizeof(*teardown->entries), compare_entries);
	r = datagram_open(&teardown->datagram);
	if (r < 0)
		log_warning(
			NULL,
			"no raw socket: %s; relays keep sending for minutes; amtd needs CAP_NET_RAW",
			strerror(-r));
}

void teardown_end(struct gateways *gateways)
{
	struct teardown *teardown = gateways->teardown;

	if (!teardown->open)
		return;
	free(teardown->entries);
	datagram_close(teardown->datagram);
	*teardown = (struct teardown){ .batch = teardown->batch };
}

static int order_by_device(const void *element, const void *key)
{
	return strcmp(((const struct teardown_entry *)element)->device, key);
}

/* Fills in groups and source6: what is joined and what was lately. The groups are to be freed. Of
 * two link-local addresses the kernel uses the older one, which is not amtd's. */
static struct address *find_groups(const struct teardown *teardown, struct gateway *gateway,
				   struct leave *leave)
{
	const struct in6_addr host = LEAVE_HOST;
	const char *device = gateway->device->config->name;
	const usec_t now = clock_monotonic();
	struct joined *joined = &gateway->joined;
	struct address *groups;

	for (size_t i = array_search(teardown->entries, teardown->n, sizeof(*teardown->entries),
				     device, order_by_device);
	     i < teardown->n && strcmp(teardown->entries[i].device, device) == 0; i++) {
		const struct address *address = &teardown->entries[i].address;

		if (is_group(address))
			joined_note(joined, address, now);
		else if (IN6_IS_ADDR_UNSPECIFIED(&leave->source6) ||
			 !IN6_ARE_ADDR_EQUAL(&address->in6, &host))
			leave->source6 = address->in6;
	}
	joined_expire(joined, now);
	groups = calloc(joined->n + 1, sizeof(*groups));
	for (size_t i = 0; groups && i < joined->n; i++)
		groups[leave->n_groups++] = joined->groups[i].group;
	leave->groups = groups;
	return groups;
}

struct tunnel_path {
	struct datagram *datagram;
	struct datagram_path path;
};

static int send_message(const void *message, size_t length, void *userdata)
{
	struct tunnel_path *path = userdata;

	return datagram_send(path->datagram, &path->path, message, length);
}

static bool has_tunnel(const struct device *device)
{
	return device->config->mode == CONFIG_GATEWAY && device->ifindex != 0 &&
	       device->ifindex == device->record.ifindex;
}

/* The port of the interface: the device may have another one by now. */
static struct datagram_path path_to(const struct device *device, struct address relay)
{
	return (struct datagram_path){
		.local = device->local,
		.port = device->record.port != 0 ? device->record.port : device->port,
		.remote = relay,
		.remote_port = device->config->relay_port,
	};
}

static void send_teardown(struct gateway *gateway, struct address relay,
			  const struct leave_tickets *tickets)
{
	const struct device *device = gateway->device;
	struct teardown *teardown = gateway->gateways->teardown;
	struct tunnel_path path = { .path = path_to(device, relay) };
	struct leave leave = { .tickets = tickets, .source = device->record.address.in };
	char text[ADDRESS_TEXT_MAX];
	struct address *groups;
	struct link link;
	int r;

	if (!address_is_set(&relay) || !(tickets->igmp.known || tickets->mld.known) ||
	    link_get(gateway->manager->netlink, device->config->name, &link) < 0)
		return;
	open_teardown(teardown, gateway->manager->netlink);
	if (!teardown->datagram)
		return;
	path.datagram = teardown->datagram;
	leave.mtu = link.mtu;
	groups = find_groups(teardown, gateway, &leave);
	r = leave_messages(&leave, send_message, &path);
	if (r < 0)
		log_warning(device->config->name,
			    "cannot send a Teardown, the relay keeps sending for minutes: %s",
			    strerror(-r));
	else
		log_debug(device->config->name, "%zu groups left at %s", leave.n_groups,
			  address_format(&relay, text));
	free(groups);
}

/* An adopted device stays, and so does its tunnel. */
void teardown_leave(struct gateway *gateway)
{
	if (!has_tunnel(gateway->device) || !gateway->device->record.created)
		return;
	send_teardown(gateway, gateway->device->relay, &gateway->tickets);
	send_teardown(gateway, gateway->left, &gateway->left_tickets);
}

static int on_batch(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct gateways *gateways = userdata;
	const struct manager *manager = gateways->manager;

	for (size_t i = 0; i < manager->n_devices; i++) {
		struct gateway *gateway = wing_data(manager->devices[i], gateways->wing);

		if (!gateway->left_due)
			continue;
		gateway->left_due = false;
		if (has_tunnel(gateway->device))
			send_teardown(gateway, gateway->left, &gateway->left_tickets);
		gateway->left = (struct address){ 0 };
	}
	teardown_end(gateways);
	return 0;
}

void teardown_previous(struct gateway *gateway)
{
	if (!address_is_set(&gateway->left))
		return;
	gateway->left_due = true;
	timer_ensure(gateway->gateways->teardown->batch, BATCH_USEC);
}

int teardown_open(struct gateways *gateways)
{
	gateways->teardown = calloc(1, sizeof(*gateways->teardown));
	if (!gateways->teardown)
		return -ENOMEM;
	return timer_add(gateways->manager->event, &gateways->teardown->batch, TIMER_COARSE,
			 on_batch, gateways);
}

void teardown_close(struct gateways *gateways)
{
	if (!gateways->teardown)
		return;
	teardown_end(gateways);
	sd_event_source_disable_unref(gateways->teardown->batch);
	free(gateways->teardown);
	gateways->teardown = NULL;
}
