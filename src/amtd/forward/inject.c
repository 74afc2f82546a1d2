/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/inject.h"

#include "amtd/core/failure.h"
#include "amtd/core/manager.h"
#include "amtd/forward/source-address.h"
#include "base/channel.h"
#include "base/group.h"
#include "base/parse.h"
#include "kernel/link.h"
#include "kernel/listener.h"
#include "wire/group-batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In one request; 10,000 are some 100 packets. */
#define CHANNELS_MAX 10000

struct injection {
	const struct inject_request *request;
	struct link link;
	struct address destination;   /* AF_UNSPEC: as the RFC has it */
	struct channel_key *channels; /* sorted: of a family and a group together */
	size_t n;
	struct listener *listener;
};

static int compare_channels(const void *a, const void *b)
{
	return channel_compare(a, b);
}

static int find_interface(struct manager *manager, struct injection *injection,
			  struct failure *failure)
{
	const char *on = injection->request->on;
	char valid[IFNAMSIZ];

	if (parse_ifname(on, valid) < 0)
		return failure_set(failure, FAILURE_INVALID, "--on %.40s: invalid interface name",
				   on);
	if (link_get(manager->netlink, on, &injection->link) < 0)
		return failure_set(failure, FAILURE_NO_DEVICE,
				   "--on %s: no such interface; see `ip link`", on);
	if (!(injection->link.flags & IFF_UP))
		return failure_set(failure, FAILURE_FAILED,
				   "--on %s: it is down; `ip link set %s up`", on, on);
	return 0;
}

/* Does the version support the request? */
static int check_version(const struct inject_request *request, const struct channel_key *channel,
			 struct failure *failure)
{
	const bool ipv6 = channel->group.family == AF_INET6;
	const char *protocol = ipv6 ? "MLD" : "IGMP";
	const uint32_t latest = ipv6 ? 2 : 3;
	char text[CHANNEL_TEXT_MAX];

	(void)channel_format(channel, text);
	if (request->version > latest)
		return failure_set(failure, FAILURE_INVALID, "%s: %s has the versions 1 to %u",
				   text, protocol, latest);
	if (request->version == 0 || request->version == latest)
		return 0;
	if (channel->source.family != AF_UNSPEC)
		return failure_set(failure, FAILURE_INVALID,
				   "%s: %sv%u has no sources; name the group alone, or version %u",
				   text, protocol, request->version, latest);
	if (request->leave && !ipv6 && request->version == 1)
		return failure_set(failure, FAILURE_INVALID, "%s: IGMPv1 has no Leave", text);
	return 0;
}

/* Versions without sources join any group without one, of the SSM range, too. */
static int parse_channel(const struct inject_request *request, const char *text,
			 struct channel_key *ret, const char **ret_why)
{
	struct address group;

	if (request->version > 0 && address_parse(text, &group) == 0 && group_routable(&group) &&
	    request->version < (group.family == AF_INET6 ? 2 : 3)) {
		*ret = (struct channel_key){ .group = group };
		return 0;
	}
	return channel_parse(text, ret, ret_why);
}

static int parse_channels(struct injection *injection, struct failure *failure)
{
	const struct inject_request *request = injection->request;
	size_t n;

	for (n = 0; request->channels && request->channels[n]; n++)
		;
	if (n == 0 || n > CHANNELS_MAX)
		return failure_set(failure, FAILURE_INVALID, "1 to %d channels at once",
				   CHANNELS_MAX);
	injection->channels = calloc(n, sizeof(*injection->channels));
	if (!injection->channels)
		return failure_set(failure, FAILURE_FAILED, "out of memory");
	for (; injection->n < n; injection->n++) {
		struct channel_key *channel = &injection->channels[injection->n];
		const char *text = request->channels[injection->n], *why;

		if (parse_channel(request, text, channel, &why) < 0)
			return failure_set(failure, FAILURE_INVALID, "%.*s: %s", CHANNEL_TEXT_MAX,
					   text, why);
		if (check_version(request, channel, failure) < 0)
			return -1;
		if (injection->destination.family != AF_UNSPEC &&
		    injection->destination.family != channel->group.family)
			return failure_set(failure, FAILURE_INVALID,
					   "%.*s: --unicast %s is of the other family",
					   CHANNEL_TEXT_MAX, text, request->destination);
	}
	qsort(injection->channels, n, sizeof(*injection->channels), compare_channels);
	return 0;
}

static int parse_destination(struct injection *injection, struct failure *failure)
{
	const char *text = injection->request->destination;

	if (*text == '\0')
		return 0;
	if (address_parse(text, &injection->destination) < 0 ||
	    !address_is_host(&injection->destination))
		return failure_set(
			failure, FAILURE_INVALID,
			"--unicast %.*s: expected the address of a host, such as 192.0.2.1",
			ADDRESS_TEXT_MAX, text);
	return 0;
}

static int on_send(const void *packet, size_t length, void *userdata)
{
	return listener_send(userdata, packet, length);
}

/* Own messages are not received. */
static void on_packet(const struct listener_packet *packet, void *userdata)
{
}

/* The channels of a group from the ith on, in one record. Their number; 0: no memory. */
static size_t add_group(const struct injection *injection, size_t i, struct group_batch *batch,
			int *ret)
{
	const struct channel_key *first = &injection->channels[i];
	const bool any = first->source.family == AF_UNSPEC;
	const bool leave = injection->request->leave;
	struct group_record record = { .group = first->group };
	size_t n = 0, used = 0;
	uint8_t *sources;

	while (i + n < injection->n && n < UINT16_MAX && (n == 0 || !any) &&
	       address_equal(&first[n].group, &first->group))
		n++;
	sources = malloc(n * sizeof(struct in6_addr));
	if (!sources) {
		*ret = -ENOMEM;
		return n;
	}
	for (size_t j = 0; j < n && !any; j++)
		used += group_put_source(&first[j].source, sources + used);
	record.sources.data = sources;
	record.sources.n = any ? 0 : (uint16_t)n;
	if (any)
		record.type = leave ? GROUP_CHANGE_TO_INCLUDE : GROUP_CHANGE_TO_EXCLUDE;
	else
		record.type = leave ? GROUP_BLOCK_OLD_SOURCES : GROUP_ALLOW_NEW_SOURCES;
	*ret = group_batch_add(batch, &record);
	free(sources);
	return n;
}

static int send_family(struct manager *manager, const struct injection *injection,
		       sa_family_t family)
{
	const enum family which = family == AF_INET6 ? FAMILY_IPV6 : FAMILY_IPV4;
	const uint8_t latest = family == AF_INET6 ? 2 : 3;
	const struct link *link = &injection->link;
	struct group_batch batch = {
		.family = family,
		.version =
			injection->request->version ? (uint8_t)injection->request->version : latest,
		.max = link->mtu,
		.send = on_send,
		.userdata = injection->listener,
	};
	int r = 0;

	batch.source = source_address(manager, which, link->ifindex);
	if (batch.source.family == AF_UNSPEC && family == AF_INET6)
		return -EADDRNOTAVAIL;
	if (injection->destination.family != AF_UNSPEC)
		batch.destination = &injection->destination;
	for (size_t i = 0; i < injection->n && r == 0;) {
		if (injection->channels[i].group.family == family)
			i += add_group(injection, i, &batch, &r);
		else
			i++;
	}
	return r == 0 ? group_batch_end(&batch) : r;
}

static bool has_family(const struct injection *injection, sa_family_t family)
{
	for (size_t i = 0; i < injection->n; i++)
		if (injection->channels[i].group.family == family)
			return true;
	return false;
}

static int send_all(struct manager *manager, struct injection *injection, struct failure *failure)
{
	int r = 0;

	for (int i = 0; i < _FAMILY_MAX && r == 0; i++) {
		if (!has_family(injection, family_to_af(i)))
			continue;
		r = listener_open(family_to_af(i), injection->link.ifindex, on_packet, NULL,
				  &injection->listener);
		if (r == 0)
			r = send_family(manager, injection, family_to_af(i));
		listener_close(injection->listener);
		injection->listener = NULL;
	}
	if (r == -EADDRNOTAVAIL)
		return failure_set(failure, FAILURE_FAILED,
				   "--on %s: it has no link-local IPv6 address, which MLD needs",
				   injection->link.name);
	if (r < 0)
		return failure_set(failure, FAILURE_FAILED, "--on %s: cannot send: %s",
				   injection->link.name, strerror(-r));
	return 0;
}

int inject_report(struct manager *manager, const struct inject_request *request,
		  struct failure *ret_failure)
{
	struct injection injection = { .request = request };
	int r;

	r = find_interface(manager, &injection, ret_failure);
	if (r == 0)
		r = parse_destination(&injection, ret_failure);
	if (r == 0)
		r = parse_channels(&injection, ret_failure);
	if (r == 0)
		r = send_all(manager, &injection, ret_failure);
	free(injection.channels);
	return r;
}
