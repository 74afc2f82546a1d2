/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/liveness.h"

#include "amtd/core/devices.h"
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/gateway/failover.h"
#include "base/clock.h"
#include "base/timer.h"
#include "kernel/groups.h"
#include "kernel/link.h"

#include <errno.h>
#include <stdlib.h>

#define MSEC 1000ULL
#define SEC  (1000 * MSEC)

/* Poll interval of the counters; and while a stream is received, of this many packets a second. */
#define POLL	    (1000 * MSEC)
#define POLL_STREAM (50 * MSEC)
#define STREAM_RATE 20

/* A stream has stopped when this many packets are missing, and at least this many polls saw
 * none. */
#define SILENT_PACKETS 2
#define SILENT_POLLS   2

/* A stream may pause by itself: each false alarm doubles the limit, for this long. */
#define DOUBTS_MAX  4
#define DOUBTS_LAST (60 * SEC)

/* RFC 8777: joined and no data for a random time in [4 s, min(4 s * 2^n, 120 s)]. */
#define DATALESS_MIN (4 * SEC)
#define DATALESS_MAX (120 * SEC)

/* Reading memberships takes at most 1/JOINED_SHARE of the time. */
#define JOINED_SHARE 50

static uint64_t dataless_usec(unsigned int n)
{
	usec_t most = usec_back_off(DATALESS_MIN, DATALESS_MAX, n);

	return DATALESS_MIN + arc4random_uniform(most - DATALESS_MIN + 1);
}

struct liveness {
	sd_event_source *poll;
	unsigned int polls;   /* of counters */
	bool streams;	      /* some flow */
	uint64_t joined_next; /* CLOCK_MONOTONIC: next read of memberships */
};

/* The driver passes the packets inside Queries to the device, too: not data. */
static void judge_data(struct gateway *gateway, uint64_t packets, uint64_t now)
{
	struct gateway_liveness *liveness = &gateway->liveness;
	uint64_t queries = gateway->queries.passed - liveness->queries;

	liveness->queries = gateway->queries.passed;
	if (packets > queries) {
		liveness->dataless_rounds = 0;
		liveness->dataless_until = 0;
	} else if (!gateway->device->joined) {
		liveness->dataless_until = 0;
	} else if (liveness->dataless_until == 0) {
		liveness->dataless_until = now + dataless_usec(++liveness->dataless_rounds);
	} else if (now >= liveness->dataless_until) {
		liveness->dataless_until = 0;
		failover_dataless(gateway);
	}
}

/* Polls without a packet after which a stream of this rate has stopped. */
static unsigned int silent_limit(struct gateway_liveness *liveness, uint64_t rate, uint64_t now)
{
	unsigned int polls = (SILENT_PACKETS * SEC / rate + POLL_STREAM - 1) / POLL_STREAM;

	if (now - liveness->doubted > DOUBTS_LAST)
		liveness->doubts = 0;
	return (polls < SILENT_POLLS ? SILENT_POLLS : polls) << liveness->doubts;
}

static void on_silence(struct gateway *gateway, uint64_t now)
{
	struct gateway_liveness *liveness = &gateway->liveness;

	liveness->stream = false;
	liveness->doubted = now;
	if (liveness->doubts < DOUBTS_MAX)
		liveness->doubts++;
	failover_doubt(gateway);
}

/* True while a stream is received. */
static bool poll_gateway(struct gateway *gateway, uint64_t interval, uint64_t now)
{
	struct gateway_liveness *liveness = &gateway->liveness;
	struct link link;
	uint64_t packets, rate;

	if (link_get(gateway->manager->netlink, gateway->device->config->name, &link) < 0)
		return false;
	if (liveness->ifindex != link.ifindex) { /* another interface, or the first poll */
		liveness->ifindex = link.ifindex;
		liveness->packets = link.rx_packets;
	}
	packets = link.rx_packets - liveness->packets;
	liveness->packets = link.rx_packets;
	rate = packets * SEC / interval;
	judge_data(gateway, packets, now);
	if (packets > 0)
		liveness->silent = 0;
	else if (liveness->stream && ++liveness->silent >= liveness->silent_max)
		on_silence(gateway, now);
	if (!liveness->stream && rate >= STREAM_RATE) {
		liveness->stream = true;
		liveness->silent_max = silent_limit(liveness, rate, now);
	}
	return liveness->stream;
}

struct joined_scan {
	struct gateways *gateways;
	usec_t now;
};

static bool is_gateway(const struct device *device)
{
	return device->config->mode == CONFIG_GATEWAY;
}

static bool mark_joined(const char *name, const struct address *group, void *userdata)
{
	struct joined_scan *scan = userdata;
	struct device *device = devices_find(scan->gateways->manager, name);
	struct gateway *gateway;

	if (!device || !is_gateway(device))
		return true;
	device->joined = true;
	gateway = wing_data(device, scan->gateways->wing);
	joined_note(&gateway->joined, group, scan->now);
	return true;
}

/* Slow with many memberships: done less often then. */
static void find_joined(struct gateways *gateways, uint64_t now)
{
	struct manager *manager = gateways->manager;
	struct liveness *liveness = gateways->liveness;
	struct joined_scan scan = { .gateways = gateways, .now = now };
	size_t n = 0;

	if (now < liveness->joined_next)
		return;
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct gateway *gateway = wing_data(manager->devices[i], gateways->wing);

		manager->devices[i]->joined = false;
		joined_expire(&gateway->joined, now);
		n += is_gateway(manager->devices[i]);
	}
	if (n == 0)
		return;
	(void)groups_list(mark_joined, &scan);
	liveness->joined_next = now + JOINED_SHARE * (clock_monotonic() - now);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct gateways *gateways = userdata;
	const struct manager *manager = gateways->manager;
	struct liveness *liveness = gateways->liveness;
	uint64_t now = clock_monotonic();
	bool all = !liveness->streams || liveness->polls++ % (POLL / POLL_STREAM) == 0;
	bool streams = false;

	if (all)
		find_joined(gateways, now);
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct gateway *gateway = wing_data(manager->devices[i], gateways->wing);
		uint64_t since = gateway->liveness.stream ? POLL_STREAM : POLL;

		if (gateway->selection.phase != SELECTION_GOOD)
			gateway->liveness.stream = false;
		else if (gateway->liveness.stream || all)
			streams = poll_gateway(gateway, since, now) || streams;
	}
	liveness->streams = streams;
	timer_arm(source, now + (streams ? POLL_STREAM : POLL));
	return 0;
}

int liveness_open(struct gateways *gateways)
{
	int r;

	gateways->liveness = calloc(1, sizeof(*gateways->liveness));
	if (!gateways->liveness)
		return -ENOMEM;
	r = timer_add(gateways->manager->event, &gateways->liveness->poll, MSEC, on_poll, gateways);
	if (r == 0)
		timer_arm_relative(gateways->liveness->poll, POLL);
	return r;
}

void liveness_close(struct gateways *gateways)
{
	if (!gateways->liveness)
		return;
	sd_event_source_disable_unref(gateways->liveness->poll);
	free(gateways->liveness);
	gateways->liveness = NULL;
}
