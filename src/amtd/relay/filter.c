/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/relay/filter.h"

#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "kernel/tunnel-filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_SEC 5

struct relay_filter {
	struct manager *manager;
	struct tunnel_filter *kernel;
	struct relay_device *due; /* list */
	sd_event_source *retry;
	bool failed; /* until retry */
	bool warned; /* since it worked */
};

static int describe_group(const struct router_group *group, const struct filter *sources,
			  void *userdata)
{
	return tunnel_filter_group(userdata, &group->group, sources);
}

static void describe_tunnel(struct tunnels *tunnels, const struct tunnels_tunnel *tunnel,
			    void *userdata)
{
	const struct relay_device *relay = userdata;
	struct tunnel_filter *kernel = relay->filter->kernel;
	const struct tunnel_filter_key key = {
		.gateway = tunnel->gateway.in,
		.relay_port = relay->port,
		.port = tunnel->port,
	};
	int r = -ENOENT;

	if (!tunnel->ended && tunnel->known)
		r = tunnel_filter_begin(kernel, &key);
	if (r == 0)
		r = tunnels_groups(tunnels, &tunnel->gateway, clock_monotonic(), describe_group,
				   kernel);
	if (r < 0)
		tunnel_filter_pass(kernel, &key);
}

static void commit(struct relay_filter *filter)
{
	char *error = NULL;
	int r;

	if (filter->failed)
		return;
	r = tunnel_filter_commit(filter->kernel, filter->manager->firewall, &error);
	if (r < 0) {
		log_full(
			filter->warned ? LOG_DEBUG : LOG_WARNING, NULL,
			"nftables table 'ip amtd-relay': %s; gateways of relay devices get all sources of their groups; trying again every %d s",
			error ?: strerror(-r), RETRY_SEC);
		filter->failed = filter->warned = true;
		timer_ensure(filter->retry, RETRY_SEC * USEC_PER_SEC);
	} else if (r == FIREWALL_LOST) {
		hooks_packets_missed(filter->manager, "another program changed the ruleset");
		pass_schedule(filter->manager);
	}
	free(error);
	if (r < 0 || !filter->warned)
		return;
	log_notice(NULL, "nftables table 'ip amtd-relay' works again");
	filter->warned = false;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct relay_filter *filter = userdata;

	filter->failed = false;
	commit(filter);
	return 0;
}

void relay_filter_note(struct relay_device *relay)
{
	if (relay->due || !relay->filter)
		return;
	relay->due = true;
	relay->next_due = relay->filter->due;
	relay->filter->due = relay;
}

void relay_filter_run(struct relay_filter *filter)
{
	struct relay_device *relay;

	if (!filter || !filter->due)
		return;
	while ((relay = filter->due)) {
		filter->due = relay->next_due;
		relay->due = false;
		if (relay->tunnels)
			tunnels_each_changed(relay->tunnels, describe_tunnel, relay);
	}
	commit(filter);
}

uint64_t relay_filter_dropped(const struct relay_device *relay)
{
	return relay->filter ? tunnel_filter_dropped(relay->filter->kernel, relay->port) : 0;
}

int relay_filter_open(struct manager *manager, struct relay_filter **ret)
{
	struct relay_filter *filter = calloc(1, sizeof(*filter));
	int r;

	if (!filter)
		return -ENOMEM;
	filter->manager = manager;
	r = tunnel_filter_new(&filter->kernel);
	if (r >= 0)
		r = timer_add(manager->event, &filter->retry, TIMER_COARSE, on_retry, filter);
	if (r < 0) {
		relay_filter_close(filter);
		return r;
	}
	*ret = filter;
	return 0;
}

void relay_filter_close(struct relay_filter *filter)
{
	if (!filter)
		return;
	sd_event_source_disable_unref(filter->retry);
	tunnel_filter_free(filter->kernel);
	free(filter);
}
