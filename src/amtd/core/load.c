/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/load.h"

#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "base/log.h"
#include "device/config.h"
#include "device/device.h"
#include "kernel/netlink.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static void log_place(const struct conf_place *place, const char *text, void *userdata)
{
	char subject[PATH_MAX + 16];

	if (place->line == 0)
		log_warning(place->file, "%s", text);
	else {
		snprintf(subject, sizeof(subject), "%s:%u", place->file, place->line);
		log_warning(subject, "%s", text);
	}
}

const struct conf_handler load_log_places = { .warning = log_place };

/* The device that the unit defines currently, if any. */
static struct device *device_of_unit(const struct manager *manager, const struct conf_unit *unit)
{
	for (size_t i = 0; i < manager->n_devices; i++) {
		const char *path = manager->devices[i]->config->pieces[0];
		const char *base = strrchr(path, '/');

		if (strcmp(base ? base + 1 : path, unit->name) == 0)
			return manager->devices[i];
	}
	return NULL;
}

static void remove_device(struct manager *manager, struct device *device)
{
	if (devices_remove_interface(manager, device) < 0)
		log_error(device->config->name, "cannot be removed: %s",
			  netlink_error_text(manager->netlink));
	devices_forget(manager, device);
}

/* Takes over config. */
static int take_config(struct manager *manager, struct config *config)
{
	struct device *device = devices_find(manager, config->name);
	int r;

	if (!device) {
		r = devices_add(manager, config, &device);
		if (r < 0)
			config_free(config);
		return r;
	}
	if (!device->stale) {
		log_warning(config->pieces[0], "Name=%s belongs to %s already; skipped",
			    config->name, device->config->pieces[0]);
		config_free(config);
		return 0;
	}
	device->stale = false;
	if (!config_equal(device->config, config)) {
		log_info(config->name, "its settings changed");
		devices_configure(manager, device, config);
		return 0;
	}
	/* its files may have other paths */
	config_free(device->config);
	device->config = config;
	return 0;
}

static int load_unit(struct manager *manager, const struct conf_unit *unit)
{
	struct device *device;
	struct config *config;
	int r;

	if (unit->masked)
		return 0;
	r = config_load(unit, &load_log_places, &config);
	if (r == 0)
		return take_config(manager, config);
	if (r == -ENOMEM)
		return r;
	if (r == -ESRCH) {
		log_debug(unit->pieces[0], "[Match] is not for this host");
		return 0;
	}
	manager->broken++;
	/* A file that became invalid leaves its device unchanged. */
	device = device_of_unit(manager, unit);
	if (device) {
		log_warning(device->config->name, "keeps its previous settings");
		device->stale = false;
	}
	return 0;
}

int load_files(struct manager *manager)
{
	struct conf_unit *units;
	size_t n;
	int r;

	r = conf_find(conf_directories(), ".amt", &load_log_places, &units, &n);
	if (r < 0) {
		log_error(NULL, "the device files cannot be listed: %s", strerror(-r));
		return r;
	}
	manager->broken = 0;
	for (size_t i = 0; i < manager->n_devices; i++)
		manager->devices[i]->stale = true;
	for (size_t i = 0; i < n && r == 0; i++)
		r = load_unit(manager, &units[i]);
	conf_units_free(units, n);
	if (r < 0)
		return r;

	for (size_t i = manager->n_devices; i-- > 0;) {
		struct device *device = manager->devices[i];

		if (!device->stale)
			continue;
		log_info(device->config->name, "removed: no file defines it any more");
		remove_device(manager, device);
	}
	hooks_leaving_done(manager);
	return 0;
}

int load_reload(struct manager *manager, struct failure *ret_failure)
{
	int r;

	r = load_files(manager);
	pass_run(manager);
	hooks_reload(manager);
	if (r < 0)
		return failure_set(ret_failure, FAILURE_FAILED,
				   "the device files cannot be read: %s", strerror(-r));
	return 0;
}
