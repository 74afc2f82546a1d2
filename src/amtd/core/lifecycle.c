/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/lifecycle.h"

#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "device/config.h"
#include "device/device.h"
#include "kernel/netlink.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first warning about text that amtctl sent is the error. */
static void first_warning(const struct conf_place *place, const char *text, void *userdata)
{
	struct failure *failure = userdata;

	if (failure->text[0] == '\0')
		snprintf(failure->text, sizeof(failure->text), "%s", text);
}

static int check_free(struct manager *manager, const char *name, struct failure *failure)
{
	const struct device *device = devices_find(manager, name);
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
		return failure_set(failure, FAILURE_INVALID,
				   "invalid interface name: 1 to 15 bytes, no blank, '/' or ':'");
	r = config_load_text(path, text, strlen(text), &handler, &config);
	if (r == 0 && strcmp(config->name, name) != 0)
		first_warning(NULL, "Name= differs from the device's name", &warning);
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

/* Was the device created, or can it be later? */
static bool is_created(const struct device *device)
{
	return device->state != DEVICE_FAILED &&
	       !(device->state == DEVICE_WAITING && device->link_missing);
}

int lifecycle_create(struct manager *manager, const char *name, const char *text,
		     struct device **ret, struct failure *ret_failure)
{
	char path[PATH_MAX];
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
	r = devices_add(manager, config, &device);
	if (r < 0) {
		config_free(config);
		return failure_set(ret_failure, FAILURE_FAILED, "%s", strerror(-r));
	}
	pass_run(manager);
	if (!is_created(device)) {
		failure_set(ret_failure, FAILURE_FAILED, "%s", device->reason);
		goto undo;
	}
	r = file_write(path, text, strlen(text), 0644);
	if (r < 0) {
		failure_set(ret_failure, FAILURE_FAILED, "%s cannot be written: %s", path,
			    strerror(-r));
		goto undo;
	}
	hooks_devices_changed(manager);
	*ret = device;
	return 0;

undo:
	(void)devices_remove_interface(manager, device);
	hooks_leaving_done(manager);
	devices_forget(manager, device);
	pass_run(manager);
	return -1;
}

int lifecycle_delete(struct manager *manager, const char *name, struct failure *ret_failure)
{
	struct device *device = devices_find(manager, name);
	const char *defined;
	char path[PATH_MAX];
	int r;

	if (!device)
		return devices_missing(manager, ret_failure);
	defined = device->config->pieces[0];
	r = file_path(path, "/run/amt/");
	if (r < 0 || strncmp(defined, path, strlen(path)) != 0)
		return failure_set(
			ret_failure, FAILURE_FAILED,
			"it is defined in %s, which amtctl does not touch; remove that file, or mask it by an empty file of the same name in /etc/amt, and `amtctl reload`",
			defined);
	r = devices_remove_interface(manager, device);
	hooks_leaving_done(manager);
	if (r < 0)
		return failure_set(ret_failure, FAILURE_FAILED,
				   "the kernel refuses to remove it: %s",
				   netlink_error_text(manager->netlink));
	if (unlink(defined) < 0 && errno != ENOENT)
		return failure_set(ret_failure, FAILURE_FAILED, "%s cannot be removed: %s", defined,
				   strerror(errno));
	log_info(name, "removed on request");
	devices_forget(manager, device);
	pass_run(manager);
	hooks_devices_changed(manager);
	return 0;
}
