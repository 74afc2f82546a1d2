/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the devices' counters tell: a stream that ceases is the first sign of a dead relay, and a
 * channel that is joined and brings no data may have a better relay (RFC 8777, "Absence of
 * Traffic").
 */
#include "amtd/core/manager-private.h"
#include "base/clock.h"
#include "base/log.h"
#include "kernel/groups.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MSEC 1000ULL
#define SEC  (1000 * MSEC)

/* How often counters are looked at; and while a stream flows, of so many packets a second. */
#define POLL	    (1000 * MSEC)
#define POLL_STREAM (50 * MSEC)
#define STREAM_RATE 20

/* So many packets of a stream missing are a sign, but so many looks without one it takes. */
#define SILENT_PACKETS 2
#define SILENT_LOOKS   2

/* A stream that pauses by itself is given twice the time after each doubt that was none, for so
 * long. */
#define DOUBTS_MAX  4
#define DOUBTS_LAST (60 * SEC)

/* RFC 8777: joined and no data for a random time in [4 s, min(4 s * 2^n, 120 s)]. */
#define DATALESS_MIN (4 * SEC)
#define DATALESS_MAX (120 * SEC)

/* What is joined is read for at most one part in so many of the time. */
#define JOINED_SHARE 50

static bool is_gateway(const struct device *device)
{
	return device->config->mode == CONFIG_GATEWAY;
}

static uint64_t patience(unsigned int n)
{
	uint64_t most = n < 5 ? DATALESS_MIN << n : DATALESS_MAX;

	if (most > DATALESS_MAX)
		most = DATALESS_MAX;
	return DATALESS_MIN + arc4random_uniform(most - DATALESS_MIN + 1);
}

/* The driver hands the packets within Queries to the device, too: they are no data. */
static void judge_data(struct device *device, uint64_t packets, uint64_t now)
{
	uint64_t queries = device->queries.passed - device->queries_counted;

	device->queries_counted = device->queries.passed;
	if (packets > queries) {
		device->dataless_rounds = 0;
		device->dataless_until = 0;
	} else if (!device->joined) {
		device->dataless_until = 0;
	} else if (device->dataless_until == 0) {
		device->dataless_until = now + patience(++device->dataless_rounds);
	} else if (now >= device->dataless_until) {
		device->dataless_until = 0;
		failover_dataless(device);
	}
}

/* How many looks without a packet a stream of this rate has to miss. */
static unsigned int silence(struct device *device, uint64_t rate, uint64_t now)
{
	unsigned int polls = (SILENT_PACKETS * SEC / rate + POLL_STREAM - 1) / POLL_STREAM;

	if (now - device->rx_doubted > DOUBTS_LAST)
		device->rx_doubts = 0;
	return (polls < SILENT_LOOKS ? SILENT_LOOKS : polls) << device->rx_doubts;
}

static void doubt(struct device *device, uint64_t now)
{
	device->rx_stream = false;
	device->rx_doubted = now;
	if (device->rx_doubts < DOUBTS_MAX)
		device->rx_doubts++;
	failover_doubt(device);
}

/* True while a stream flows. */
static bool poll_device(struct manager *manager, struct device *device, uint64_t interval,
			uint64_t now)
{
	struct link link;
	uint64_t packets, rate;

	if (link_get(manager->netlink, device->config->name, &link) < 0)
		return false;
	if (device->rx_ifindex != link.ifindex) { /* another interface, or the first look */
		device->rx_ifindex = link.ifindex;
		device->rx_packets = link.rx_packets;
	}
	packets = link.rx_packets - device->rx_packets;
	device->rx_packets = link.rx_packets;
	rate = packets * SEC / interval;
	judge_data(device, packets, now);
	if (packets > 0)
		device->rx_silent = 0;
	else if (device->rx_stream && ++device->rx_silent >= device->rx_patience)
		doubt(device, now);
	if (!device->rx_stream && rate >= STREAM_RATE) {
		device->rx_stream = true;
		device->rx_patience = silence(device, rate, now);
	}
	return device->rx_stream;
}

/* Until it is known of all tunnels. */
struct looking {
	struct manager *manager;
	size_t unknown;
};

static bool mark_joined(const char *name, const struct address *group, void *userdata)
{
	struct looking *looking = userdata;
	struct device *device = manager_find(looking->manager, name);

	if (device && is_gateway(device) && !device->joined) {
		device->joined = true;
		looking->unknown--;
	}
	return looking->unknown > 0;
}

/* To read it takes long where much is joined: it is done as rarely, then. */
static void find_joined(struct manager *manager, uint64_t now)
{
	struct looking looking = { .manager = manager };

	if (now < manager->joined_next)
		return;
	for (size_t i = 0; i < manager->n_devices; i++) {
		manager->devices[i]->joined = false;
		looking.unknown += is_gateway(manager->devices[i]);
	}
	if (looking.unknown == 0)
		return;
	(void)groups_list(mark_joined, &looking);
	manager->joined_next = now + JOINED_SHARE * (clock_monotonic() - now);
}

static void arm(sd_event_source *timer, uint64_t at)
{
	(void)sd_event_source_set_time(timer, at);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *manager = userdata;
	uint64_t now = clock_monotonic();
	bool all = !manager->streams || manager->polls++ % (POLL / POLL_STREAM) == 0;
	bool streams = false;

	if (all) {
		find_joined(manager, now);
		host_joins_look(manager, now);
	}
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];
		uint64_t since = device->rx_stream ? POLL_STREAM : POLL;

		if (device->selection.phase != SELECTION_GOOD)
			device->rx_stream = false;
		else if (device->rx_stream || all)
			streams = poll_device(manager, device, since, now) || streams;
	}
	manager->streams = streams;
	arm(source, now + (streams ? POLL_STREAM : POLL));
	return 0;
}

int liveness_open(struct manager *manager)
{
	return sd_event_add_time_relative(manager->event, &manager->poll, CLOCK_MONOTONIC, POLL,
					  MSEC, on_poll, manager);
}

void liveness_close(struct manager *manager)
{
	sd_event_source_disable_unref(manager->poll);
}
