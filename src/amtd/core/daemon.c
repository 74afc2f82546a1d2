/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/daemon.h"

#include "amtd/core/control.h"
#include "amtd/core/devices.h"
#include "amtd/core/hooks.h"
#include "amtd/core/keep.h"
#include "amtd/core/load.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "amtd/core/ports.h"
#include "amtd/core/resolvers.h"
#include "base/file.h"
#include "base/log.h"
#include "device/device.h"
#include "device/reconcile.h"
#include "kernel/netlink.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Does an event of this interface affect the device? */
static bool affects(const struct device *device, enum monitor_event event, int ifindex,
		    const char *name)
{
	switch (event) {
	case MONITOR_LINK:
		return ifindex == device->ifindex || ifindex == device->lower ||
		       strcmp(name, device->config->name) == 0 ||
		       strcmp(name, device->config->link) == 0;
	case MONITOR_INET:
		/* Its own address may be gone; any other route may be the one to the relay. */
		return ifindex == 0 || ifindex == device->lower || ifindex == device->ifindex ||
		       device->state == DEVICE_WAITING;
	case MONITOR_LOST:
		return true;
	}
	return false;
}

static void on_change(enum monitor_event event, int ifindex, const char *name, void *userdata)
{
	const struct link_change change = { .event = event, .ifindex = ifindex, .name = name };
	struct manager *manager = userdata;
	bool due;

	if (event == MONITOR_LOST)
		log_debug(NULL, "netlink events lost, resynchronizing");
	due = hooks_link_changed(manager, &change);
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (device->dirty || !affects(device, event, ifindex, name))
			continue;
		device->dirty = true;
		due = true;
	}
	if (due)
		pass_schedule(manager);
}

void daemon_catch_up(struct manager *manager)
{
	int due;

	(void)monitor_dispatch(manager->monitor);
	if (sd_event_source_get_enabled(manager->pass, &due) < 0 || due == SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_enabled(manager->pass, SD_EVENT_OFF);
	pass_run(manager);
}

static int on_monitor(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;

	if (monitor_dispatch(manager->monitor) < 0)
		log_error(NULL, "cannot read rtnetlink events");
	return 0;
}

static int on_firewall(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;

	switch (firewall_dispatch(manager->firewall)) {
	case FIREWALL_REMOVED:
		hooks_packets_missed(manager, "nftables table 'ip amtd' was removed");
		log_notice(NULL, "nftables table 'ip amtd' was removed, creating it again");
		break;
	case FIREWALL_LOST:
		hooks_packets_missed(manager, "netlink events of nftables were lost");
		log_notice(NULL, "nftables: netlink events lost, resynchronizing");
		break;
	default:
		return 0;
	}
	pass_schedule(manager);
	return 0;
}

static void on_keep_expiry(void *userdata)
{
	hooks_settled(userdata);
}

static int open_kernel(struct manager *manager)
{
	int r;

	r = netlink_open(&manager->netlink);
	if (r < 0)
		return r;
	r = monitor_open(on_change, manager, &manager->monitor);
	if (r < 0)
		return r;
	r = sd_event_add_io(manager->event, &manager->monitor_source, monitor_fd(manager->monitor),
			    EPOLLIN, on_monitor, manager);
	if (r < 0)
		return r;
	r = firewall_new(manager->queue_base, &manager->firewall);
	if (r < 0)
		return r;
	return sd_event_add_io(manager->event, &manager->firewall_source,
			       firewall_fd(manager->firewall), EPOLLIN, on_firewall, manager);
}

int daemon_new(sd_event *event, uint16_t queue_base, const struct wing *const *wings,
	       struct manager **ret)
{
	struct manager *manager;
	int r;

	manager = calloc(1, sizeof(*manager));
	if (!manager)
		return -ENOMEM;
	manager->event = sd_event_ref(event);
	(void)fragments_read(&manager->fragments);
	manager->queue_base = queue_base;
	manager->wings = wings;
	while (wings[manager->n_wings])
		manager->n_wings++;
	manager->wing_states = calloc(manager->n_wings + 1, sizeof(*manager->wing_states));
	r = manager->wing_states ? ports_new(&manager->ports) : -ENOMEM;
	if (r >= 0)
		r = open_kernel(manager);
	if (r >= 0)
		r = pass_open(manager);
	if (r >= 0)
		r = resolvers_new(event, &manager->resolvers);
	if (r >= 0)
		r = keep_open(event, on_keep_expiry, manager, &manager->keep);
	if (r >= 0)
		r = hooks_open(manager);
	if (r < 0) {
		daemon_free(manager);
		return r;
	}
	*ret = manager;
	return 0;
}

void daemon_free(struct manager *manager)
{
	if (!manager)
		return;
	keep_release(manager->keep);
	while (manager->n_devices > 0)
		devices_forget(manager, manager->devices[manager->n_devices - 1]);
	free(manager->devices);
	hooks_close(manager);
	free(manager->wing_states);
	keep_close(manager->keep);
	resolvers_free(manager->resolvers);
	pass_close(manager);
	control_close(manager);
	sd_event_source_disable_unref(manager->firewall_source);
	firewall_free(manager->firewall);
	sd_event_source_disable_unref(manager->monitor_source);
	monitor_close(manager->monitor);
	netlink_close(manager->netlink);
	ports_free(manager->ports);
	sd_event_unref(manager->event);
	free(manager);
}

/* Devices of a previous amtd whose files were removed while amtd was not running. */
static void remove_orphans(struct manager *manager)
{
	char **names;
	size_t n;

	if (record_list(&names, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct record record;

		if (devices_find(manager, names[i])) {
			/* it has its file */
		} else if (manager->broken > 0) {
			log_warning(
				names[i],
				"kept: a device file is broken, perhaps its own; fix it and restart amtd");
		} else if (record_load(names[i], &record) == 0) {
			log_notice(names[i], "its file is gone, removing it");
			if (reconcile_remove(names[i], &record, manager->netlink) < 0)
				log_error(names[i], "cannot be removed: %s",
					  netlink_error_text(manager->netlink));
			record_clear(&record);
		}
		free(names[i]);
	}
	free(names);
}

int daemon_start(struct manager *manager)
{
	char path[PATH_MAX];
	int r;

	r = file_path(path, "/run/amt/state");
	if (r == 0)
		r = file_make_directory(path, 0700);
	if (r < 0) {
		log_error(path, "cannot be created: %s; amtd needs a writable /run", strerror(-r));
		return r;
	}
	r = load_files(manager);
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
	hooks_start(manager);
	return 0;
}

/* Its port is kept: see ports_remember(). */
static void remove_at_stop(struct manager *manager, struct device *device)
{
	const char *name = device->config->name;
	const struct record record = { .port = device->port };

	if (devices_remove_interface(manager, device) < 0) {
		log_error(name, "cannot be removed: %s", netlink_error_text(manager->netlink));
		return;
	}
	log_info(name, "removed (KeepConfiguration=no)");
	if (device->config->mode == CONFIG_GATEWAY && device->config->port == 0)
		(void)record_save(name, &record);
}

void daemon_stop(struct manager *manager)
{
	char *error_text = NULL;
	bool kept = false;

	hooks_stop(manager);
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (device->config->keep) {
			kept = kept || device->ifindex != 0;
			if (device->ifindex != 0)
				log_info(device->config->name, "kept (KeepConfiguration=yes)");
			continue;
		}
		remove_at_stop(manager, device);
	}
	hooks_leaving_done(manager);
	if (kept) {
		log_info(NULL, "nftables table 'ip amtd' kept for the remaining devices");
		return;
	}
	if (firewall_remove(manager->firewall, &error_text) < 0)
		log_error(NULL, "the nftables table 'ip amtd' cannot be removed: %s",
			  error_text ?: "");
	free(error_text);
}
