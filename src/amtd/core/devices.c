/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/devices.h"

#include "amtd/core/failure.h"
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/core/ports.h"
#include "base/array.h"
#include "device/device.h"
#include "device/event.h"
#include "device/reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int order_by_name(const void *element, const void *key)
{
	const struct device *const *device = element;
	return strcmp((*device)->config->name, key);
} /* Position of name in the sorted array, or where it belongs. */
static size_t position(const struct manager *manager, const char *name)
{
	return array_search(manager->devices, manager->n_devices, sizeof(*manager->devices), name,
			    order_by_name);
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
	struct device *device;
	size_t i;
	int r;

	if (!GROW(manager->devices, manager->n_devices, manager->devices_size))
		return -ENOMEM;

	r = device_new(config, &device);
	if (r < 0)
		return r;
	r = hooks_device_added(manager, device);
	if (r < 0) {
		device->config = NULL; /* the caller keeps it */
		device_free(device);
		return r;
	}
	i = position(manager, config->name);
	array_open(manager->devices, manager->n_devices, sizeof(*manager->devices), i);
	manager->devices[i] = device;
	manager->n_devices++;
	event_emit(&(struct event){ .kind = EVENT_CREATED, .device = device });
	*ret = device;
	return 0;
}

void devices_configure(struct manager *manager, struct device *device, struct config *config)
{
	struct config *previous = device->config;

	if (previous->port != config->port)
		ports_remember(manager->ports, device); /* it may come back to the drawn one */
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

	array_close(manager->devices, manager->n_devices, sizeof(*manager->devices), i);
	manager->n_devices--;
	ports_remember(manager->ports, device);
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
