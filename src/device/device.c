/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/device.h"

#include "base/clock.h"
#include "base/log.h"
#include "device/event.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int device_new(struct config *config, struct device **ret)
{
	struct device *device;
	int r;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->record.keep = true;
	r = record_load(config->name, &device->record);
	if (r < 0 && r != -ENOENT)
		log_warning(config->name, "cannot read state file, starting without it: %s",
			    strerror(-r));
	device->config = config;
	device->port = config->port;
	device->relay = address_is_set(&device->record.redirect) ? device->record.redirect
								 : device->record.remote;
	device->dirty = true;
	device->state_since = clock_realtime();
	*ret = device;
	return 0;
}

void device_free(struct device *device)
{
	if (!device)
		return;
	record_clear(&device->record);
	config_free(device->config);
	free(device);
}

void device_set_config(struct device *device, struct config *config)
{
	if (config->port != device->config->port || config->mode != device->config->mode) {
		device->port = config->port;
		device->port_trials = 0;
		device->port_busy = false;
	}
	device->config = config;
	device->dirty = true;
}

void device_set_state(struct device *device, enum device_state state, const char *format, ...)
{
	static const int levels[_DEVICE_STATE_MAX] = {
		[DEVICE_WAITING] = LOG_NOTICE,	 [DEVICE_FAILED] = LOG_ERR,
		[DEVICE_DISCOVERING] = LOG_INFO, [DEVICE_CONNECTED] = LOG_INFO,
		[DEVICE_SUSPECT] = LOG_DEBUG,	 [DEVICE_FAILING_OVER] = LOG_WARNING,
		[DEVICE_NO_RELAY] = LOG_ERR,	 [DEVICE_RUNNING] = LOG_INFO,
	};
	struct event event = { .kind = EVENT_STATE, .device = device };
	char reason[sizeof(device->reason)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);

	if (device->state == state && strcmp(device->reason, reason) == 0)
		return;
	if (device->state != state || device->reason[0] == '\0')
		device->state_since = clock_realtime();
	event.had_state = device->reason[0] != '\0';
	event.previous_state = device->state;
	device->state = state;
	strcpy(device->reason, reason);
	log_full(levels[state], device->config->name, "%s: %s", device_state_string(state), reason);
	event_emit(&event);
}
