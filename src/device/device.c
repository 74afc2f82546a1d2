/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/device.h"

#include "base/clock.h"
#include "base/log.h"
#include "device/event.h"
#include "wire/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IGMP Queries without an MLD one between them after which the P bit in use is doubted: one round
 * of the driver may have been cut short by the next. */
#define MLD_PATIENCE 2
/* After so many changes of the P bit without any MLD Query the relay has no IPv6, and the place
 * that the RFC gives is kept. */
#define MLD_TRIALS 4

/* The first Queries of a relay are hastened: so many, since the answer to one may be lost, RFC
 * 9776, 8.1. */
#define HASTENED 2

static struct selection_options selection_options(const struct config *config)
{
	return (struct selection_options){
		.hold_min_usec = config->hold_down_sec * 300000ULL,
		.hold_max_usec = config->hold_down_sec * 1000000ULL,
		.dead_usec = config->dead_sec * 1000000ULL,
		.return_usec = config->return_sec * 1000000ULL,
		.random = arc4random,
	};
}

int device_new(struct config *config, struct device **ret)
{
	struct device *device;
	const struct selection_options options = selection_options(config);
	int r;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->record.keep = true;
	r = record_load(config->name, &device->record);
	if (r < 0 && r != -ENOENT)
		log_warning(config->name,
			    "what was done before cannot be read: %s; taken as nothing",
			    strerror(-r));
	device->config = config;
	device->port = config->port;
	device->relay = device->record.redirect.s_addr != 0 ? device->record.redirect
							    : device->record.remote;
	selection_init(&device->selection, &options);
	device->dirty = true;
	device->state_since = clock_realtime();
	*ret = device;
	event_emit(&(struct event){ .kind = EVENT_CREATED, .device = device });
	return 0;
}

void device_free(struct device *device)
{
	if (!device)
		return;
	if (device->config)
		event_emit(&(struct event){ .kind = EVENT_REMOVED, .device = device });
	record_clear(&device->record);
	config_free(device->config);
	free(device);
}

void device_set_config(struct device *device, struct config *config)
{
	if (config->port != device->config->port || config->mode != device->config->mode) {
		device->port = config->port;
		device->port_skip = 0;
	}
	config_free(device->config);
	device->config = config;
	device->selection.options = selection_options(config);
	device->dirty = true;
}

const char *device_state_string(enum device_state state)
{
	static const char *const names[_DEVICE_STATE_MAX] = {
		[DEVICE_WAITING] = "waiting",	      [DEVICE_FAILED] = "failed",
		[DEVICE_DISCOVERING] = "discovering", [DEVICE_CONNECTED] = "connected",
		[DEVICE_SUSPECT] = "suspect",	      [DEVICE_FAILING_OVER] = "failing-over",
		[DEVICE_NO_RELAY] = "no-relay",	      [DEVICE_RUNNING] = "running",
	};

	return names[state];
}

void device_set_state(struct device *device, enum device_state state, const char *format, ...)
{
	static const int levels[_DEVICE_STATE_MAX] = {
		[DEVICE_WAITING] = LOG_NOTICE,	 [DEVICE_FAILED] = LOG_ERR,
		[DEVICE_DISCOVERING] = LOG_INFO, [DEVICE_CONNECTED] = LOG_INFO,
		[DEVICE_SUSPECT] = LOG_DEBUG,	 [DEVICE_FAILING_OVER] = LOG_WARNING,
		[DEVICE_NO_RELAY] = LOG_ERR,	 [DEVICE_RUNNING] = LOG_INFO,
	};
	struct event event = { .kind = EVENT_STATE, .device = device };
	char reason[sizeof(device->reason)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);

	if (device->state == state && strcmp(device->reason, reason) == 0)
		return;
	if (device->state != state || device->reason[0] == '\0')
		device->state_since = clock_realtime();
	event.had_state = device->reason[0] != '\0';
	event.previous_state = device->state;
	device->state = state;
	strcpy(device->reason, reason);
	log_full(levels[state], device->config->name, "%s: %s", device_state_string(state), reason);
	event_emit(&event);
}

uint16_t device_private_port(const char *name, unsigned int n)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return DEVICE_PORT_FIRST + (hash % DEVICE_PORT_COUNT + n) % DEVICE_PORT_COUNT;
}

/* One Query after the other, IGMP and MLD ones: does the relay understand P where it is sent? */
static void learn_mld_flag(struct device *device, sa_family_t family)
{
	if (family == AF_INET6) {
		device->mld_confirmed = true;
		device->mld_trials = 0;
		device->queries_since_mld = 0;
		return;
	}
	if (device->queries_since_mld++ >= MLD_PATIENCE)
		device->mld_confirmed = false;
}

bool device_try_mld_flag(struct device *device)
{
	if (device->mld_confirmed || device->queries_since_mld == 0 ||
	    device->mld_trials >= MLD_TRIALS)
		return false;

	device->mld_trials++;
	device->queries_since_mld = 0;
	device->record.mld_linux = !device->record.mld_linux;
	device->record.mld_relay = device->relay;
	log_debug(device->config->name, "no MLD Query: trying P at %s",
		  device->record.mld_linux ? "0x80, where the Linux driver has it"
					   : "0x01, where RFC 7450 has it");
	return true;
}

/* The relay knows no membership: it is another one, or has expired the tunnel, or so the driver
 * thinks. */
static void forget_asked(struct device *device)
{
	memset(device->asked, 0, sizeof(device->asked));
}

static bool is_first(const struct device *device, sa_family_t family, uint64_t now)
{
	const struct device_asked *asked = &device->asked[family == AF_INET6];

	return asked->n < HASTENED || now - asked->at > device->config->dead_sec * 1000000ULL;
}

static void note_asked(struct device *device, const struct inspect_result *result, uint64_t now)
{
	struct device_asked *asked = &device->asked[result->family == AF_INET6];

	if (is_first(device, result->family, now))
		asked->n = asked->n % HASTENED + 1;
	asked->at = now;
}

/* Another relay: what was learnt of the former one's P bit says nothing of this one's. */
static void set_relay(struct device *device, struct in_addr relay)
{
	if (device->left.s_addr == relay.s_addr)
		device->left.s_addr = 0;
	if (device->relay.s_addr == relay.s_addr)
		return;
	if (device->record.mld_relay.s_addr != relay.s_addr)
		device->record.mld_linux = false;
	device->mld_confirmed = false;
	device->queries_since_mld = 0;
	device->mld_trials = 0;
	device->tickets = (struct leave_tickets){ 0 };
	forget_asked(device);
	device->relay = relay;
}

static void on_advertisement(struct device *device, const struct inspect_result *result)
{
	/* The driver goes on asking every 5 s while it gets no Query: say it once. */
	int level = device->record.remote.s_addr == result->relay.s_addr ? LOG_DEBUG : LOG_INFO;
	char address[INET_ADDRSTRLEN];

	device->record.remote = result->relay;
	forget_asked(device);
	if (device->record.redirect.s_addr == 0)
		set_relay(device, result->relay);
	inet_ntop(AF_INET, &result->relay, address, sizeof(address));
	log_full(level, device->config->name, "Advertisement: relay %s%s", address,
		 result->changed ? " (rewritten)" : "");
}

static void on_query(struct device *device, const struct inspect_result *result, uint64_t now)
{
	set_relay(device, result->relay);
	note_asked(device, result, now);
	device->last_query = clock_realtime();
	learn_mld_flag(device, result->family);
	device->tickets.mld_last = result->family == AF_INET6;
	if (device->tickets.mld_last)
		device->tickets.mld = result->ticket;
	else
		device->tickets.igmp = result->ticket;
	if (result->seen_port != 0) {
		device->seen_as = result->seen_as;
		device->seen_port = result->seen_port;
	}
}

/* What the driver takes for its relay, or will. */
static struct in_addr believed_remote(const struct record *record)
{
	return record->remote.s_addr != 0 ? record->remote : record->discovery;
}

enum inspect_drop device_inspect(struct device *device, enum firewall_queue queue,
				 struct packet *packet, size_t length, struct inspect_result *ret)
{
	const struct record *record = &device->record;
	const bool redirected = record->redirect.s_addr != 0;
	const uint64_t now = clock_monotonic();
	const struct inspect_rules rules = {
		.discovery = redirected ? record->redirect : record->discovery,
		.relay = device->relay,
		.relay_port = device->config->relay_port,
		.believed = redirected ? believed_remote(record) : (struct in_addr){ 0 },
		.rewrites = device->config->rewrites,
		.n_rewrites = device->config->n_rewrites,
		.hasten4 = is_first(device, AF_INET, now),
		.hasten6 = is_first(device, AF_INET6, now),
		.allow = device->config->allow,
		.n_allow = device->config->n_allow,
	};

	inspect_packet(&rules, queue, packet, length, &device->advertisements, &device->queries,
		       ret);
	if (!ret->query)
		event_emit_advertisement(device, ret);
	if (ret->drop != INSPECT_PASS)
		log_debug(device->config->name, "%s dropped: %s",
			  ret->query ? "Query" : "Advertisement", inspect_drop_string(ret->drop));
	else if (ret->query)
		on_query(device, ret, now);
	else
		on_advertisement(device, ret);
	return ret->drop;
}

static void tell_choice(const struct device *device, const struct selection_candidate *candidate)
{
	const struct in_addr previous = device->record.chosen;
	char text[INET_ADDRSTRLEN];

	if (previous.s_addr == candidate->address.s_addr)
		return;
	log_notice(device->config->name, "relay %s is taken: %s",
		   inet_ntop(AF_INET, &candidate->address, text, sizeof(text)),
		   device->selection.reason[0] ? device->selection.reason : "it is the only one");
	event_emit(&(struct event){
		.kind = EVENT_RELAY,
		.device = device,
		.candidate = candidate,
		.previous_relay = previous,
	});
}

void device_count_broken(struct device *device, enum firewall_queue queue)
{
	struct inspect_counters *counters =
		queue < FIREWALL_QUEUE_ADVERTISEMENT ? &device->queries : &device->advertisements;

	counters->seen++;
	counters->dropped[INSPECT_DROP_PACKET]++;
}

/* Was the relay that is left in order when it was? */
static bool lives(const struct selection *selection, struct in_addr address)
{
	for (size_t i = 0; i < selection->n; i++)
		if (selection->candidates[i].address.s_addr == address.s_addr)
			return selection->candidates[i].note[0] == '\0';
	return true; /* it is no candidate any more: wanted so */
}

/* It is to be told that it was left, or it sends on for minutes. */
static void keep_tickets(struct device *device)
{
	const struct leave_tickets *tickets = &device->tickets;

	if (!(tickets->igmp.known || tickets->mld.known) ||
	    !lives(&device->selection, device->record.chosen))
		return;
	device->left = device->relay;
	device->left_tickets = *tickets;
	device->left_due = false;
}

void device_move(struct device *device)
{
	const struct selection_candidate *candidate =
		&device->selection.candidates[device->selection.chosen];
	struct record *record = &device->record;
	struct in_addr wire;

	device->choices_done = device->selection.choices;
	device->move_at = 0;
	forget_asked(device);
	device->rx_doubts = 0;
	device->dirty = true;
	keep_tickets(device);
	tell_choice(device, candidate);
	record->chosen = candidate->address;
	if (device->ifindex == 0 && record->ifindex == 0)
		return; /* the device will be made for this relay */

	device->previous = record->redirect;
	device->previous_until = 0;
	wire = candidate->relay.s_addr != 0 ? candidate->relay : candidate->address;
	/* The driver asks the relay that the device was made for, and none but it, by itself. */
	record->redirect.s_addr =
		candidate->address.s_addr == record->discovery.s_addr ? 0 : wire.s_addr;
	set_relay(device, record->redirect.s_addr != 0 ? record->redirect : record->remote);
	device->kick = true;
}

static size_t count_held(const struct selection *selection)
{
	size_t n = 0;

	for (size_t i = 0; i < selection->n; i++)
		n += selection->candidates[i].note[0] != '\0';
	return n;
}

static void show_no_relay(struct device *device, const struct selection_candidate *candidate,
			  const char *address)
{
	const char *why = candidate && candidate->note[0] ? candidate->note : "no answer";

	if (device->selection.n == 1)
		device_set_state(device, DEVICE_NO_RELAY, "relay %s does not work: %s", address,
				 why);
	else
		device_set_state(device, DEVICE_NO_RELAY, "none of %zu relays works%s%s: %s",
				 device->selection.n, candidate ? "; the last was " : "", address,
				 why);
}

void device_show_selection(struct device *device)
{
	const struct selection *selection = &device->selection;
	const struct selection_candidate *candidate =
		selection->chosen < 0 ? NULL : &selection->candidates[selection->chosen];
	char text[INET_ADDRSTRLEN] = "";

	if (device->config->mode != CONFIG_GATEWAY || device->state == DEVICE_WAITING ||
	    device->state == DEVICE_FAILED || device->queue_error)
		return; /* what keeps it from working is more to the point */
	if (candidate)
		inet_ntop(AF_INET, &candidate->address, text, sizeof(text));

	if (selection->phase == SELECTION_GOOD) {
		inet_ntop(AF_INET, &device->relay, text, sizeof(text));
		if (candidate->probing && selection->check_now)
			device_set_state(device, DEVICE_SUSPECT, "in doubt; asking %s", text);
		else
			device_set_state(device, DEVICE_CONNECTED, "Queries from %s%s", text,
					 selection->leaving ? ", which says that it is loaded (L)"
							    : "");
	} else if (selection->failed) {
		show_no_relay(device, candidate, text);
	} else if (selection->phase == SELECTION_TRYING && count_held(selection) == 0) {
		device_set_state(device, DEVICE_DISCOVERING, "asking relay %s through %s", text,
				 device->config->link);
	} else if (candidate) {
		device_set_state(device, DEVICE_FAILING_OVER, "%s %s",
				 selection->phase == SELECTION_TRYING ? "trying" : "leaving", text);
	} else if (selection->n > 0) {
		device_set_state(device, DEVICE_DISCOVERING, "asking %zu relays", selection->n);
	} else if (device->refused > 0 && !device->discovery) {
		device_set_state(device, DEVICE_NO_RELAY,
				 "Allow= leaves none of %zu relays; widen it, or change Address=",
				 device->refused);
	} else if (device->dns_outcome[0] == '\0') {
		device_set_state(device, DEVICE_DISCOVERING, "asking DNS for relays");
	} else {
		device_set_state(device, DEVICE_NO_RELAY, "no relay is known; DNS: %s",
				 device->dns_outcome);
	}
}
