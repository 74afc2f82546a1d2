/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/relay/persist.h"

#include "amtd/core/keep.h"
#include "amtd/core/manager.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/state-log.h"
#include "device/device.h"

#include <string.h>

/* The first line: the interface that the file is about. */
#define ABOUT "device ifindex "

struct reading {
	struct relay_device *relay;
	bool same, groups;
	size_t n, invalid;
};

static void warn_unwritten(const struct relay_device *relay, int error)
{
	log_warning(relay->device->config->name,
		    "cannot write down its tunnels: %s; a restart of amtd interrupts streams",
		    strerror(-error));
}

static void on_about(const char *line, void *userdata)
{
	struct reading *reading = userdata;
	uint32_t ifindex;

	if (strncmp(line, ABOUT, strlen(ABOUT)) == 0 &&
	    parse_u32(line + strlen(ABOUT), 1, INT32_MAX, &ifindex) == 0)
		reading->same = (int)ifindex == reading->relay->ifindex;
}

static void on_line(const char *line, void *userdata)
{
	struct reading *reading = userdata;
	int r;

	if (strncmp(line, ABOUT, strlen(ABOUT)) == 0)
		return;
	r = (reading->groups ? tunnels_read_group : tunnels_read_tunnel)(reading->relay->tunnels,
									 line, clock_monotonic());
	reading->n += r > 0 && !reading->groups;
	reading->invalid += r < 0;
}

static void write_all(FILE *stream, void *userdata)
{
	const struct relay_device *relay = userdata;

	fprintf(stream, ABOUT "%d\n", relay->ifindex);
	tunnels_write(relay->tunnels, clock_monotonic(), stream);
}

static void rewrite(struct relay_device *relay)
{
	int r = state_log_rewrite(relay->log, write_all, relay);

	if (r < 0)
		warn_unwritten(relay, r);
}

static FILE *on_begin(void *userdata)
{
	struct relay_device *relay = userdata;

	return state_log_begin(relay->log);
}

static int on_rewrite(sd_event_source *source, void *userdata)
{
	rewrite(userdata);
	return 0;
}

static void on_end(void *userdata)
{
	struct relay_device *relay = userdata;
	int r = state_log_end(relay->log);

	if (r < 0)
		warn_unwritten(relay, r);
	else if (r > 0) /* not now: the tunnel is in the middle of its change */
		(void)sd_event_source_set_enabled(relay->rewrite, SD_EVENT_ONESHOT);
}

static void read_all(struct relay_device *relay)
{
	struct reading reading = { .relay = relay };

	state_log_each(relay->log, on_about, &reading);
	if (!reading.same)
		return;
	state_log_each(relay->log, on_line, &reading);
	reading.groups = true;
	state_log_each(relay->log, on_line, &reading);
	if (reading.invalid > 0)
		log_warning(relay->device->config->name,
			    "cannot take up %zu lines of its tunnels of before", reading.invalid);
	if (reading.n > 0)
		log_info(relay->device->config->name, "took up %zu tunnels of before", reading.n);
}

void persist_tunnels(struct relay_device *relay)
{
	const struct tunnels_recorder recorder = { on_begin, on_end, relay };
	int r = 0;

	if (relay->ifindex == 0)
		return;
	if (!relay->log) {
		r = sd_event_add_defer(relay->manager->event, &relay->rewrite, on_rewrite, relay);
		if (r >= 0)
			r = sd_event_source_set_enabled(relay->rewrite, SD_EVENT_OFF);
		if (r >= 0)
			r = state_log_open("/run/amt/tunnels", relay->device->config->name,
					   &relay->log);
		if (r < 0) {
			relay->rewrite = sd_event_source_disable_unref(relay->rewrite);
			warn_unwritten(relay, r);
			return;
		}
		read_all(relay);
	}
	rewrite(relay);
	tunnels_record(relay->tunnels, &recorder);
}

void persist_end(struct relay_device *relay)
{
	if (relay->tunnels)
		tunnels_record(relay->tunnels, NULL);
	relay->rewrite = sd_event_source_disable_unref(relay->rewrite);
	state_log_close(relay->log, !keep_is_released(relay->manager->keep));
	relay->log = NULL;
}
