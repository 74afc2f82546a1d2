/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ears-private.h"

#include <amt/clock.h>
#include <amt/link.h>
#include <amt/log.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many messages of an interface at most before other events get their turn. */
#define MESSAGES_AT_ONCE 256

/* An address that is missing is looked for again so often. */
#define OWN_USEC (1 * USEC_PER_SEC)

/* RFC 9776, 8.5 and 8.12, with the values of section 8: who asked last, and in which version, holds
 * for so long. */
#define QUERIER_USEC (255 * USEC_PER_SEC)
#define OLDER_USEC   (260 * USEC_PER_SEC)

static const sa_family_t families[_FAMILY_MAX] = { AF_INET, AF_INET6 };

const struct address *ear_own(struct ear_side *side)
{
	struct ear *ear = side->ear;
	uint64_t now = clock_monotonic();

	if (side->own.family == AF_UNSPEC && (side->own_at == 0 || now - side->own_at > OWN_USEC)) {
		side->own_at = now;
		side->own = own_address(ear->ears->manager, side->family, ear->ifindex, ear->name);
	}
	return &side->own;
}

void notice_message(struct device *device, struct event_budget *budget, const char *on,
		    bool upstream, bool unicast, const struct group_message *message)
{
	const struct event_heard heard = {
		.on = on,
		.upstream = upstream,
		.unicast = unicast,
		.message = message,
	};

	event_emit_heard(device, budget, &heard);
}

static void heed_query(struct ear_side *side, const struct group_message *message)
{
	const uint8_t latest = message->family == AF_INET6 ? 2 : 3;
	uint64_t now = clock_monotonic();

	side->counters.queries++;
	if (message->query.group.family == AF_UNSPEC && message->version < latest) {
		side->older = message->version;
		side->older_until = now + OLDER_USEC;
	}
	side->querier = message->source;
	side->querier_until = now + QUERIER_USEC;
	copy_query(side, message);
}

static void on_packet(const struct listener_packet *packet, void *userdata)
{
	struct ear_side *side = userdata;
	struct ears *ears = side->ear->ears;
	struct group_message message;

	if (group_message_parse(packet->data, packet->length,
				packet->unicast ? GROUP_UNICAST : GROUP_STRICT,
				&message) != GROUP_FAULT_NONE) {
		side->counters.malformed++;
		return;
	}
	notice_message(ears->device, &side->told, side->ear->name, true, packet->unicast, &message);
	if (message.type == GROUP_QUERY)
		heed_query(side, &message);
	else
		side->counters.reports++;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct ear_side *side = userdata;
	int r;

	r = listener_dispatch(side->listener, MESSAGES_AT_ONCE);
	if (r == -ENODEV) /* the monitor tells of that, too */
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	else if (r < 0)
		log_error(side->ear->name, "what is said there cannot be read: %s", strerror(-r));
	return 0;
}

static int open_side(struct ear *ear, enum family family)
{
	struct ear_side *side = &ear->sides[family];
	int r;

	side->ear = ear;
	side->family = family;
	r = listener_open(families[family], ear->ifindex, on_packet, side, &side->listener);
	if (r < 0)
		return r;
	return sd_event_add_io(ear->ears->manager->event, &side->source,
			       listener_fd(side->listener), EPOLLIN, on_readable, side);
}

static void ear_free(struct ear *ear)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		sd_event_source_disable_unref(ear->sides[family].source);
		listener_close(ear->sides[family].listener);
	}
	free(ear);
}

static void add_ear(struct ears *ears, const struct link *link)
{
	struct ear *ear;
	int r = 0;

	ear = calloc(1, sizeof(*ear));
	if (!ear) {
		ears->dirty = true;
		return;
	}
	ear->ears = ears;
	ear->ifindex = link->ifindex;
	ear->mtu = link->mtu;
	ear->wanted = true;
	strcpy(ear->name, link->name);
	for (int family = 0; family < _FAMILY_MAX && r >= 0; family++)
		r = open_side(ear, family);
	if (r < 0) {
		log_error(ear->name, "what is said there cannot be heard: %s", strerror(-r));
		ear_free(ear);
		return;
	}
	ear->next = ears->list;
	ears->list = ear;
}

/* An interface may stand before many prefixes. */
static void want_ear(struct ears *ears, const char *name)
{
	struct link link;
	struct ear *ear;

	for (ear = ears->list; ear; ear = ear->next)
		if (ear->wanted && strcmp(ear->name, name) == 0)
			return;
	if (link_get(ears->manager->netlink, name, &link) < 0 || !(link.flags & IFF_UP))
		return;
	for (ear = ears->list; ear; ear = ear->next)
		if (ear->ifindex == link.ifindex) {
			ear->wanted = true;
			ear->mtu = link.mtu;
			strcpy(ear->name, link.name);
			return;
		}
	add_ear(ears, &link);
}

static void forget_own(struct ear *ear)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		ear->sides[family].own.family = AF_UNSPEC;
		ear->sides[family].own_at = 0;
	}
}

void ears_refresh(struct device *device)
{
	const struct config_forward *config = &device->config->forward;
	struct ears *ears = device->ears;
	struct ear **link;

	if (!ears)
		return;
	ears->dirty = false;
	for (struct ear *ear = ears->list; ear; ear = ear->next)
		ear->wanted = false;
	for (size_t i = 0; i < config->n_upstreams; i++)
		want_ear(ears, device->forward ? forward_upstream_name(device->forward, i)
					       : config->upstreams[i].name);
	for (link = &ears->list; *link;) {
		struct ear *ear = *link;

		if (ear->wanted) {
			forget_own(ear);
			link = &ear->next;
			continue;
		}
		*link = ear->next;
		ear_free(ear);
	}
}

static void start(struct manager *manager, struct device *device)
{
	struct ears *ears;
	int r;

	ears = calloc(1, sizeof(*ears));
	if (!ears)
		return; /* the next pass tries again */
	ears->device = device;
	ears->manager = manager;
	ears->dirty = true;
	device->ears = ears;
	r = reminder_start(ears);
	if (r < 0) {
		log_error(device->config->name, "nothing is heard upstream: %s", strerror(-r));
		ears_stop(device);
	}
}

void ears_stop(struct device *device)
{
	struct ears *ears = device->ears;

	if (!ears)
		return;
	device->ears = NULL;
	reminder_stop(ears);
	while (ears->list) {
		struct ear *ear = ears->list;

		ears->list = ear->next;
		ear_free(ear);
	}
	free(ears);
}

static bool has_interface(const struct ears *ears, int ifindex, const char *name)
{
	const struct config_forward *config = ears_config(ears);

	for (const struct ear *ear = ears->list; ear; ear = ear->next)
		if (ear->ifindex == ifindex)
			return true;
	for (size_t i = 0; *name != '\0' && i < config->n_upstreams; i++)
		if (strcmp(config->upstreams[i].name, name) == 0)
			return true;
	return *name != '\0' && strcmp(config->alternative, name) == 0;
}

bool ears_notice(struct device *device, int ifindex, const char *name)
{
	struct ears *ears = device->ears;

	/* No interface at all: events were lost. */
	if (!ears || ears->dirty || (ifindex != 0 && !has_interface(ears, ifindex, name)))
		return false;
	ears->dirty = true;
	return true;
}

void ears_run(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (!device->ears && device->config->forward.n_upstreams > 0)
			start(manager, device);
		if (device->ears && device->ears->dirty)
			ears_refresh(device);
	}
}

static json_t *describe_side(const struct ear_side *side)
{
	const bool heard = side->querier_until > clock_monotonic();
	char text[ADDRESS_TEXT_MAX];

	return json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "querier",
		heard ? address_format(&side->querier, text) : "", "queries",
		(json_int_t)side->counters.queries, "reports", (json_int_t)side->counters.reports,
		"malformed", (json_int_t)side->counters.malformed, "queries_copied",
		(json_int_t)side->counters.queries_copied, "reports_sent",
		(json_int_t)side->counters.reports_sent, "queries_sent",
		(json_int_t)side->counters.queries_sent, "held_back",
		(json_int_t)side->counters.held_back, "failed", (json_int_t)side->counters.failed);
}

json_t *ears_describe(const struct ears *ears)
{
	json_t *array = json_array();

	for (const struct ear *ear = ears->list; ear; ear = ear->next)
		json_array_append_new(array,
				      json_pack("{s:s, s:o, s:o}", "ifname", ear->name, "igmp",
						describe_side(&ear->sides[FAMILY_IPV4]), "mld",
						describe_side(&ear->sides[FAMILY_IPV6])));
	return array;
}
