/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels wanted on this host, from the request to the membership: want.c (one channel), demand.c
 * (gateways for it), group-route.c (routes for applications), host-joins.c (their joins), counts.c
 * (packet counters), persist.c (state across restarts), requests.c (the bus), wing.c (life cycle).
 */
#ifndef AMTD_CHANNELS_CHANNELS_H
#define AMTD_CHANNELS_CHANNELS_H

#include "device/settings.h"
#include "membership/channel-table.h"

#include <systemd/sd-event.h>

#define CHANNELS_INET  0
#define CHANNELS_INET6 1

struct channels;
struct manager;
struct wing;

/* The gateway or interface of an owner's channels changed (CHANNEL_FORWARD). */
typedef void (*channels_moved)(void *userdata);

struct channels {
	struct manager *manager;
	const struct wing *wing;
	struct channel_table *table;
	struct joins *joins[2]; /* IPv4, IPv6 */
	sd_event_source *retry; /* of joins that the kernel refused */
	struct settings settings;
	struct demand *demand;
	struct counts *counts;
	struct host_joins *host_joins;
	size_t record_lines; /* in the file, some of them outdated */

	/* The last channel through an interface was left. */
	void (*idle)(struct channels *channels, const struct channel_device *via);
	channels_moved moved; /* NULL: none */
	void *moved_userdata;
};

#endif
