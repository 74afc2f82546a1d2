/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ears: what is said in IGMP and MLD on the upstream interfaces of a device's [Forward], copies of
 * Queries to the inside and of Reports to the outside, and what this host says there without being
 * asked. ears.c (which interfaces; what comes), copy.c (from one side to the other), reminder.c
 * (timers).
 */
#ifndef AMTD_FORWARD_UPSTREAM_LISTENER_H
#define AMTD_FORWARD_UPSTREAM_LISTENER_H

#include "device/device.h"
#include "device/event.h"
#include "wire/group-batch.h"

struct manager;

/* ---- ears.c -------------------------------------------------------------------------------- */

void upstream_listener_run(struct manager *manager); /* start, and follow interfaces that changed */
void upstream_listener_refresh(struct device *device); /* its upstreams are others now */
void upstream_listener_stop(struct device *device);
/* Something about an interface changed (0: any may have). True: upstream_listener_run() is due. */
bool upstream_listener_notice(struct device *device, int ifindex, const char *name);
struct json_t *upstream_listener_describe(const struct listeners *listeners);

/* Tell who listens on the bus. */
void notice_message(struct device *device, struct event_budget *budget, const char *on,
		    bool upstream, bool unicast, const struct group_message *message);

/* ---- copy.c -------------------------------------------------------------------------------- */

struct listener_side;

/* A Query of upstream goes to all downstream interfaces (ForwardQueries=). */
void proxy_query(struct listener_side *side, const struct group_message *message);
/* A Report or Leave that counts goes to all upstream interfaces (ForwardReports=). */
void proxy_report(struct device *device, const struct group_message *message);
/* For records to go out upstream; false: this host cannot speak there. */
bool listener_side_batch(struct listener_side *side, uint8_t version, struct group_batch *ret);

/* ---- reminder.c ----------------------------------------------------------------------------- */

int unsolicited_start(
	struct listeners *listeners); /* its timers, as GratuitousReportSec= and SelfQuerySec= say
				       */
void unsolicited_stop(struct listeners *listeners);

#endif
