/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/channels/demand.h"

#include "amtd/channels/want.h"
#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "amtd/core/hooks.h"
#include "amtd/core/lifecycle.h"
#include "amtd/core/manager.h"
#include "amtd/core/resolvers.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/timer.h"
#include "device/device.h"
#include "discovery/resolver.h"
#include "kernel/inet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Concurrent lookups; the resolver limits its rate to as many in 100 ms, RFC 8777. */
#define LOOKUPS_MAX 32

/* DNS is queried again this long after it had no relay, or no answer. */
#define ASK_AGAIN_USEC (30 * USEC_PER_SEC)

/* Retry interval for a gateway that cannot be deleted. */
#define RETRY_USEC (30 * USEC_PER_SEC)

#define NAMES_MAX 100000

struct pending_lookup {
	struct channels *channels;
	struct channel_key key;
	struct lookup *lookup;
	struct pending_lookup *next;
};

/* The relay that a gateway created on demand is expected to choose, until it has. */
struct expected {
	char name[IFNAMSIZ];
	struct address relay;
	struct expected *next;
};

struct demand {
	struct shared_resolver *resolver; /* NULL: none so far */
	bool other_relays;    /* amtd.conf has relays for sources without DRIAD records */
	struct prefix *allow; /* Allow= there */
	size_t n_allow;
	struct channel_key *queue;
	size_t first, n, room;
	struct pending_lookup *lookups; /* in progress */
	unsigned int n_lookups;
	struct expected *expected;
	sd_event_source *again, *linger;
};

static struct demand_device *of_device(const struct channels *channels, const struct device *device)
{
	return wing_data(device, channels->wing);
}

static struct channel *find_channel(const struct channels *channels, const struct channel_key *key)
{
	struct channel *channel = channel_table_find(channels->table, key, "");

	return channel && !channel->via ? channel : NULL;
}

/* Record the error with the channel, and retry later. */
static void __attribute__((format(printf, 3, 4)))
give_up(struct channels *channels, struct channel *channel, const char *format, ...)
{
	struct demand *demand = channels->demand;
	char text[CHANNEL_TEXT_MAX], *problem = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&problem, format, arguments) < 0)
		problem = NULL;
	va_end(arguments);
	if (problem && (!channel->problem || strcmp(problem, channel->problem) != 0))
		log_warning(channel_format(&channel->key, text), "%s", problem);
	want_set_problem(channel, problem);
	channel->seeking = false;
	timer_ensure(demand->again, ASK_AGAIN_USEC);
}

static void use_gateway(struct channels *channels, struct channel *channel, const char *name)
{
	channel->seeking = false;
	want_set_problem(channel, NULL);
	if (want_set_via(channels, channel, name) < 0)
		give_up(channels, channel, "out of memory");
	want_changed(channels, channel);
}

static struct address expected_relay(const struct channels *channels, const struct device *device)
{
	if (address_is_set(&device->record.chosen))
		return device->record.chosen;
	for (const struct expected *e = channels->demand->expected; e; e = e->next)
		if (strcmp(e->name, device->config->name) == 0)
			return e->relay;
	return (struct address){ 0 };
}

static bool may_use(const struct device *device)
{
	return device->config->mode == CONFIG_GATEWAY;
}

static const struct device *by_source(const struct channels *channels, const struct address *source)
{
	const struct manager *manager = channels->manager;

	for (size_t i = 0; i < manager->n_devices; i++)
		if (may_use(manager->devices[i]) &&
		    address_equal(&manager->devices[i]->config->source, source))
			return manager->devices[i];
	return NULL;
}

static bool is_usable(const struct channels *channels, const struct candidate *candidate)
{
	const struct demand *demand = channels->demand;

	return candidate_judge_allow(candidate, demand->allow, demand->n_allow) ==
	       CANDIDATE_SKIP_NONE;
}

static const struct device *by_relay(const struct channels *channels,
				     const struct lookup_result *result)
{
	const struct manager *manager = channels->manager;

	for (size_t i = 0; i < manager->n_devices; i++) {
		struct address relay = expected_relay(channels, manager->devices[i]);

		for (size_t j = 0; may_use(manager->devices[i]) && j < result->n_candidates; j++)
			if (is_usable(channels, &result->candidates[j]) &&
			    address_equal(&result->candidates[j].address, &relay))
				return manager->devices[i];
	}
	return NULL;
}

/* One for all sources without a relay of their own. */
static const struct device *by_default(const struct channels *channels)
{
	const struct manager *manager = channels->manager;

	for (size_t i = 0; i < manager->n_devices; i++)
		if (manager->devices[i]->config->on_demand &&
		    manager->devices[i]->config->source.family == AF_UNSPEC)
			return manager->devices[i];
	return NULL;
}

static int choose_name(const struct channels *channels, char name[static IFNAMSIZ])
{
	char path[PATH_MAX];

	for (unsigned int i = 0; i < NAMES_MAX; i++) {
		snprintf(name, IFNAMSIZ, "amt%u", i);
		if (!devices_find(channels->manager, name) && if_nametoindex(name) == 0 &&
		    file_path(path, "/run/amt/%s.amt", name) == 0 && access(path, F_OK) < 0)
			return 0;
	}
	return -EEXIST;
}

static int choose_link(const struct channels *channels, struct address relay,
		       char link[static IFNAMSIZ])
{
	char name[IF_NAMESIZE];
	int ifindex, r;

	if (channels->settings.link[0] != '\0') {
		strcpy(link, channels->settings.link);
		return 0;
	}
	if (!address_is_set(&relay))
		return -ENETUNREACH; /* without a relay there is no route to look up */
	r = inet_route_interface(channels->manager->netlink, &relay, &ifindex);
	if (r < 0)
		return r;
	if (!if_indextoname(ifindex, name))
		return -errno;
	/* The kernel's names may have any bytes; those of a device file not. */
	return parse_ifname(name, link) < 0 ? -EBADMSG : 0;
}

/* source NULL: relays come from amtd.conf. */
static char *gateway_text(const struct channels *channels, const char *name, const char *link,
			  const struct address *source)
{
	char address[ADDRESS_TEXT_MAX], *text = NULL;
	int n;

	n = asprintf(&text,
		     "# created by amtd for channels; removed when none is left (LingerSec=)\n"
		     "[AMT]\nName=%s\nLink=%s\nOnDemand=yes\n%s%s%s%s",
		     name, link, channels->settings.gateway, source ? "[Relay]\nDriad=" : "",
		     source ? address_format(source, address) : "", source ? "\n" : "");
	return n < 0 ? NULL : text;
}

static void remember_relay(struct demand *demand, const char *name, struct address relay)
{
	struct expected *expected = calloc(1, sizeof(*expected));

	if (!expected)
		return;
	strcpy(expected->name, name);
	expected->relay = relay;
	expected->next = demand->expected;
	demand->expected = expected;
}

static void forget_relay(struct demand *demand, const char *name)
{
	for (struct expected **link = &demand->expected; *link; link = &(*link)->next) {
		struct expected *expected = *link;

		if (strcmp(expected->name, name) != 0)
			continue;
		*link = expected->next;
		free(expected);
		return;
	}
}

static void make_gateway(struct channels *channels, struct channel *channel, struct address relay)
{
	const bool own = address_is_set(&relay);
	char name[IFNAMSIZ], link[IFNAMSIZ], *text;
	struct failure failure = { 0 };
	struct device *device;
	int r;

	r = choose_link(channels, relay, link);
	if (r < 0) {
		give_up(channels, channel,
			"no interface for a gateway: %s; set Link= in [Channels] of amtd.conf",
			r == -EBADMSG
				? "the name of the one to the relay is not valid in device files"
				: strerror(-r));
		return;
	}
	text = choose_name(channels, name) == 0
		       ? gateway_text(channels, name, link, own ? &channel->key.source : NULL)
		       : NULL;
	if (!text) {
		give_up(channels, channel, "cannot create a gateway: out of names or memory");
		return;
	}
	r = lifecycle_create(channels->manager, name, text, &device, &failure);
	free(text);
	if (r < 0) {
		give_up(channels, channel, "cannot create a gateway: %s", failure.text);
		return;
	}
	log_info(name, "created on demand");
	if (own)
		remember_relay(channels->demand, name, relay);
	use_gateway(channels, channel, name);
}

/* "answered", "timeout: why", "answered: 127.0.0.1: loopback address" */
static void give_up_lookup(struct channels *channels, struct channel *channel,
			   const struct lookup_result *result)
{
	char source[ADDRESS_TEXT_MAX], relay[ADDRESS_TEXT_MAX + 2] = "";
	const char *why = result->why;

	for (size_t i = 0; *why == '\0' && i < result->n_candidates; i++) {
		const struct candidate *candidate = &result->candidates[i];

		if (!candidate_is_special(candidate->skip))
			continue;
		address_format(&candidate->address, relay);
		strcat(relay, ": ");
		why = candidate_skip_string(candidate->skip);
	}
	give_up(channels, channel,
		"DNS names no relay of %s (%s%s%s%s); name a device: --on DEV, or publish one: amtctl zone",
		address_format(&channel->key.source, source),
		lookup_outcome_string(result->outcome), *why ? ": " : "", relay, why);
}

static void take_answer(struct channels *channels, struct channel *channel,
			const struct lookup_result *result)
{
	const struct device *device = by_relay(channels, result);
	const struct candidate *best = NULL;

	for (size_t i = 0; i < result->n_candidates; i++)
		if (is_usable(channels, &result->candidates[i]) &&
		    (!best || result->candidates[i].precedence < best->precedence))
			best = &result->candidates[i];
	if (!best && channels->demand->other_relays)
		device = by_default(channels);
	if (device)
		use_gateway(channels, channel, device->config->name);
	else if (best)
		make_gateway(channels, channel, best->address);
	else if (channels->demand->other_relays)
		make_gateway(channels, channel, (struct address){ 0 });
	else
		give_up_lookup(channels, channel, result);
}

static void run_queue(struct channels *channels);

static void forget_lookup(struct pending_lookup *pending)
{
	struct demand *demand = pending->channels->demand;
	struct pending_lookup **link = &demand->lookups;

	while (*link != pending)
		link = &(*link)->next;
	*link = pending->next;
	demand->n_lookups--;
	free(pending);
}

static void on_lookup(struct lookup *lookup, const struct lookup_result *result, void *userdata)
{
	struct pending_lookup *pending = userdata;
	struct channels *channels = pending->channels;
	struct channel *channel = find_channel(channels, &pending->key);
	const struct device *device;

	forget_lookup(pending);
	device = channel ? by_source(channels, &channel->key.source) : NULL;
	if (device)
		use_gateway(channels, channel, device->config->name);
	else if (channel)
		take_answer(channels, channel, result);
	run_queue(channels);
}

static void ignore_warning(const struct conf_place *place, const char *text, void *userdata)
{
}

/* With the DNS settings of amtd.conf. */
static int open_resolver(struct channels *channels)
{
	const struct conf_handler quiet = { .warning = ignore_warning };
	const struct address unused = { .family = AF_INET, .in.s_addr = htonl(0xc0000201) };
	struct demand *demand = channels->demand;
	struct config *config;
	char *text;
	int r;

	if (demand->resolver)
		return 0;
	text = gateway_text(channels, "amt0", "lo", &unused);
	r = text ? config_load_text("amtd.conf", text, strlen(text), &quiet, &config) : -ENOMEM;
	free(text);
	if (r < 0)
		return r;
	free(demand->allow);
	demand->allow = config->allow;
	demand->n_allow = config->n_allow;
	config->allow = NULL;
	config->n_allow = 0;
	demand->other_relays = config->n_relays > 0 || config->service || config->anycast;
	r = resolvers_share(channels->manager->resolvers, config, &demand->resolver);
	config_free(config);
	return r;
}

static int start_lookup(struct channels *channels, const struct channel_key *key)
{
	struct demand *demand = channels->demand;
	struct pending_lookup *pending;
	int r;
	r = open_resolver(channels);
	if (r < 0)
		return r;
	pending = calloc(1, sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	pending->channels = channels;
	pending->key = *key;
	pending->next = demand->lookups;
	demand->lookups = pending;
	demand->n_lookups++;
	r = resolver_lookup_source(resolvers_get(demand->resolver), &key->source, on_lookup,
				   pending, &pending->lookup);
	if (r < 0)
		forget_lookup(pending);
	return r;
}

static void run_queue(struct channels *channels)
{
	struct demand *demand = channels->demand;

	while (demand->n_lookups < LOOKUPS_MAX && demand->first < demand->n) {
		struct channel *channel = find_channel(channels, &demand->queue[demand->first++]);
		const struct device *device;
		int r;

		if (!channel)
			continue;
		device = by_source(channels, &channel->key.source);
		if (device) {
			use_gateway(channels, channel, device->config->name);
			continue;
		}
		r = start_lookup(channels, &channel->key);
		if (r < 0)
			give_up(channels, channel, "cannot query DNS: %s", strerror(-r));
	}
	if (demand->first == demand->n)
		demand->first = demand->n = 0;
}

/* Channels come and go while DNS is slow: drops those that were left, and keeps one entry of those
 * joined again. So the queue is never longer than the channels are many. */
static void shrink_queue(struct channels *channels)
{
	struct demand *demand = channels->demand;
	struct channel *channel;
	size_t n = 0;

	for (size_t i = demand->first; i < demand->n; i++) {
		channel = find_channel(channels, &demand->queue[i]);
		if (channel)
			channel->seeking = false;
	}
	for (const struct pending_lookup *q = demand->lookups; q; q = q->next) {
		channel = find_channel(channels, &q->key);
		if (channel)
			channel->seeking = true;
	}
	for (size_t i = demand->first; i < demand->n; i++) {
		channel = find_channel(channels, &demand->queue[i]);
		if (!channel || channel->seeking)
			continue;
		channel->seeking = true;
		demand->queue[n++] = demand->queue[i];
	}
	demand->first = 0;
	demand->n = n;
}

void demand_seek(struct channels *channels, struct channel *channel)
{
	struct demand *demand = channels->demand;
	const bool full = demand->n == demand->room;

	if (channel->seeking || channel->key.source.family == AF_UNSPEC)
		return;
	if (full)
		shrink_queue(channels);
	if (channel->seeking) /* joined again */
		return;
	if (full && demand->n >= demand->room / 2 &&
	    !RESERVE(demand->queue, demand->room + 1, demand->room)) {
		give_up(channels, channel, "out of memory");
		return;
	}
	channel->seeking = true;
	demand->queue[demand->n++] = channel->key;
	run_queue(channels);
}

/* Channels whose gateway is gone, or not found so far. */
void demand_seek_all(struct channels *channels)
{
	for (struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c)) {
		if (c->on)
			continue;
		if (c->via && !devices_find(channels->manager, c->via->name))
			(void)want_set_via(channels, c, "");
		if (!c->via)
			demand_seek(channels, c);
	}
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata)
{
	demand_seek_all(userdata);
	return 0;
}

/*
 * Gateways without channels.
 */

static bool is_idle(const struct channels *channels, const struct device *device)
{
	const struct channel_device *via =
		channel_table_device(channels->table, device->config->name);

	return !via || via->n == 0;
}

/* Idle for LingerSec=? A gateway stays while an application has joined something on it. */
static bool is_expired(const struct channels *channels, struct device *device, uint64_t now)
{
	const uint64_t linger = channels->settings.linger_sec * USEC_PER_SEC;
	struct demand_device *demand = of_device(channels, device);

	if (!is_idle(channels, device)) {
		demand->idle_since = 0;
		return false;
	}
	if (demand->idle_since == 0)
		demand->idle_since = now;
	if (now < demand->idle_since + linger)
		return false;
	if (!device->joined)
		return true;
	demand->idle_since = now - linger + USEC_PER_SEC; /* checked again in a second */
	return false;
}

/* The timer deletes them: the caller may be iterating over devices or channels. */
void demand_tidy(struct channels *channels)
{
	const uint64_t linger = channels->settings.linger_sec * USEC_PER_SEC;
	struct manager *manager = channels->manager;
	uint64_t now = clock_monotonic(), next = UINT64_MAX;

	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];
		const struct demand_device *demand = of_device(channels, device);

		if (!device->config->on_demand)
			continue;
		if (address_is_set(&device->record.chosen))
			forget_relay(channels->demand, device->config->name);
		if (is_expired(channels, device, now))
			next = now;
		else if (demand->idle_since != 0 && demand->idle_since + linger < next)
			next = demand->idle_since + linger;
	}
	if (next == UINT64_MAX)
		return;
	timer_arm(channels->demand->linger, next);
}

void demand_idle(struct channels *channels, const struct channel_device *via)
{
	struct device *device = devices_find(channels->manager, via->name);

	if (device)
		of_device(channels, device)->idle_since = clock_monotonic();
	demand_tidy(channels);
}

static int on_linger(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct channels *channels = userdata;
	struct manager *manager = channels->manager;
	uint64_t now = clock_monotonic();
	struct failure failure;

	for (size_t i = manager->n_devices; i-- > 0;) {
		struct device *device = manager->devices[i];
		char name[IFNAMSIZ];

		if (!device->config->on_demand || !is_expired(channels, device, now))
			continue;
		strcpy(name, device->config->name);
		forget_relay(channels->demand, name);
		of_device(channels, device)->idle_since = now + RETRY_USEC;
		if (lifecycle_delete(manager, name, &failure) < 0)
			log_warning(name, "has no channels, but cannot be deleted: %s",
				    failure.text);
	}
	demand_tidy(channels);
	return 0;
}

static void cancel_lookups(struct channels *channels)
{
	struct demand *demand = channels->demand;

	while (demand->lookups) {
		lookup_cancel(demand->lookups->lookup);
		forget_lookup(demand->lookups);
	}
	demand->first = demand->n = 0;
	resolvers_release(channels->manager->resolvers, demand->resolver);
	demand->resolver = NULL;
}

/* amtd.conf may have changed. */
void demand_configure(struct channels *channels)
{
	cancel_lookups(channels);
	for (struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c))
		c->seeking = false;
	demand_seek_all(channels);
	demand_tidy(channels);
}

int demand_open(struct channels *channels)
{
	sd_event *event = channels->manager->event;
	struct demand *demand = calloc(1, sizeof(*demand));
	int r;

	if (!demand)
		return -ENOMEM;
	channels->demand = demand;
	r = timer_add(event, &demand->again, TIMER_COARSE, on_again, channels);
	if (r >= 0)
		r = timer_add(event, &demand->linger, TIMER_COARSE, on_linger, channels);
	return r;
}

void demand_close(struct channels *channels)
{
	struct demand *demand = channels->demand;

	if (!demand)
		return;
	cancel_lookups(channels);
	while (demand->expected)
		forget_relay(demand, demand->expected->name);
	sd_event_source_disable_unref(demand->again);
	sd_event_source_disable_unref(demand->linger);
	free(demand->queue);
	free(demand->allow);
	free(demand);
	channels->demand = NULL;
}
