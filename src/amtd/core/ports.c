/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/ports.h"

#include "device/device.h"
#include "kernel/local-ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 65,536 ports in pages, allocated when one of their ports is first used. */
#define PAGE_BITS 8
#define PAGE_SIZE (1 << PAGE_BITS)
#define PAGES	  ((UINT16_MAX + 1) / PAGE_SIZE)

/* Names of gateways that went, whose ports are remembered. */
#define FORMER_MAX 256

/* Draws until one hits, before all ports are tried in turn: with PORTS_ROOM_MIN of 64,512 one in
 * 10^7 is in vain. */
#define DRAWS 4096

struct former {
	char name[IFNAMSIZ];
	uint16_t port;
};

struct ports {
	struct device **pages[PAGES];	  /* heads of lists, chained by port_peer */
	unsigned int n_claimed;		  /* devices */
	struct former former[FORMER_MAX]; /* a ring */
	unsigned int n_former;
};

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
	ports->n_claimed++;
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
	ports->n_claimed--;
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

void ports_remember(struct ports *ports, const struct device *device)
{
	struct former *former;

	if (device->config->mode != CONFIG_GATEWAY || device->config->port != 0 ||
	    device->port == 0)
		return;
	former = &ports->former[ports->n_former % FORMER_MAX];
	strcpy(former->name, device->config->name);
	former->port = device->port;
	ports->n_former++;
}

uint16_t ports_remembered(const struct ports *ports, const char *name)
{
	for (unsigned int i = ports->n_former; i > 0 && ports->n_former - i < FORMER_MAX; i--) {
		const struct former *former = &ports->former[(i - 1) % FORMER_MAX];

		if (strcmp(former->name, name) == 0)
			return former->port;
	}
	return 0;
}

bool ports_have_room(const struct ports *ports, const struct local_ports *local)
{
	return local->n_lasting >= ports->n_claimed + PORTS_ROOM_MIN;
}

uint16_t ports_draw(const struct ports *ports, const struct local_ports *local,
		    bool (*is_bound)(uint16_t port))
{
	bool ephemeral = !ports_have_room(ports, local);
	uint32_t drawn = 0;

	for (unsigned int i = 0; i < DRAWS + LOCAL_PORTS_COUNT; i++) {
		uint16_t port;

		drawn = i < DRAWS ? arc4random_uniform(LOCAL_PORTS_COUNT)
				  : (drawn + 1) % LOCAL_PORTS_COUNT;
		port = LOCAL_PORTS_FIRST + drawn;
		if (local_ports_usable(local, port, ephemeral) && !ports_device(ports, port) &&
		    !is_bound(port))
			return port;
	}
	return 0;
}
