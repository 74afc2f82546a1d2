/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/upstream-listener.h"

#include "amtd/forward/proxy-messages.h"
#include "amtd/forward/unsolicited.h"
#include "amtd/forward/upstream-side.h"
#include "amtd/forward/upstreams.h"
#include "base/clock.h"
#include "base/log.h"
#include "kernel/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages of an interface to handle before other events get their turn. */
#define MESSAGES_AT_ONCE 256

/* Other Querier Present and Older Version Querier Present Interval, RFC 9776, 8.5 and 8.12, with
 * the default values of section 8. */
#define QUERIER_USEC (255 * USEC_PER_SEC)
#define OLDER_USEC   (260 * USEC_PER_SEC)

static void handle_query(struct listener_side *side, const struct group_message *message)
{
	const uint8_t latest = message->family == AF_INET6 ? 2 : 3;
	uint64_t now = clock_monotonic();

	side->counters.queries++;
	if (message->query.group.family == AF_UNSPEC && message->version < latest) {
		side->compat_version = message->version;
		side->compat_until = now + OLDER_USEC;
	}
	side->querier = message->source;
	side->querier_until = now + QUERIER_USEC;
	proxy_query(side, message);
}

static void on_packet(const struct listener_packet *packet, void *userdata)
{
	struct listener_side *side = userdata;
	struct listeners *listeners = side->upstream->listeners;
	struct group_message message;
	enum group_error error;

	error = group_message_parse(packet->data, packet->length,
				    refusal_lenience(listeners_config(listeners), packet),
				    &message);
	if (error != GROUP_ERROR_NONE) {
		side->counters.refused[error]++;
		return;
	}
	event_emit_received(listeners->device, &side->budget,
			    &(struct event_received){ .on = side->upstream->name,
						      .upstream = true,
						      .unicast = packet->unicast,
						      .message = &message });
	if (message.type == GROUP_QUERY)
		handle_query(side, &message);
	else
		side->counters.reports++;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct listener_side *side = userdata;
	int r;

	r = listener_dispatch(side->listener, MESSAGES_AT_ONCE);
	if (r == -ENODEV) /* the monitor reports that, too */
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	else if (r < 0)
		log_error(side->upstream->name, "cannot read from IGMP/MLD listener: %s",
			  strerror(-r));
	return 0;
}

static int open_side(struct upstream *upstream, enum family family)
{
	struct listener_side *side = &upstream->sides[family];
	int r;

	side->upstream = upstream;
	side->family = family;
	r = listener_open(family_to_af(family), upstream->ifindex, on_packet, side,
			  &side->listener);
	if (r < 0)
		return r;
	return sd_event_add_io(upstream->listeners->manager->event, &side->source,
			       listener_fd(side->listener), EPOLLIN, on_readable, side);
}

static void upstream_free(struct upstream *upstream)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		sd_event_source_disable_unref(upstream->sides[family].source);
		listener_close(upstream->sides[family].listener);
	}
	free(upstream);
}

/* Whether the interface has another address than before. */
static bool find_own(struct upstream *upstream)
{
	bool changed = false;

	for (int family = 0; family < _FAMILY_MAX; family++) {
		struct listener_side *side = &upstream->sides[family];
		const struct address before = side->own, *own;

		side->own.family = AF_UNSPEC;
		side->own_at = 0;
		own = listener_side_address(side);
		if (address_is_set(own))
			changed = changed || !address_equal(own, &before);
		else
			side->own_at = 0; /* it may come at any time */
	}
	return changed;
}

static void add_upstream(struct listeners *listeners, const struct link *link)
{
	struct upstream *upstream;
	int r = 0;

	upstream = calloc(1, sizeof(*upstream));
	if (!upstream) {
		listeners->dirty = true;
		return;
	}
	upstream->listeners = listeners;
	upstream->ifindex = link->ifindex;
	upstream->mtu = link->mtu;
	upstream->wanted = true;
	strcpy(upstream->name, link->name);
	for (int family = 0; family < _FAMILY_MAX && r >= 0; family++)
		r = open_side(upstream, family);
	if (r < 0) {
		log_error(upstream->name, "cannot open IGMP/MLD listener: %s", strerror(-r));
		upstream_free(upstream);
		return;
	}
	(void)find_own(upstream);
	upstream->next = listeners->list;
	listeners->list = upstream;
}

/* An interface may have many prefixes. */
static void want_upstream(struct listeners *listeners, const char *name)
{
	struct link link;
	struct upstream *upstream;

	for (upstream = listeners->list; upstream; upstream = upstream->next)
		if (upstream->wanted && strcmp(upstream->name, name) == 0)
			return;
	if (link_get(listeners->manager->netlink, name, &link) < 0 || !(link.flags & IFF_UP))
		return;
	for (upstream = listeners->list; upstream; upstream = upstream->next)
		if (upstream->ifindex == link.ifindex) {
			upstream->wanted = true;
			upstream->mtu = link.mtu;
			strcpy(upstream->name, link.name);
			return;
		}
	add_upstream(listeners, &link);
}

void upstream_listener_refresh(struct forward_device *owner)
{
	const struct config_forward *config = &owner->device->config->forward;
	struct listeners *listeners = owner->listeners;
	struct upstream **link;
	bool changed = false;

	if (!listeners)
		return;
	listeners->dirty = false;
	for (struct upstream *upstream = listeners->list; upstream; upstream = upstream->next)
		upstream->wanted = false;
	for (size_t i = 0; i < config->n_upstreams; i++)
		want_upstream(listeners, owner->forward ? forward_upstream_name(owner->forward, i)
							: config->upstreams[i].name);
	for (link = &listeners->list; *link;) {
		struct upstream *upstream = *link;

		if (upstream->wanted) {
			changed = find_own(upstream) || changed;
			link = &upstream->next;
			continue;
		}
		*link = upstream->next;
		upstream_free(upstream);
	}
	if (changed)
		unsolicited_now(listeners);
}

static void start_listeners(struct forward_device *owner)
{
	struct listeners *listeners;
	int r;

	listeners = calloc(1, sizeof(*listeners));
	if (!listeners)
		return; /* retried by the next pass */
	listeners->owner = owner;
	listeners->device = owner->device;
	listeners->manager = owner->forwarding->manager;
	listeners->dirty = true;
	owner->listeners = listeners;
	r = unsolicited_start(listeners);
	if (r < 0) {
		log_error(owner->device->config->name, "cannot listen upstream: %s", strerror(-r));
		upstream_listener_stop(owner);
	}
}

void upstream_listener_stop(struct forward_device *owner)
{
	struct listeners *listeners = owner->listeners;

	if (!listeners)
		return;
	owner->listeners = NULL;
	unsolicited_stop(listeners);
	while (listeners->list) {
		struct upstream *upstream = listeners->list;

		listeners->list = upstream->next;
		upstream_free(upstream);
	}
	free(listeners);
}

void upstream_listener_configure(struct forward_device *owner)
{
	struct listeners *listeners = owner->listeners;

	if (!listeners)
		return;
	if (owner->device->config->forward.n_upstreams == 0) {
		upstream_listener_stop(owner);
		return;
	}
	listeners->dirty = true;
	unsolicited_stop(listeners);
	if (unsolicited_start(listeners) < 0)
		upstream_listener_stop(owner); /* the next pass starts it */
}

static bool has_interface(const struct listeners *listeners, int ifindex, const char *name)
{
	const struct config_forward *config = listeners_config(listeners);

	for (const struct upstream *upstream = listeners->list; upstream; upstream = upstream->next)
		if (upstream->ifindex == ifindex)
			return true;
	for (size_t i = 0; *name != '\0' && i < config->n_upstreams; i++)
		if (strcmp(config->upstreams[i].name, name) == 0)
			return true;
	return *name != '\0' && strcmp(config->backup_upstream, name) == 0;
}

bool upstream_listener_link(struct forward_device *owner, const struct link_change *change)
{
	struct listeners *listeners = owner->listeners;

	if (!listeners || listeners->dirty ||
	    (change->ifindex != 0 && !has_interface(listeners, change->ifindex, change->name)))
		return false;
	listeners->dirty = true;
	return true;
}

void upstream_listener_run(struct forward_device *owner)
{
	if (!owner->listeners && owner->device->config->forward.n_upstreams > 0)
		start_listeners(owner);
	if (owner->listeners && owner->listeners->dirty)
		upstream_listener_refresh(owner);
}
