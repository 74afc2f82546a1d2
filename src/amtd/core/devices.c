/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/devices.h"

#include "amtd/core/failure.h"
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/core/ports.h"
#include "device/device.h"
#include "device/event.h"
#include "device/reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Position of name in the sorted array, or where it belongs. */
static size_t position(const struct manager *manager, const char *name)
{
	size_t low = 0, high = manager->n_devices;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(manager->devices[middle]->config->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct device *devices_find(const struct manager *manager, const char *name)
{
	size_t i = position(manager, name);

	if (i < manager->n_devices && strcmp(manager->devices[i]->config->name, name) == 0)
		return manager->devices[i];
	return NULL;
}

int devices_add(struct manager *manager, struct config *config, struct device **ret)
{
	struct device **devices, *device;
	size_t i;
	int r;

	devices = reallocarray(manager->devices, manager->n_devices + 1, sizeof(*devices));
	if (!devices)
		return -ENOMEM;
	manager->devices = devices;

	r = device_new(config, &device);
	if (r < 0)
		return r;
	r = hooks_device_added(manager, device);
	if (r < 0) {
		device->config = NULL; /* the caller's still */
		device_free(device);
		return r;
	}
	i = position(manager, config->name);
	memmove(&devices[i + 1], &devices[i], (manager->n_devices - i) * sizeof(*devices));
	devices[i] = device;
	manager->n_devices++;
	event_emit(&(struct event){ .kind = EVENT_CREATED, .device = device });
	*ret = device;
	return 0;
}

void devices_configure(struct manager *manager, struct device *device, struct config *config)
{
	struct config *previous = device->config;

	device_set_config(device, config);
	hooks_device_configured(manager, device, previous);
	config_free(previous);
}

int devices_remove_interface(struct manager *manager, struct device *device)
{
	hooks_device_leaving(manager, device);
	return reconcile_remove(device->config->name, &device->record, manager->netlink);
}

void devices_forget(struct manager *manager, struct device *device)
{
	size_t i = position(manager, device->config->name);

	memmove(&manager->devices[i], &manager->devices[i + 1],
		(manager->n_devices - i - 1) * sizeof(*manager->devices));
	manager->n_devices--;
	ports_release(manager->ports, device);
	hooks_device_removed(manager, device);
	event_emit(&(struct event){ .kind = EVENT_REMOVED, .device = device });
	device_free(device);
}

int devices_missing(const struct manager *manager, struct failure *failure)
{
	return failure_set(failure, FAILURE_NO_DEVICE,
			   "there is no device of this name; `amtctl list` shows the %zu there are",
			   manager->n_devices);
}
