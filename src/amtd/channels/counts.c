/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/channels/counts.h"

#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "kernel/channel-counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Poll interval, plus some for each channel: reading one costs some microseconds. */
#define POLL_USEC	  USEC_PER_SEC
#define POLL_CHANNEL_USEC 500

/* Joins are committed in batches. */
#define COMMIT_USEC (50 * USEC_PER_MSEC)

struct counts {
	struct channel_counters *counters;
	sd_event_source *commit, *poll;
	uint64_t polled; /* CLOCK_MONOTONIC */
	uint64_t now;	 /* CLOCK_REALTIME, of the current poll */
	uint64_t interval;
	bool warned;
};

static void arm_poll(struct channels *channels)
{
	timer_ensure(channels->counts->poll,
		     POLL_USEC + channel_table_count(channels->table) * POLL_CHANNEL_USEC);
}

void counts_device(struct channels *channels, const struct channel_device *via)
{
	channel_counters_device(channels->counts->counters, via->number, via->name);
	timer_ensure(channels->counts->commit, COMMIT_USEC);
}

void counts_channel(struct channels *channels, const struct channel_device *via,
		    const struct channel_key *key, bool wanted)
{
	channel_counters_channel(channels->counts->counters, via->number, key, wanted);
	timer_ensure(channels->counts->commit, COMMIT_USEC);
}

/* Nothing is counted after a failure: only new interfaces are tried again. */
static void uncount_all(struct channels *channels)
{
	for (struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c))
		c->counted = false;
}

static int on_commit(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct channels *channels = userdata;
	char *error_text = NULL;
	int r;

	r = channel_counters_commit(channels->counts->counters, &error_text);
	if (r < 0) {
		uncount_all(channels);
		if (!channels->counts->warned)
			log_warning(NULL, "cannot count packets of channels: %s",
				    error_text ?: strerror(-r));
		channels->counts->warned = true;
	} else {
		arm_poll(channels);
	}
	free(error_text);
	pass_tidy(channels->manager);
	return 0;
}

static void add_packets(struct channels *channels, struct channel *channel, unsigned int number,
			uint64_t packets)
{
	struct counts *counts = channels->counts;
	uint64_t more;

	if (!channel || !channel->via || channel->via->number != number)
		return;
	/* A lower count: the counter was recreated. */
	more = packets >= channel->packets_before ? packets - channel->packets_before : packets;
	channel->counted = true;
	channel->packets_before = packets;
	channel->packets += more;
	channel->rate = more * USEC_PER_SEC / counts->interval;
	if (more > 0)
		channel->last_packet = counts->now;
}

static void on_count(unsigned int number, const struct channel_key *key, uint64_t packets,
		     void *userdata)
{
	struct channels *channels = userdata;
	const struct channel_device *via = channel_table_device_numbered(channels->table, number);

	add_packets(channels, channel_table_find(channels->table, key, ""), number, packets);
	if (via)
		add_packets(channels, channel_table_find(channels->table, key, via->name), number,
			    packets);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct channels *channels = userdata;
	struct counts *counts = channels->counts;
	uint64_t now = clock_monotonic();

	counts->interval = now > counts->polled ? now - counts->polled : 1;
	counts->polled = now;
	counts->now = clock_realtime();
	(void)channel_counters_read(counts->counters, on_count, channels);
	if (channel_table_count(channels->table) > 0)
		arm_poll(channels);
	return 0;
}

int counts_open(struct channels *channels)
{
	int r;

	channels->counts = calloc(1, sizeof(*channels->counts));
	if (!channels->counts)
		return -ENOMEM;
	channels->counts->polled = clock_monotonic();
	r = channel_counters_new(&channels->counts->counters);
	if (r == 0)
		r = timer_add(channels->manager->event, &channels->counts->commit, TIMER_EXACT,
			      on_commit, channels);
	if (r >= 0)
		r = timer_add(channels->manager->event, &channels->counts->poll, TIMER_EXACT,
			      on_poll, channels);
	return r;
}

void counts_stop(struct channels *channels)
{
	channel_counters_remove(channels->counts->counters);
}

void counts_close(struct channels *channels)
{
	if (!channels->counts)
		return;
	sd_event_source_disable_unref(channels->counts->commit);
	sd_event_source_disable_unref(channels->counts->poll);
	channel_counters_free(channels->counts->counters);
	free(channels->counts);
	channels->counts = NULL;
}
