/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wing's data of a relay device.
 */
#ifndef AMTD_RELAY_RELAY_H
#define AMTD_RELAY_RELAY_H

#include "membership/tunnels.h"

#include <systemd/sd-event.h>

struct device;
struct state_log;
struct manager;
struct relay_filter;

struct relay_device {
	struct manager *manager;
	struct device *device;
	struct tunnels *tunnels; /* NULL: the device is no relay */
	int ifindex;		 /* of the device, as the tunnels know it; 0: none */
	uint32_t max;		 /* tunnels */
	uint64_t malformed;	 /* messages */
	bool unseen;		 /* control messages do not reach amtd */

	struct relay_filter *filter; /* NULL: none */
	uint16_t port;		     /* of the interface, for it */
	bool due;		     /* in its list */
	struct relay_device *next_due;

	sd_event_source *flush, *timer;
	struct state_log *log; /* NULL: nothing is written down */
	sd_event_source *rewrite;
};

#endif
