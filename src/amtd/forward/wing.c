/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/wing.h"

#include "amtd/channels/wing.h"
#include "amtd/forward/routing.h"
#include "amtd/forward/session.h"
#include "amtd/forward/upstream-listener.h"

#include <errno.h>
#include <stdlib.h>

struct forwarding *forwarding_of(const struct manager *manager)
{
	return wing_state(manager, &forward_wing);
}

struct forward_device *forward_of(const struct device *device)
{
	return wing_data(device, &forward_wing);
}

void forward_tunnels(struct device *device, const struct address *group,
		     const struct filter *filter)
{
	session_tunnels(forward_of(device), group, filter);
}

void forward_on_tunnels_started(struct manager *manager, forward_tunnels_started started,
				void *userdata)
{
	struct forwarding *forwarding = forwarding_of(manager);

	forwarding->tunnels_started = started;
	forwarding->userdata = userdata;
}

static void on_moved(void *userdata)
{
	session_moved(userdata);
}

static int on_open(struct manager *manager)
{
	struct forwarding *forwarding = calloc(1, sizeof(*forwarding));

	if (!forwarding)
		return -ENOMEM;
	wing_set_state(manager, &forward_wing, forwarding);
	forwarding->manager = manager;
	for (int family = 0; family < _FAMILY_MAX; family++)
		forwarding->sentinels[family] =
			(struct sentinel){ .family = family_to_af(family), .number = 2 };
	forwarding->channels = channels_of(manager);
	forwarding->channels->moved = on_moved;
	forwarding->channels->moved_userdata = forwarding;
	return 0;
}

static void on_close(struct manager *manager)
{
	struct forwarding *forwarding = forwarding_of(manager);

	for (int family = 0; forwarding && family < _FAMILY_MAX; family++)
		sentinel_close(&forwarding->sentinels[family]);
	if (forwarding)
		forwarding->channels->moved = NULL;
	free(forwarding);
	wing_set_state(manager, &forward_wing, NULL);
}

static int on_device_added(struct manager *manager, struct device *device)
{
	struct forward_device *owner = forward_of(device);

	owner->forwarding = forwarding_of(manager);
	owner->device = device;
	return 0;
}

static void stop_device(struct forward_device *owner)
{
	upstream_listener_stop(owner);
	session_stop(owner);
}

static void on_device_configured(struct manager *manager, struct device *device,
				 const struct config *previous)
{
	if (config_section_equal(previous, device->config, "Forward") &&
	    previous->mode == device->config->mode)
		return;
	session_configure(forward_of(device), previous);
	upstream_listener_configure(forward_of(device));
}

static void on_device_removed(struct manager *manager, struct device *device)
{
	stop_device(forward_of(device));
}

static bool on_link_changed(struct manager *manager, const struct link_change *change)
{
	bool due = false;

	for (size_t i = 0; i < manager->n_devices; i++) {
		struct forward_device *owner = forward_of(manager->devices[i]);

		due = session_link(owner, change) || due;
		due = upstream_listener_link(owner, change) || due;
	}
	return due;
}

static void on_pass_done(struct manager *manager)
{
	struct forwarding *forwarding = forwarding_of(manager);

	for (size_t i = 0; i < manager->n_devices; i++)
		session_run(forward_of(manager->devices[i]));
	if (!forwarding->restored)
		session_restored(forwarding);
	forwarding->restored = true;
	if (!forwarding->rules_cleaned)
		routing_clean(forwarding);
	forwarding->rules_cleaned = true;
	for (size_t i = 0; i < manager->n_devices; i++)
		upstream_listener_run(forward_of(manager->devices[i]));
}

static void on_settled(struct manager *manager)
{
	session_settled(forwarding_of(manager));
}

const struct wing forward_wing = {
	.name = "forward",
	.open = on_open,
	.close = on_close,
	.device_private_size = sizeof(struct forward_device),
	.device_added = on_device_added,
	.device_configured = on_device_configured,
	.device_removed = on_device_removed,
	.link_changed = on_link_changed,
	.pass_done = on_pass_done,
	.settled = on_settled,
};
