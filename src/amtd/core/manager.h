/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the daemon: event loop, kernel interfaces, devices, and wings.
 */
#ifndef AMTD_CORE_MANAGER_H
#define AMTD_CORE_MANAGER_H

#include "kernel/fragments.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct device;
struct wing;

struct manager {
	sd_event *event;
	struct netlink *netlink;
	struct monitor *monitor;
	struct firewall *firewall;
	struct queue *queue; /* NULL: none; see queue_error */
	uint16_t queue_base; /* the first of the NFQUEUE numbers in use */
	char queue_error[256];
	char firewall_error[256]; /* "": the last commit worked */

	struct fragments fragments; /* the kernel's counters when amtd started */

	struct device **devices; /* sorted by name */
	size_t n_devices, devices_size;
	unsigned int broken; /* device files that could not be used, at the last load */
	struct ports *ports; /* of the devices */
	bool ports_warned;   /* that the host leaves too few */

	const struct wing *const *wings; /* in order; see hooks.h */
	size_t n_wings;
	size_t n_open; /* wings opened so far */
	void **wing_states;

	struct keep *keep;	     /* memberships that outlive amtd */
	struct resolvers *resolvers; /* shared by all DNS users */

	sd_event_source *pass, *retry, *tidy;
	sd_event_source *monitor_source, *firewall_source, *queue_source;
};

#endif
