/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/channels/channels.h"
#include "amtd/core/manager-private.h"
#include "amtd/forward/upstream-listener.h"
#include "base/file.h"
#include "base/log.h"
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

struct device *manager_find(const struct manager *manager, const char *name)
{
	size_t i = position(manager, name);

	if (i < manager->n_devices && strcmp(manager->devices[i]->config->name, name) == 0)
		return manager->devices[i];
	return NULL;
}

int manager_add(struct manager *manager, struct config *config, struct device **ret)
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
	r = control_watch(manager, device);
	if (r >= 0)
		r = failover_watch(manager, device);
	if (r < 0) {
		device->config = NULL; /* the caller's still */
		failover_unwatch(device);
		control_unwatch(device);
		device_free(device);
		return r;
	}
	i = position(manager, config->name);
	memmove(&devices[i + 1], &devices[i], (manager->n_devices - i) * sizeof(*devices));
	devices[i] = device;
	manager->n_devices++;
	*ret = device;
	return 0;
}

void manager_forget(struct manager *manager, struct device *device)
{
	size_t i = position(manager, device->config->name);

	memmove(&manager->devices[i], &manager->devices[i + 1],
		(manager->n_devices - i - 1) * sizeof(*manager->devices));
	manager->n_devices--;
	if (manager->by_port[device->port] == device)
		manager->by_port[device->port] = NULL;
	upstream_listener_stop(device);
	forward_stop(device);
	relay_stop(device);
	failover_unwatch(device);
	control_unwatch(device);
	device_free(device);
}

/* Is an event about this interface news to the device? */
static bool concerns(const struct device *device, enum monitor_event event, int ifindex,
		     const char *name)
{
	switch (event) {
	case MONITOR_LINK:
		return ifindex == device->ifindex || ifindex == device->lower ||
		       strcmp(name, device->config->name) == 0 ||
		       strcmp(name, device->config->link) == 0;
	case MONITOR_INET:
		/* Its own address may be taken away; any other route may be the one to the relay.
		 */
		return ifindex == 0 || ifindex == device->lower || ifindex == device->ifindex ||
		       device->state == DEVICE_WAITING;
	case MONITOR_LOST:
		return true;
	}
	return false;
}

static void on_change(enum monitor_event event, int ifindex, const char *name, void *userdata)
{
	struct manager *manager = userdata;
	bool any = false;

	channels_link(manager, event, ifindex, name);
	if (event == MONITOR_LOST)
		log_debug(NULL, "events of the kernel were lost: looking at everything");
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		any = forward_notice(device, ifindex, name) || any;
		any = upstream_listener_notice(device, ifindex, name) || any;
		if (device->dirty || !concerns(device, event, ifindex, name))
			continue;
		device->dirty = true;
		any = true;
	}
	if (any)
		pass_schedule(manager);
}

static int on_monitor(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;

	if (monitor_dispatch(manager->monitor) < 0)
		log_error(NULL, "reading rtnetlink's events failed");
	return 0;
}

static int on_firewall(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;

	if (firewall_dispatch(manager->firewall) <= 0)
		return 0;
	log_notice(NULL, "somebody removed the nftables table 'ip amtd': made anew");
	pass_schedule(manager);
	return 0;
}

int manager_new(sd_event *event, uint16_t queue_base, struct manager **ret)
{
	struct manager *manager;
	int r;

	manager = calloc(1, sizeof(*manager));
	if (!manager)
		return -ENOMEM;
	manager->event = sd_event_ref(event);
	manager->queue_base = queue_base;

	r = netlink_open(&manager->netlink);
	if (r < 0)
		goto fail;
	r = monitor_open(on_change, manager, &manager->monitor);
	if (r < 0)
		goto fail;
	r = sd_event_add_io(event, &manager->monitor_source, monitor_fd(manager->monitor), EPOLLIN,
			    on_monitor, manager);
	if (r < 0)
		goto fail;
	r = firewall_new(queue_base, &manager->firewall);
	if (r < 0)
		goto fail;
	r = sd_event_add_io(event, &manager->firewall_source, firewall_fd(manager->firewall),
			    EPOLLIN, on_firewall, manager);
	if (r < 0)
		goto fail;
	r = pass_open(manager);
	if (r < 0)
		goto fail;
	r = failover_open(manager);
	if (r < 0)
		goto fail;
	r = liveness_open(manager);
	if (r < 0)
		goto fail;
	r = keep_open(manager);
	if (r < 0)
		goto fail;
	r = channels_open(manager);
	if (r < 0)
		goto fail;
	*ret = manager;
	return 0;

fail:
	manager_free(manager);
	return r;
}

void manager_free(struct manager *manager)
{
	if (!manager)
		return;
	keep_release(manager);
	while (manager->n_devices > 0)
		manager_forget(manager, manager->devices[manager->n_devices - 1]);
	free(manager->devices);
	sd_event_source_disable_unref(manager->pass);
	sd_event_source_disable_unref(manager->retry);
	sd_event_source_disable_unref(manager->tidy);
	sd_event_source_disable_unref(manager->left);
	sd_event_source_disable_unref(manager->monitor_source);
	sd_event_source_disable_unref(manager->firewall_source);
	sd_event_source_disable_unref(manager->queue_source);
	channels_close(manager);
	keep_close(manager);
	liveness_close(manager);
	failover_close(manager);
	queue_close(manager->queue);
	firewall_free(manager->firewall);
	monitor_close(manager->monitor);
	netlink_close(manager->netlink);
	sd_event_unref(manager->event);
	free(manager);
}

/* Devices of a former amtd whose files went while none ran. */
static void remove_orphans(struct manager *manager)
{
	char **names;
	size_t n;

	if (record_list(&names, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct record record;

		if (manager_find(manager, names[i])) {
			/* it has its file */
		} else if (manager->broken > 0) {
			log_warning(
				names[i],
				"left as it is: a device file is broken, perhaps its own; mend it and restart amtd");
		} else if (record_load(names[i], &record) == 0) {
			log_notice(names[i], "its file is gone: removed");
			if (reconcile_remove(names[i], &record, manager->netlink) < 0)
				log_error(names[i], "cannot be removed: %s",
					  netlink_error_text(manager->netlink));
			record_clear(&record);
		}
		free(names[i]);
	}
	free(names);
}

int manager_start(struct manager *manager)
{
	char path[PATH_MAX];
	int r;

	r = file_path(path, "/run/amt/state");
	if (r == 0)
		r = file_make_directory(path, 0700);
	if (r < 0) {
		log_error(path, "cannot be made: %s; amtd needs a writable /run", strerror(-r));
		return r;
	}
	r = manager_load(manager);
	if (r < 0)
		return r;
	remove_orphans(manager);
	if (control_open(manager) < 0)
		log_error(
			NULL,
			"%s; devices work, but Advertisements are not rewritten and Queries not seen",
			manager->queue_error);
	pass_run(manager);
	if (manager->queue && !firewall_has_queue(manager->firewall))
		log_error(
			NULL,
			"the kernel has no nft_queue (CONFIG_NFT_QUEUE); devices work, but Advertisements are not rewritten and Queries not seen");
	channels_start(manager);
	return 0;
}

void manager_stop(struct manager *manager)
{
	struct teardown teardown = { 0 };
	char *error_text = NULL;
	bool kept = false;

	channels_stop(manager);
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (device->config->keep) {
			kept = kept || device->ifindex != 0;
			if (device->ifindex != 0)
				log_info(device->config->name,
					 "left as it is (KeepConfiguration=yes)");
			continue;
		}
		if (teardown_remove(&teardown, manager, device) < 0)
			log_error(device->config->name, "cannot be removed: %s",
				  netlink_error_text(manager->netlink));
		else
			log_info(device->config->name, "removed (KeepConfiguration=no)");
	}
	teardown_end(&teardown);
	if (kept) {
		log_info(NULL, "left the nftables table 'ip amtd': the devices left need it");
		return;
	}
	if (firewall_remove(manager->firewall, &error_text) < 0)
		log_error(NULL, "the nftables table 'ip amtd' cannot be removed: %s",
			  error_text ?: "");
	free(error_text);
}
