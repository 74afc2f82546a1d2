/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bus and the files ask for.
 */
#include "amtd/channels/channels.h"
#include "amtd/core/manager-private.h"
#include "amtd/forward/upstream-listener.h"
#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
{
	va_list arguments;

	failure->kind = kind;
	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	return -1;
}

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

const struct conf_handler manager_log_places = { .warning = log_place };

/* The device that the unit defines now, if one does. */
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

static void remove_device(struct manager *manager, struct teardown *teardown, struct device *device)
{
	if (teardown_remove(teardown, manager, device) < 0)
		log_error(device->config->name, "cannot be removed: %s",
			  netlink_error_text(manager->netlink));
	manager_forget(manager, device);
}

/* Takes over config. */
static int take_config(struct manager *manager, struct config *config)
{
	struct device *device = manager_find(manager, config->name);
	int r;

	if (!device) {
		r = manager_add(manager, config, &device);
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
		if (!config_forward_equal(&device->config->forward, &config->forward)) {
			upstream_listener_stop(device);
			forward_stop(device);
		}
		device_set_config(device, config);
		failover_configure(device);
		return 0;
	}
	/* the pieces that it comes from may be other ones */
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
	r = config_load(unit, &manager_log_places, &config);
	if (r == 0)
		return take_config(manager, config);
	if (r == -ENOMEM)
		return r;
	if (r == -ESRCH) {
		log_debug(unit->pieces[0], "[Match] is not for this host");
		return 0;
	}
	manager->broken++;
	/* A file that broke leaves the device that it made as it is. */
	device = device_of_unit(manager, unit);
	if (device) {
		log_warning(device->config->name, "keeps the settings that it had before");
		device->stale = false;
	}
	return 0;
}

int manager_load(struct manager *manager)
{
	struct teardown teardown = { 0 };
	struct conf_unit *units;
	size_t n;
	int r;

	r = conf_find(conf_directories(), ".amt", &manager_log_places, &units, &n);
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
		remove_device(manager, &teardown, device);
	}
	teardown_end(&teardown);
	return 0;
}

int manager_reload(struct manager *manager, struct failure *ret_failure)
{
	int r;

	r = manager_load(manager);
	pass_run(manager);
	channels_reload(manager);
	if (r < 0)
		return failure_set(ret_failure, FAILURE_FAILED,
				   "the device files cannot be read: %s", strerror(-r));
	return 0;
}

static json_t *describe(struct manager *manager, const struct device *device)
{
	struct amtlink have;
	json_t *object;
	int r;

	r = amtlink_get(manager->netlink, device->config->name, &have);
	object = device_describe(device, r == 0 ? &have : NULL);
	if (device->forward)
		json_object_set_new(object, "forward", forward_describe(device->forward));
	if (device->relay_device)
		json_object_set_new(object, "serving", relay_describe(device->relay_device));
	if (device->listeners)
		json_object_set_new(object, "heard_upstream",
				    upstream_listener_describe(device->listeners));
	return object;
}

static char *describe_text(struct manager *manager, const struct device *device)
{
	json_t *object = describe(manager, device);
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	return text;
}

static int no_device(const struct manager *manager, const char *name, struct failure *failure)
{
	return failure_set(failure, FAILURE_NO_DEVICE,
			   "there is no device of this name; `amtctl list` shows the %zu there are",
			   manager->n_devices);
}

int manager_describe(struct manager *manager, const char *name, char **ret_json,
		     struct failure *ret_failure)
{
	json_t *array = json_array();
	char *text;

	if (*name != '\0') {
		const struct device *device = manager_find(manager, name);

		if (!device) {
			json_decref(array);
			return no_device(manager, name, ret_failure);
		}
		json_array_append_new(array, describe(manager, device));
	}
	for (size_t i = 0; *name == '\0' && i < manager->n_devices; i++)
		json_array_append_new(array, describe(manager, manager->devices[i]));

	text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	pass_tidy(manager);
	if (!text)
		return failure_set(ret_failure, FAILURE_FAILED, "out of memory");
	*ret_json = text;
	return 0;
}

/* The first warning about text that amtctl sent is the error. */
static void first_warning(const struct conf_place *place, const char *text, void *userdata)
{
	struct failure *failure = userdata;

	if (failure->text[0] == '\0')
		snprintf(failure->text, sizeof(failure->text), "%s", text);
}

static int check_free(struct manager *manager, const char *name, struct failure *failure)
{
	const struct device *device = manager_find(manager, name);
	const char *const *directories = conf_directories();
	char path[PATH_MAX];

	if (device)
		return failure_set(
			failure, FAILURE_EXISTS,
			"exists already, defined in %s; edit that and `amtctl reload`, or `amtctl delete %s` first",
			device->config->pieces[0], name);
	for (; *directories; directories++) {
		snprintf(path, sizeof(path), "%s/%s.amt", *directories, name);
		if (access(path, F_OK) == 0)
			return failure_set(
				failure, FAILURE_EXISTS,
				"%s is there already, though not in use (masked, broken, or for another host); remove it first",
				path);
	}
	return 0;
}

static int parse_request(const char *name, const char *path, const char *text, struct config **ret,
			 struct failure *failure)
{
	struct failure warning = { .kind = FAILURE_INVALID };
	const struct conf_handler handler = { .warning = first_warning, .userdata = &warning };
	struct config *config = NULL;
	char valid[IFNAMSIZ];
	int r;

	if (parse_ifname(name, valid) < 0)
		return failure_set(
			failure, FAILURE_INVALID,
			"this is no name for an interface: 1 to 15 bytes, no blank, '/' or ':'");
	r = config_load_text(path, text, strlen(text), &handler, &config);
	if (r == 0 && strcmp(config->name, name) != 0)
		first_warning(NULL, "Name= says another name", &warning);
	if (r == 0 && warning.text[0] == '\0') {
		*ret = config;
		return 0;
	}
	if (r == 0)
		config_free(config);
	*failure = warning;
	if (warning.text[0] != '\0')
		return -1;
	if (r == -ESRCH)
		return failure_set(failure, FAILURE_INVALID, "[Match] is not for this host");
	return failure_set(failure, FAILURE_FAILED, "%s", strerror(-r));
}

/* Could the device be made, or will it be by and by? */
static bool made(const struct device *device)
{
	return device->state != DEVICE_FAILED &&
	       !(device->state == DEVICE_WAITING && device->link_missing);
}

int manager_create(struct manager *manager, const char *name, const char *text, char **ret_json,
		   struct failure *ret_failure)
{
	char path[PATH_MAX], *json;
	struct teardown teardown = { 0 };
	struct config *config = NULL;
	struct device *device;
	int r;

	r = file_path(path, "/run/amt/%s.amt", name);
	if (r < 0)
		return failure_set(ret_failure, FAILURE_INVALID, "the name is too long");
	if (parse_request(name, path, text, &config, ret_failure) < 0)
		return -1;
	if (check_free(manager, name, ret_failure) < 0) {
		config_free(config);
		return -1;
	}
	r = manager_add(manager, config, &device);
	if (r < 0) {
		config_free(config);
		return failure_set(ret_failure, FAILURE_FAILED, "%s", strerror(-r));
	}
	pass_run(manager);
	if (!made(device)) {
		failure_set(ret_failure, FAILURE_FAILED, "%s", device->reason);
		goto undo;
	}
	r = file_write(path, text, strlen(text), 0644);
	if (r < 0) {
		failure_set(ret_failure, FAILURE_FAILED, "%s cannot be written: %s", path,
			    strerror(-r));
		goto undo;
	}
	channels_config(manager);
	json = describe_text(manager, device);
	if (!json)
		return failure_set(ret_failure, FAILURE_FAILED, "out of memory");
	*ret_json = json;
	return 0;

undo:
	remove_device(manager, &teardown, device);
	teardown_end(&teardown);
	pass_run(manager);
	return -1;
}

int manager_delete(struct manager *manager, const char *name, struct failure *ret_failure)
{
	struct device *device = manager_find(manager, name);
	struct teardown teardown = { 0 };
	const char *defined;
	char path[PATH_MAX];
	int r;

	if (!device)
		return no_device(manager, name, ret_failure);
	defined = device->config->pieces[0];
	r = file_path(path, "/run/amt/");
	if (r < 0 || strncmp(defined, path, strlen(path)) != 0)
		return failure_set(
			ret_failure, FAILURE_FAILED,
			"it is defined in %s, which amtctl leaves alone; remove that file, or mask it by an empty file of the same name in /etc/amt, and `amtctl reload`",
			defined);
	r = teardown_remove(&teardown, manager, device);
	teardown_end(&teardown);
	if (r < 0)
		return failure_set(ret_failure, FAILURE_FAILED, "the kernel does not remove it: %s",
				   netlink_error_text(manager->netlink));
	if (unlink(defined) < 0 && errno != ENOENT)
		return failure_set(ret_failure, FAILURE_FAILED, "%s cannot be removed: %s", defined,
				   strerror(errno));
	log_info(name, "removed as asked");
	manager_forget(manager, device);
	pass_run(manager);
	channels_config(manager);
	return 0;
}
