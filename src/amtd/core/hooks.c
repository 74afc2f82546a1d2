/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/hooks.h"

#include "amtd/core/manager.h"
#include "device/device.h"

#include <errno.h>
#include <stdlib.h>

/* Per device: a block for each wing, in the order of registration. */
struct wing_memory {
	const struct manager *manager;
	void *blocks[];
};

static size_t slot_of(const struct manager *manager, const struct wing *wing)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i] == wing)
			return i;
	abort(); /* a wing that was not registered */
}

void *wing_data(const struct device *device, const struct wing *wing)
{
	return device->wing_memory->blocks[slot_of(device->wing_memory->manager, wing)];
}

void *wing_state(const struct manager *manager, const struct wing *wing)
{
	return manager->wing_states[slot_of(manager, wing)];
}

void wing_set_state(struct manager *manager, const struct wing *wing, void *state)
{
	manager->wing_states[slot_of(manager, wing)] = state;
}

int hooks_open(struct manager *manager)
{
	int r = 0;

	for (size_t i = 0; i < manager->n_wings && r >= 0; i++) {
		manager->n_open = i + 1;
		if (manager->wings[i]->open)
			r = manager->wings[i]->open(manager);
	}
	return r;
}

void hooks_start(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->start)
			manager->wings[i]->start(manager);
}

void hooks_reload(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->reload)
			manager->wings[i]->reload(manager);
}

void hooks_stop(struct manager *manager)
{
	for (size_t i = manager->n_wings; i-- > 0;)
		if (manager->wings[i]->stop)
			manager->wings[i]->stop(manager);
}

void hooks_close(struct manager *manager)
{
	for (size_t i = manager->n_open; i-- > 0;)
		if (manager->wings[i]->close)
			manager->wings[i]->close(manager);
	manager->n_open = 0;
}

static void free_wing_memory(struct device *device, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(device->wing_memory->blocks[i]);
	free(device->wing_memory);
	device->wing_memory = NULL;
}

static int allocate_wing_memory(struct manager *manager, struct device *device)
{
	device->wing_memory =
		calloc(1, sizeof(*device->wing_memory) + manager->n_wings * sizeof(void *));
	if (!device->wing_memory)
		return -ENOMEM;
	device->wing_memory->manager = manager;
	for (size_t i = 0; i < manager->n_wings; i++) {
		if (manager->wings[i]->device_private_size == 0)
			continue;
		device->wing_memory->blocks[i] = calloc(1, manager->wings[i]->device_private_size);
		if (!device->wing_memory->blocks[i]) {
			free_wing_memory(device, i);
			return -ENOMEM;
		}
	}
	return 0;
}

/* The first n wings. */
static void remove_device(struct manager *manager, struct device *device, size_t n)
{
	for (size_t i = n; i-- > 0;)
		if (manager->wings[i]->device_removed)
			manager->wings[i]->device_removed(manager, device);
	free_wing_memory(device, manager->n_wings);
}

int hooks_device_added(struct manager *manager, struct device *device)
{
	int r;

	r = allocate_wing_memory(manager, device);
	if (r < 0)
		return r;
	for (size_t i = 0; i < manager->n_wings; i++) {
		r = manager->wings[i]->device_added
			    ? manager->wings[i]->device_added(manager, device)
			    : 0;
		if (r < 0) {
			remove_device(manager, device, i + 1);
			return r;
		}
	}
	return 0;
}

void hooks_device_configured(struct manager *manager, struct device *device,
			     const struct config *previous)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->device_configured)
			manager->wings[i]->device_configured(manager, device, previous);
}

void hooks_device_leaving(struct manager *manager, struct device *device)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->device_leaving)
			manager->wings[i]->device_leaving(manager, device);
}

void hooks_leaving_done(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->leaving_done)
			manager->wings[i]->leaving_done(manager);
}

void hooks_device_removed(struct manager *manager, struct device *device)
{
	remove_device(manager, device, manager->n_wings);
}

void hooks_devices_changed(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->devices_changed)
			manager->wings[i]->devices_changed(manager);
}

bool hooks_link_changed(struct manager *manager, const struct link_change *change)
{
	bool due = false;

	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->link_changed &&
		    manager->wings[i]->link_changed(manager, change))
			due = true;
	return due;
}

void hooks_reconciled(struct manager *manager, struct device *device)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->reconciled)
			manager->wings[i]->reconciled(manager, device);
}

void hooks_pass_done(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->pass_done)
			manager->wings[i]->pass_done(manager);
}

void hooks_settled(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->settled)
			manager->wings[i]->settled(manager);
}

void hooks_before_verdicts(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->before_verdicts)
			manager->wings[i]->before_verdicts(manager);
}

void hooks_packets_missed(struct manager *manager, const char *reason)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->packets_missed)
			manager->wings[i]->packets_missed(manager, reason);
}

const struct wing *hooks_packet_wing(const struct manager *manager, enum config_mode mode)
{
	for (size_t i = 0; i < manager->n_wings; i++)
		if (manager->wings[i]->takes_packets && manager->wings[i]->mode == mode)
			return manager->wings[i];
	return NULL;
}
