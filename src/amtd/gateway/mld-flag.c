/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/mld-flag.h"

#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "base/log.h"
#include "base/timer.h"

/* How long after an IGMP Query the MLD one may arrive: both Requests are sent together. */
#define OVERDUE_USEC (500 * 1000ULL)

/* IGMP Queries without an MLD one between them after which the P bit in use is doubted: one round
 * of the driver may have been cut short by the next. */
#define QUERIES_MAX 2

/* After this many changes of the P bit without any MLD Query the relay has no IPv6, and the RFC's
 * bit is kept. */
#define TRIALS 4

/* From the sequence of IGMP and MLD Queries: does the relay understand the P bit in use? */
void mld_flag_learn(struct gateway *gateway, sa_family_t family)
{
	struct gateway_mld *mld = &gateway->mld;

	if (family == AF_INET6) {
		mld->confirmed = true;
		mld->trials = 0;
		mld->queries_since = 0;
		return;
	}
	if (mld->queries_since++ >= QUERIES_MAX)
		mld->confirmed = false;
}

/* Switch P to the other bit. False: it was tried often enough. */
static bool try_other_bit(struct gateway *gateway)
{
	struct record *record = &gateway->device->record;
	struct gateway_mld *mld = &gateway->mld;

	if (mld->confirmed || mld->queries_since == 0 || mld->trials >= TRIALS)
		return false;

	mld->trials++;
	mld->queries_since = 0;
	record->mld_linux = !record->mld_linux;
	record->mld_relay = gateway->device->relay;
	log_debug(gateway->device->config->name, "no MLD Query: trying P at %s",
		  record->mld_linux ? "0x80, where the Linux driver has it"
				    : "0x01, where RFC 7450 has it");
	return true;
}

static int on_overdue(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct gateway *gateway = userdata;

	/* The firewall has the set of relays that need the other bit. */
	if (try_other_bit(gateway)) {
		gateway->device->dirty = true;
		gateway->kick = true;
		pass_schedule(gateway->manager);
	}
	return 0;
}

void mld_flag_query_passed(struct gateway *gateway)
{
	if (!gateway->mld.confirmed)
		timer_ensure(gateway->mld.timer, OVERDUE_USEC);
}

void mld_flag_forget(struct gateway *gateway)
{
	gateway->mld.confirmed = false;
	gateway->mld.queries_since = 0;
	gateway->mld.trials = 0;
}

int mld_flag_open(struct gateway *gateway)
{
	return timer_add(gateway->manager->event, &gateway->mld.timer, TIMER_COARSE, on_overdue,
			 gateway);
}

void mld_flag_close(struct gateway *gateway)
{
	gateway->mld.timer = sd_event_source_disable_unref(gateway->mld.timer);
}
