/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/backup.h"

#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "amtd/forward/upstream-listener.h"
#include "amtd/forward/upstreams.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

/* Packets received on the upstream of sources without a prefix. */
uint64_t upstream_packets(const struct forward *forward)
{
	uint64_t packets, sum = 0;

	for (size_t i = 0; i < forward_config(forward)->n_upstreams; i++) {
		if (forward_config(forward)->upstreams[i].prefix.address.family != AF_UNSPEC ||
		    forward->upstreams[i] == 0)
			continue;
		for (int family = 0; family < _FAMILY_MAX; family++)
			if (forward->routing->mroutes[family] &&
			    mroute_interface_packets(forward->routing->mroutes[family],
						     forward->upstreams[i], &packets) == 0)
				sum += packets;
	}
	return sum;
}

static bool is_wanted(const struct forward *forward)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		struct forwarder_counters counters;

		if (!forward->forwarders[family])
			continue;
		forwarder_counters(forward->forwarders[family], &counters);
		if (counters.wants > 0)
			return true;
	}
	return false;
}

/* Of sources without a prefix; NULL: none. */
static const char *default_upstream(const struct config_forward *config)
{
	for (size_t i = 0; i < config->n_upstreams; i++)
		if (config->upstreams[i].prefix.address.family == AF_UNSPEC)
			return config->upstreams[i].name;
	return NULL;
}

static void switch_upstream(struct forward *forward, enum upstreams_change how, const char *why)
{
	forward->switched = !forward->switched;
	forward->active_at = clock_monotonic();
	forward_refresh_upstreams(forward, how);
	upstream_listener_refresh(forward->owner);
	log_notice(forward->device->config->name, "upstream is now %s: %s",
		   forward->switched ? forward_config(forward)->backup_upstream
				     : default_upstream(forward_config(forward)),
		   why);
}

void backup_poll(struct forward *forward, uint64_t now)
{
	const struct config_forward *config = forward_config(forward);
	uint64_t packets = upstream_packets(forward);

	if (config->upstream_timeout_sec == 0 || config->backup_upstream[0] == '\0' ||
	    !default_upstream(config))
		return;
	if (packets != forward->upstream_packets || !is_wanted(forward)) {
		forward->upstream_packets = packets;
		forward->active_at = now;
		return;
	}
	if (now - forward->active_at >= config->upstream_timeout_sec * USEC_PER_SEC)
		switch_upstream(forward, UPSTREAMS_SET,
				"no packets on the other one (UpstreamTimeoutSec=)");
}

/* Is the interface one of the device's two upstreams? */
static bool knows_upstream(const struct forward *forward, const char *upstream)
{
	const struct config_forward *config = forward_config(forward);
	const char *name = default_upstream(config);

	return config->backup_upstream[0] != '\0' && name &&
	       (strcmp(config->backup_upstream, upstream) == 0 || strcmp(name, upstream) == 0);
}

int backup_switch(struct forwarding *forwarding, const char *upstream, const char *name,
		  struct failure *ret_failure)
{
	unsigned int found = 0;

	if (*name != '\0' && !devices_find(forwarding->manager, name))
		return failure_set(ret_failure, FAILURE_NO_DEVICE,
				   "no device %s; `amtctl list` shows the %zu there are", name,
				   forwarding->manager->n_devices);
	for (struct forward *forward = forwarding->list; forward; forward = forward->next) {
		if (forward->error < 0 ||
		    (*name != '\0' && strcmp(name, forward->device->config->name) != 0) ||
		    !knows_upstream(forward, upstream))
			continue;
		found++;
		if (forward->switched !=
		    (strcmp(forward_config(forward)->backup_upstream, upstream) == 0))
			switch_upstream(forward, UPSTREAMS_MOVE, "on request");
	}
	if (found > 0)
		return 0;
	return failure_set(
		ret_failure, FAILURE_INVALID,
		"no device%s%s has %s as upstream; name it in BackupUpstream= of [Forward], amt(5), beside an Upstream= without prefixes",
		*name != '\0' ? " " : "", name, upstream);
}
