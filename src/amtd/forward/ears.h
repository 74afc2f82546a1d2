/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ears: what is said in IGMP and MLD on the upstream interfaces of a device's [Forward], copies of
 * Queries to the inside and of Reports to the outside, and what this host says there without being
 * asked. ears.c (which interfaces; what comes), copy.c (from one side to the other), reminder.c
 * (timers).
 */
#ifndef AMTD_EARS_H
#define AMTD_EARS_H

#include <amt/device.h>
#include <amt/event.h>
#include <amt/group-batch.h>

struct manager;

/* ---- ears.c -------------------------------------------------------------------------------- */

void ears_run(struct manager *manager);	  /* start, and follow interfaces that changed */
void ears_refresh(struct device *device); /* its upstreams are others now */
void ears_stop(struct device *device);
/* Something about an interface changed (0: any may have). True: ears_run() is due. */
bool ears_notice(struct device *device, int ifindex, const char *name);
struct json_t *ears_describe(const struct ears *ears);

/* Tell who listens on the bus. */
void notice_message(struct device *device, struct event_budget *budget, const char *on,
		    bool upstream, bool unicast, const struct group_message *message);

/* ---- copy.c -------------------------------------------------------------------------------- */

struct ear_side;

/* A Query of upstream goes to all downstream interfaces (ForwardQueries=). */
void copy_query(struct ear_side *side, const struct group_message *message);
/* A Report or Leave that counts goes to all upstream interfaces (ForwardReports=). */
void copy_report(struct device *device, const struct group_message *message);
/* For records to go out upstream; false: this host cannot speak there. */
bool ear_batch(struct ear_side *side, uint8_t version, struct group_batch *ret);

/* ---- reminder.c ----------------------------------------------------------------------------- */

int reminder_start(struct ears *ears); /* its timers, as GratuitousReportSec= and SelfQuerySec= say
					*/
void reminder_stop(struct ears *ears);

#endif
