/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels that are wanted on this host, from the want to the membership: watch.c (memberships),
 * demand.c (gateways), requests.c (what the bus asks for), route.c (where applications join),
 * host.c (what they join), record.c (what survives a restart).
 */
#ifndef AMTD_WATCH_H
#define AMTD_WATCH_H

#include "manager-private.h"

#include <amt/channels.h>
#include <amt/joins.h>
#include <amt/monitor.h>
#include <amt/settings.h>
#include <amt/tally.h>

#define WATCH_INET  0
#define WATCH_INET6 1

struct watch {
	struct manager *manager;
	struct channels *channels;
	struct joins *joins[2]; /* IPv4, IPv6 */
	sd_event_source *retry;
	struct settings settings;
	struct demand *demand;
	struct count *count;
	struct host *host;
	size_t record_lines; /* in the file, of which some may be outdated */
};

/* watch.c */
int watch_open(struct manager *manager);
void watch_stop(struct manager *manager); /* amtd ends as asked */
void watch_close(struct manager *manager);
void watch_start(struct manager *manager); /* when devices are there: take up what was wanted */
void watch_link(struct manager *manager, enum monitor_event event, int ifindex, const char *name);
void watch_config(struct manager *manager); /* Join= may be another, or a device gone */
void watch_reload(struct manager *manager); /* amtd.conf, too */

/* Those who want something have had time to say so: what was forwarded before a restart and is not
 * any more is left. */
void watch_settle(struct manager *manager);

/* Make the kernel's membership what is wanted of the group there. 0 or negative errno, and a text
 * in *ret_problem, for free(); also with 0 where more comes than is wanted. */
int watch_apply(struct watch *watch, struct channel_device *via, const struct address *group,
		char **ret_problem);
void watch_set_problem(struct channel *channel, char *problem); /* takes it over */
int watch_set_via(struct watch *watch, struct channel *channel, const char *name);
/* Its owners or its gateway are others now. */
void watch_changed(struct watch *watch, const struct channel *channel);
/* One owner less; without any it is left and freed. */
void watch_disown(struct watch *watch, struct channel *channel, enum channel_owner owner);

void watch_ignore_warning(const struct conf_place *place, const char *text, void *userdata);

/* demand.c */
int demand_open(struct watch *watch);
void demand_close(struct watch *watch);
void demand_configure(struct watch *watch);			/* settings may be others */
void demand_seek(struct watch *watch, struct channel *channel); /* of no device: find it one */
void demand_seek_all(struct watch *watch);
void demand_tidy(struct watch *watch); /* gateways may have been without channels for too long */
void demand_idle(struct watch *watch, const struct channel_device *via); /* its last one went */

/* count.c */
int count_open(struct watch *watch);
void count_close(struct watch *watch);
void count_stop(struct watch *watch); /* amtd ends: nobody reads it any more */
void count_device(struct watch *watch, const struct channel_device *via); /* is there (anew) */
void count_channel(struct watch *watch, const struct channel_device *via,
		   const struct channel_key *key, bool wanted);

/* route.c */
void watch_route_start(struct watch *watch); /* of a former life: kept or removed */
void watch_route(struct watch *watch, const struct address *group); /* make it what is wanted */
void watch_route_all(struct watch *watch);
void watch_unroute(struct watch *watch, struct channel *channel); /* before it has another via */
void watch_route_link(struct watch *watch, struct channel_device *via); /* changed: is it up? */

/* host.c */
int watch_host_open(struct watch *watch);
void watch_host_close(struct watch *watch);
void watch_host_configure(struct watch *watch); /* settings may be others */

/* record.c */
void watch_record_load(struct watch *watch);
void watch_record_append(struct watch *watch, const struct channel *channel); /* after a change */
void watch_record_write(struct watch *watch);				      /* as a whole */

#endif
