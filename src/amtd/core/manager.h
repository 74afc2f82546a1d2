/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all of amtd works on: the event loop, the kernel's interfaces, the devices, and the wings.
 */
#ifndef AMTD_CORE_MANAGER_H
#define AMTD_CORE_MANAGER_H

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
	struct queue *queue; /* NULL: there is none; see queue_error */
	uint16_t queue_base; /* the first of the NFQUEUE numbers in use */
	char queue_error[256];
	char firewall_error[256]; /* "": the last commit worked */

	struct device **devices; /* sorted by name */
	size_t n_devices;
	unsigned int broken; /* device files that could not be used, at the last load */
	struct ports *ports; /* of the devices */

	const struct wing *const *wings; /* in order; see hooks.h */
	size_t n_wings;
	size_t n_open; /* so many were opened */
	void **wing_states;

	struct keep *keep;	     /* memberships that outlive amtd */
	struct resolvers *resolvers; /* shared by all that ask DNS */

	sd_event_source *pass, *retry, *tidy;
	sd_event_source *monitor_source, *firewall_source, *queue_source;
};

#endif
