/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/requests.h"

#include "amtd/api/describe-channel.h"
#include "amtd/api/describe-daemon.h"
#include "amtd/api/describe-device.h"
#include "amtd/channels/requests.h"
#include "amtd/channels/wing.h"
#include "amtd/core/daemon.h"
#include "amtd/core/devices.h"
#include "amtd/core/lifecycle.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "amtd/forward/wing.h"
#include "amtd/gateway/wing.h"
#include "amtd/relay/wing.h"
#include "device/device.h"

#include <jansson.h>
#include <stdlib.h>

/* Takes over the value, NULL: out of memory. */
static int return_json(struct manager *manager, json_t *value, char **ret_json,
		       struct failure *ret_failure)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	pass_tidy(manager);
	if (!text)
		return failure_set(ret_failure, FAILURE_FAILED, "out of memory");
	*ret_json = text;
	return 0;
}

static json_t *device_to_json(struct manager *manager, const struct device *device)
{
	struct amtlink link;
	struct describe_device describe = {
		.device = device,
		.gateway = gateway_of(device),
		.forward = forward_of(device),
		.relay = relay_of(device),
		.link = amtlink_get(manager->netlink, device->config->name, &link) == 0 ? &link
											: NULL,
	};

	if (fragments_read(&describe.fragments) == 0) {
		describe.fragments.fails -= manager->fragments.fails;
		describe.fragments.reasm_fails -= manager->fragments.reasm_fails;
	}
	describe.too_big6 = fragments_fails6(device->config->name);
	return describe_device(&describe);
}

/* Takes over item. False, and the array is freed, when out of memory. */
static bool append_json(json_t **array, json_t *item)
{
	if (json_array_append_new(*array, item) == 0)
		return true;
	json_decref(*array);
	*array = NULL;
	return false;
}

int request_describe(struct manager *manager, const char *name, char **ret_json,
		     struct failure *ret_failure)
{
	const struct device *device;
	json_t *array;

	daemon_catch_up(manager);
	device = devices_find(manager, name);
	if (*name != '\0' && !device)
		return devices_missing(manager, ret_failure);
	array = json_array();
	if (device)
		(void)append_json(&array, device_to_json(manager, device));
	for (size_t i = 0; *name == '\0' && i < manager->n_devices; i++)
		if (!append_json(&array, device_to_json(manager, manager->devices[i])))
			break;
	return return_json(manager, array, ret_json, ret_failure);
}

int request_create(struct manager *manager, const char *name, const char *text, char **ret_json,
		   struct failure *ret_failure)
{
	struct failure ignored;
	struct device *device;

	if (lifecycle_create(manager, name, text, &device, ret_failure) < 0)
		return -1;
	if (return_json(manager, device_to_json(manager, device), ret_json, ret_failure) == 0)
		return 0;
	/* A failed request must leave nothing behind. */
	(void)lifecycle_delete(manager, name, &ignored);
	return -1;
}

static json_t *channel_to_json(const struct manager *manager, const struct channel *channel)
{
	return describe_channel(channel,
				channel->via ? devices_find(manager, channel->via->name) : NULL);
}

int request_join(struct manager *manager, const char *text, const char *on, char **ret_json,
		 struct failure *ret_failure)
{
	struct channel *channel;
	json_t *array;

	if (channels_join(channels_of(manager), text, on, &channel, ret_failure) < 0)
		return -1;
	array = json_array();
	(void)append_json(&array, channel_to_json(manager, channel));
	return return_json(manager, array, ret_json, ret_failure);
}

int request_channels(struct manager *manager, char **ret_json, struct failure *ret_failure)
{
	struct channel **sorted = channel_table_sorted(channels_of(manager)->table);
	json_t *array = json_array();

	if (!sorted) {
		json_decref(array);
		return failure_set(ret_failure, FAILURE_FAILED, "out of memory");
	}
	for (size_t i = 0; sorted[i]; i++)
		if (!append_json(&array, channel_to_json(manager, sorted[i])))
			break;
	free(sorted);
	return return_json(manager, array, ret_json, ret_failure);
}

int request_daemon(struct manager *manager, char **ret_json, struct failure *ret_failure)
{
	const struct describe_daemon describe = {
		.version = AMTD_VERSION,
		.devices = manager->n_devices,
		.broken = manager->broken,
		.channels = channel_table_count(channels_of(manager)->table),
		.queue_error = pass_queue_error(manager),
		.firewall_error = manager->firewall_error,
		.queue = manager->queue ? queue_counters(manager->queue) : NULL,
		.prober = prober_counters(gateways_of(manager)->prober),
	};

	return return_json(manager, describe_daemon(&describe), ret_json, ret_failure);
}
