/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/ports.h"

#include "device/device.h"

#include <errno.h>
#include <stdlib.h>

/* 65,536 ports in pages, allocated when one of their ports is first used. */
#define PAGE_BITS 8
#define PAGE_SIZE (1 << PAGE_BITS)
#define PAGES	  ((UINT16_MAX + 1) / PAGE_SIZE)

struct ports {
	struct device **pages[PAGES]; /* heads of lists, chained by port_peer */
	unsigned int n_private;	      /* ports of the private range in use */
};

static bool is_private(uint16_t port)
{
	return port >= DEVICE_PORT_FIRST && port < DEVICE_PORT_FIRST + DEVICE_PORT_COUNT;
}

static struct device **head_of(const struct ports *ports, uint16_t port)
{
	struct device **page = ports->pages[port >> PAGE_BITS];

	return page ? &page[port % PAGE_SIZE] : NULL;
}

int ports_new(struct ports **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void ports_free(struct ports *ports)
{
	if (!ports)
		return;
	for (size_t i = 0; i < PAGES; i++)
		free(ports->pages[i]);
	free(ports);
}

int ports_claim(struct ports *ports, struct device *device)
{
	struct device ***page = &ports->pages[device->port >> PAGE_BITS];
	struct device **head;

	if (device->port_claimed == device->port)
		return 0;
	ports_release(ports, device);
	if (device->port == 0)
		return 0;
	if (!*page)
		*page = calloc(PAGE_SIZE, sizeof(**page));
	if (!*page)
		return -ENOMEM;
	head = head_of(ports, device->port);
	if (!*head && is_private(device->port))
		ports->n_private++;
	device->port_peer = *head;
	device->port_claimed = device->port;
	*head = device;
	return 0;
}

void ports_release(struct ports *ports, struct device *device)
{
	struct device **head, **link;

	if (device->port_claimed == 0)
		return;
	head = head_of(ports, device->port_claimed);
	for (link = head; *link != device; link = &(*link)->port_peer)
		;
	*link = device->port_peer;
	if (!*head && is_private(device->port_claimed))
		ports->n_private--;
	device->port_peer = NULL;
	device->port_claimed = 0;
}

struct device *ports_device(const struct ports *ports, uint16_t port)
{
	struct device **head = head_of(ports, port);

	return head ? *head : NULL;
}

bool ports_taken(const struct ports *ports, const struct device *device, uint16_t port)
{
	const struct device *first = ports_device(ports, port);

	return first && (first != device || first->port_peer);
}

uint16_t ports_private(const struct ports *ports, struct device *device)
{
	if (ports->n_private == DEVICE_PORT_COUNT)
		return 0;
	for (unsigned int n = device->port_skip; n < DEVICE_PORT_COUNT; n++) {
		uint16_t port = device_private_port(device->config->name, n);

		if (ports_taken(ports, device, port))
			continue;
		device->port_skip = n;
		return port;
	}
	return 0;
}
