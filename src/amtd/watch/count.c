/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes of each channel: the kernel counts, and is asked once in a while.
 */
#include "watch.h"

#include <amt/clock.h>
#include <amt/log.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So often, and less often the more channels there are: each costs some microseconds. */
#define LOOK_USEC	  USEC_PER_SEC
#define LOOK_CHANNEL_USEC 500

/* Joins come in bundles. */
#define COMMIT_USEC (50 * USEC_PER_MSEC)

struct count {
	struct tally *tally;
	sd_event_source *commit, *look;
	uint64_t looked; /* CLOCK_MONOTONIC */
	uint64_t now;	 /* CLOCK_REALTIME, of the look under way */
	uint64_t interval;
	bool warned;
};

static void arm(sd_event_source *timer, uint64_t usec)
{
	if (sd_event_source_get_enabled(timer, NULL) > 0)
		return;
	(void)sd_event_source_set_time_relative(timer, usec);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void arm_look(struct watch *watch)
{
	arm(watch->count->look, LOOK_USEC + channels_count(watch->channels) * LOOK_CHANNEL_USEC);
}

void count_device(struct watch *watch, const struct channel_device *via)
{
	tally_device(watch->count->tally, via->number, via->name);
	arm(watch->count->commit, COMMIT_USEC);
}

void count_channel(struct watch *watch, const struct channel_device *via,
		   const struct channel_key *key, bool wanted)
{
	tally_channel(watch->count->tally, via->number, key, wanted);
	arm(watch->count->commit, COMMIT_USEC);
}

/* Nothing is counted after a failure: only new interfaces are tried again. */
static void uncount_all(struct watch *watch)
{
	for (struct channel *c = channels_next(watch->channels, NULL); c;
	     c = channels_next(watch->channels, c))
		c->counted = false;
}

static int on_commit(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct watch *watch = userdata;
	char *words = NULL;
	int r;

	r = tally_commit(watch->count->tally, &words);
	if (r < 0) {
		uncount_all(watch);
		if (!watch->count->warned)
			log_warning(NULL, "packets of channels are not counted: %s",
				    words ?: strerror(-r));
		watch->count->warned = true;
	} else {
		arm_look(watch);
	}
	free(words);
	pass_tidy(watch->manager);
	return 0;
}

static void take(struct watch *watch, struct channel *channel, unsigned int number,
		 uint64_t packets)
{
	struct count *count = watch->count;
	uint64_t more;

	if (!channel || !channel->via || channel->via->number != number)
		return;
	/* It began anew where less is counted than before. */
	more = packets >= channel->packets_before ? packets - channel->packets_before : packets;
	channel->counted = true;
	channel->packets_before = packets;
	channel->packets += more;
	channel->rate = more * USEC_PER_SEC / count->interval;
	if (more > 0)
		channel->last_packet = count->now;
}

static void on_count(unsigned int number, const struct channel_key *key, uint64_t packets,
		     void *userdata)
{
	struct watch *watch = userdata;
	const struct channel_device *via = channels_device_numbered(watch->channels, number);

	take(watch, channels_find(watch->channels, key, ""), number, packets);
	if (via)
		take(watch, channels_find(watch->channels, key, via->name), number, packets);
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct watch *watch = userdata;
	struct count *count = watch->count;
	uint64_t now = clock_monotonic();

	count->interval = now > count->looked ? now - count->looked : 1;
	count->looked = now;
	count->now = clock_realtime();
	(void)tally_read(count->tally, on_count, watch);
	if (channels_count(watch->channels) > 0)
		arm_look(watch);
	return 0;
}

static int add_timer(struct watch *watch, sd_event_source **ret, sd_event_time_handler_t handler)
{
	int r = sd_event_add_time(watch->manager->event, ret, CLOCK_MONOTONIC, 0, USEC_PER_MSEC,
				  handler, watch);

	return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

int count_open(struct watch *watch)
{
	int r;

	watch->count = calloc(1, sizeof(*watch->count));
	if (!watch->count)
		return -ENOMEM;
	watch->count->looked = clock_monotonic();
	r = tally_new(&watch->count->tally);
	if (r == 0)
		r = add_timer(watch, &watch->count->commit, on_commit);
	if (r >= 0)
		r = add_timer(watch, &watch->count->look, on_look);
	return r;
}

void count_stop(struct watch *watch)
{
	tally_remove(watch->count->tally);
}

void count_close(struct watch *watch)
{
	if (!watch->count)
		return;
	sd_event_source_disable_unref(watch->count->commit);
	sd_event_source_disable_unref(watch->count->look);
	tally_free(watch->count->tally);
	free(watch->count);
	watch->count = NULL;
}
