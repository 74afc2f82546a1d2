/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/messages.h"

#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "amtd/gateway/failover.h"
#include "amtd/gateway/mld-flag.h"
#include "amtd/gateway/redirect.h"
#include "base/clock.h"
#include "base/log.h"

#include <arpa/inet.h>

/* The first Queries of a relay are hastened: this many, since the answer to one may be lost, RFC
 * 9776, 8.1. */
#define HASTENED 2

static bool is_first(const struct gateway *gateway, sa_family_t family, uint64_t now)
{
	const struct gateway_query_history *query_history =
		&gateway->query_history[family == AF_INET6];

	return query_history->n < HASTENED ||
	       now - query_history->at > gateway->device->config->dead_sec * 1000000ULL;
}

static void note_query(struct gateway *gateway, const struct inspect_result *result, uint64_t now)
{
	struct gateway_query_history *query_history =
		&gateway->query_history[result->family == AF_INET6];

	if (is_first(gateway, result->family, now))
		query_history->n = query_history->n % HASTENED + 1;
	query_history->at = now;
}

static void on_advertisement(struct gateway *gateway, const struct inspect_result *result)
{
	struct device *device = gateway->device;
	/* The driver repeats its Discovery every 5 s while it gets no Query: log it once. */
	int level = address_equal(&device->record.remote, &result->relay) ? LOG_DEBUG : LOG_INFO;
	char address[ADDRESS_TEXT_MAX];

	device->record.remote = result->relay;
	redirect_reset_query_history(gateway);
	if (!address_is_set(&device->record.redirect))
		redirect_set_relay(gateway, &result->relay);
	address_format(&result->relay, address);
	log_full(level, device->config->name, "Advertisement: relay %s%s", address,
		 result->changed ? " (rewritten)" : "");
}

static void on_query(struct gateway *gateway, const struct inspect_result *result, uint64_t now)
{
	redirect_set_relay(gateway, &result->relay);
	note_query(gateway, result, now);
	gateway->last_query = clock_realtime();
	mld_flag_learn(gateway, result->family);
	gateway->tickets.mld_last = result->family == AF_INET6;
	if (gateway->tickets.mld_last)
		gateway->tickets.mld = result->ticket;
	else
		gateway->tickets.igmp = result->ticket;
	if (result->seen_port != 0) {
		gateway->seen_as = result->seen_as;
		gateway->seen_port = result->seen_port;
	}
}

/* The driver's own view: what it is told next has to answer this. It sends Requests to the relay
 * that it believes in, which shows an Advertisement that was not seen here. */
static void on_asked(struct gateway *gateway, const struct packet *packet)
{
	struct device *device = gateway->device;

	if (!inspect_asked(packet, &gateway->asked))
		return;
	if (gateway->asked.type == AMT_DISCOVERY) {
		gateway->discoveries++;
		return;
	}
	gateway->requests++;
	if (address_equal(&gateway->asked.relay, &device->relay))
		return;
	device->dirty = true;
	pass_schedule(gateway->manager);
}

/* The relay that the driver uses, or will use. */
static struct address believed_remote(const struct record *record)
{
	return address_is_set(&record->remote) ? record->remote : record->discovery;
}

static enum inspect_drop inspect_message(struct gateway *gateway, enum firewall_queue queue,
					 struct packet *packet, size_t length,
					 struct inspect_result *ret)
{
	const struct device *device = gateway->device;
	const struct record *record = &device->record;
	const bool redirected = address_is_set(&record->redirect);
	const uint64_t now = clock_monotonic();
	const struct inspect_rules rules = {
		.asked = gateway->asked,
		.discovery = redirected ? record->redirect : record->discovery,
		.relay = device->relay,
		.relay_port = device->config->relay_port,
		.believed = redirected ? believed_remote(record) : (struct address){ 0 },
		.rewrites = device->config->rewrites,
		.n_rewrites = device->config->n_rewrites,
		.hasten4 = is_first(gateway, AF_INET, now),
		.hasten6 = is_first(gateway, AF_INET6, now),
		.allow = device->config->allow,
		.n_allow = device->config->n_allow,
	};

	inspect_packet(&rules, queue, packet, length, &gateway->advertisements, &gateway->queries,
		       ret);
	if (!ret->query)
		event_emit_advertisement(device, gateway->advertisement_pauses, ret);
	if (ret->drop != INSPECT_PASS)
		log_debug(device->config->name, "%s refused: %s",
			  ret->query ? "Query" : "Advertisement", inspect_drop_string(ret->drop));
	else if (!ret->answers)
		log_debug(device->config->name, "%s left to the driver: what it asked is not known",
			  ret->query ? "Query" : "Advertisement");
	else if (ret->query)
		on_query(gateway, ret, now);
	else
		on_advertisement(gateway, ret);
	return ret->drop;
}

enum queue_verdict messages_packet(struct gateway *gateway, enum firewall_queue queue,
				   struct queue_packet *queued, struct packet *packet)
{
	struct inspect_result result;
	enum inspect_drop drop;

	if (queue == FIREWALL_QUEUE_ASKED) {
		on_asked(gateway, packet);
		return QUEUE_ACCEPT;
	}
	drop = inspect_message(gateway, queue, packet, queued->length, &result);
	if (drop != INSPECT_PASS && drop != INSPECT_DROP_NONCE)
		return QUEUE_DROP;
	if (result.changed) {
		queued->changed = true;
		queued->length = result.length;
	}
	if (result.query && result.answers) {
		failover_query(gateway, result.loaded);
		mld_flag_query_passed(gateway);
	}
	return QUEUE_ACCEPT;
}

void messages_malformed(struct gateway *gateway, enum firewall_queue queue)
{
	struct inspect_counters *counters =
		queue < FIREWALL_QUEUE_ADVERTISEMENT ? &gateway->queries : &gateway->advertisements;

	counters->seen++;
	counters->dropped[INSPECT_DROP_PACKET]++;
}
