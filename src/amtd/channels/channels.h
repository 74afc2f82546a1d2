/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels that are wanted on this host, from the want to the membership: watch.c (memberships),
 * demand.c (gateways), requests.c (what the bus asks for), route.c (where applications join),
 * host.c (what they join), record.c (what survives a restart).
 */
#ifndef AMTD_CHANNELS_CHANNELS_H
#define AMTD_CHANNELS_CHANNELS_H

#include "amtd/core/manager-private.h"
#include "device/settings.h"
#include "kernel/channel-counters.h"
#include "kernel/joins.h"
#include "kernel/monitor.h"
#include "membership/channel-table.h"

#define CHANNELS_INET  0
#define CHANNELS_INET6 1

struct channels {
	struct manager *manager;
	struct channel_table *table;
	struct joins *joins[2]; /* IPv4, IPv6 */
	sd_event_source *retry;
	struct settings settings;
	struct demand *demand;
	struct counts *counts;
	struct host *host;
	size_t record_lines; /* in the file, of which some may be outdated */
};

/* watch.c */
int channels_open(struct manager *manager);
void channels_stop(struct manager *manager); /* amtd ends as asked */
void channels_close(struct manager *manager);
void channels_start(struct manager *manager); /* when devices are there: take up what was wanted */
void channels_link(struct manager *manager, enum monitor_event event, int ifindex,
		   const char *name);
void channels_config(struct manager *manager); /* Join= may be another, or a device gone */
void channels_reload(struct manager *manager); /* amtd.conf, too */

/* Those who want something have had time to say so: what was forwarded before a restart and is not
 * any more is left. */
void channels_settle(struct manager *manager);

/* Make the kernel's membership what is wanted of the group there. 0 or negative errno, and a text
 * in *ret_problem, for free(); also with 0 where more comes than is wanted. */
int channels_apply(struct channels *channels, struct channel_device *via,
		   const struct address *group, char **ret_problem);
void channels_set_problem(struct channel *channel, char *problem); /* takes it over */
int channels_set_via(struct channels *channels, struct channel *channel, const char *name);
/* Its owners or its gateway are others now. */
void channels_changed(struct channels *channels, const struct channel *channel);
/* One owner less; without any it is left and freed. */
void channels_disown(struct channels *channels, struct channel *channel, enum channel_owner owner);

void channels_ignore_warning(const struct conf_place *place, const char *text, void *userdata);

/* demand.c */
int demand_open(struct channels *channels);
void demand_close(struct channels *channels);
void demand_configure(struct channels *channels); /* settings may be others */
void demand_seek(struct channels *channels,
		 struct channel *channel); /* of no device: find it one */
void demand_seek_all(struct channels *channels);
void demand_tidy(
	struct channels *channels); /* gateways may have been without channels for too long */
void demand_idle(struct channels *channels,
		 const struct channel_device *via); /* its last one went */

/* count.c */
int counts_open(struct channels *channels);
void counts_close(struct channels *channels);
void counts_stop(struct channels *channels); /* amtd ends: nobody reads it any more */
void counts_device(struct channels *channels,
		   const struct channel_device *via); /* is there (anew) */
void counts_channel(struct channels *channels, const struct channel_device *via,
		    const struct channel_key *key, bool wanted);

/* route.c */
void group_route_start(struct channels *channels); /* of a former life: kept or removed */
void group_route(struct channels *channels,
		 const struct address *group); /* make it what is wanted */
void group_route_all(struct channels *channels);
void channels_unroute(struct channels *channels,
		      struct channel *channel); /* before it has another via */
void group_route_link(struct channels *channels,
		      struct channel_device *via); /* changed: is it up? */

/* host.c */
int host_joins_open(struct channels *channels);
void host_joins_close(struct channels *channels);
void host_joins_configure(struct channels *channels); /* settings may be others */

/* record.c */
void persist_load(struct channels *channels);
void persist_append(struct channels *channels, const struct channel *channel); /* after a change */
void persist_write(struct channels *channels);				       /* as a whole */

#endif
