/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that go, and those that went to another relay: the relay that is left is told.
 */
#include "amtd/core/manager-private.h"
#include "base/log.h"
#include "device/reconcile.h"
#include "kernel/datagram.h"
#include "kernel/groups.h"
#include "kernel/linklocal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Relays that were left by many in the same moment hear of all of them together: what is joined is
 * read once. */
#define BATCH_USEC (100 * 1000ULL)

/* A group that is joined on an interface, or an address of its own. */
struct teardown_entry {
	char device[IFNAMSIZ];
	struct address address;
};

static bool is_group(const struct address *address)
{
	return address->family == AF_INET || IN6_IS_ADDR_MULTICAST(&address->in6);
}

static void collect(const char *device, const struct address *address, void *userdata)
{
	struct teardown *teardown = userdata;
	struct teardown_entry *entries = teardown->entries;

	if (teardown->n == teardown->size) {
		size_t size = teardown->size > 0 ? 2 * teardown->size : 64;

		entries = reallocarray(entries, size, sizeof(*entries));
		if (!entries)
			return; /* the relay finds out by itself, minutes later */
		teardown->entries = entries;
		teardown->size = size;
	}
	entries[teardown->n] = (struct teardown_entry){ .address = *address };
	strncpy(entries[teardown->n].device, device, IFNAMSIZ - 1);
	teardown->n++;
}

static int compare(const void *a, const void *b)
{
	const struct teardown_entry *x = a, *y = b;

	return strcmp(x->device, y->device);
}

static bool collect_group(const char *device, const struct address *group, void *userdata)
{
	collect(device, group, userdata);
	return true;
}

/* Once for all devices that go: what is joined can only be read for all interfaces together. */
static void open_teardown(struct teardown *teardown)
{
	int r;

	if (teardown->open)
		return;
	teardown->open = true;
	r = groups_list(collect_group, teardown);
	if (r >= 0)
		r = linklocal_list(collect, teardown);
	if (r < 0)
		log_warning(NULL, "what is joined cannot be read: %s; relays send on for minutes",
			    strerror(-r));
	if (teardown->n > 0)
		qsort(teardown->entries, teardown->n, sizeof(*teardown->entries), compare);
	r = datagram_open(&teardown->datagram);
	if (r < 0)
		log_warning(NULL,
			    "no raw socket: %s; relays send on for minutes; amtd needs CAP_NET_RAW",
			    strerror(-r));
}

void teardown_end(struct teardown *teardown)
{
	free(teardown->entries);
	datagram_close(teardown->datagram);
	*teardown = (struct teardown){ 0 };
}

/* The entries of a device stand together; the first one. */
static size_t first_of(const struct teardown *teardown, const char *device)
{
	size_t low = 0, high = teardown->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(teardown->entries[middle].device, device) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Fills in groups and source6. The groups are to be freed. Of two link-local addresses the kernel
 * uses the older one, which is not amtd's. */
static struct address *find_groups(const struct teardown *teardown, const char *device,
				   struct leave *leave)
{
	const struct in6_addr host = LEAVE_HOST;
	size_t first = first_of(teardown, device), end = first;
	struct address *groups;

	while (end < teardown->n && strcmp(teardown->entries[end].device, device) == 0)
		end++;
	groups = calloc(end - first + 1, sizeof(*groups));
	for (size_t i = first; groups && i < end; i++) {
		const struct address *address = &teardown->entries[i].address;

		if (is_group(address))
			groups[leave->n_groups++] = *address;
		else if (IN6_IS_ADDR_UNSPECIFIED(&leave->source6) ||
			 !IN6_ARE_ADDR_EQUAL(&address->in6, &host))
			leave->source6 = address->in6;
	}
	leave->groups = groups;
	return groups;
}

struct way {
	struct datagram *datagram;
	struct datagram_path path;
};

static int send_message(const void *message, size_t length, void *userdata)
{
	struct way *way = userdata;

	return datagram_send(way->datagram, &way->path, message, length);
}

static bool is_gateway(const struct device *device)
{
	return device->config->mode == CONFIG_GATEWAY && device->ifindex != 0 &&
	       device->ifindex == device->record.ifindex;
}

/* The port is the interface's: the device may have been given another one by now. */
static void send_teardown(struct teardown *teardown, struct manager *manager, struct device *device,
			  struct in_addr relay, const struct leave_tickets *tickets)
{
	struct way way = {
		.path = {
			.local = device->local,
			.port = device->record.port != 0 ? device->record.port : device->port,
			.remote = relay,
			.remote_port = device->config->relay_port,
		},
	};
	struct leave leave = {
		.tickets = tickets,
		.source = device->record.address,
	};
	char text[INET_ADDRSTRLEN];
	struct address *groups;
	struct link link;
	int r;

	if (relay.s_addr == 0 || !(tickets->igmp.known || tickets->mld.known) ||
	    link_get(manager->netlink, device->config->name, &link) < 0)
		return;
	open_teardown(teardown);
	if (!teardown->datagram)
		return;
	way.datagram = teardown->datagram;
	leave.mtu = link.mtu;
	groups = find_groups(teardown, device->config->name, &leave);
	r = leave_messages(&leave, send_message, &way);
	if (r < 0)
		log_warning(device->config->name,
			    "its relay cannot be told that it goes, and sends on for minutes: %s",
			    strerror(-r));
	else
		log_debug(device->config->name, "%zu groups left at %s", leave.n_groups,
			  inet_ntop(AF_INET, &relay, text, sizeof(text)));
	free(groups);
}

/* An adopted device stays, and its driver with the relay. */
void teardown_leave(struct teardown *teardown, struct manager *manager, struct device *device)
{
	if (!is_gateway(device) || !device->record.created)
		return;
	send_teardown(teardown, manager, device, device->relay, &device->tickets);
	send_teardown(teardown, manager, device, device->left, &device->left_tickets);
}

int teardown_remove(struct teardown *teardown, struct manager *manager, struct device *device)
{
	teardown_leave(teardown, manager, device);
	return reconcile_remove(device->config->name, &device->record, manager->netlink);
}

static int on_left(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct teardown teardown = { 0 };
	struct manager *manager = userdata;

	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (!device->left_due)
			continue;
		device->left_due = false;
		if (is_gateway(device))
			send_teardown(&teardown, manager, device, device->left,
				      &device->left_tickets);
		device->left.s_addr = 0;
	}
	teardown_end(&teardown);
	return 0;
}

void teardown_left(struct manager *manager, struct device *device)
{
	int enabled = SD_EVENT_OFF;

	if (device->left.s_addr == 0)
		return;
	device->left_due = true;
	if (!manager->left) {
		(void)sd_event_add_time_relative(manager->event, &manager->left, CLOCK_MONOTONIC,
						 BATCH_USEC, 0, on_left, manager);
		return;
	}
	(void)sd_event_source_get_enabled(manager->left, &enabled);
	if (enabled != SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_time_relative(manager->left, BATCH_USEC);
	(void)sd_event_source_set_enabled(manager->left, SD_EVENT_ONESHOT);
}
