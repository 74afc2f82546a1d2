/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/failover.h"

#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "amtd/gateway/discover.h"
#include "amtd/gateway/redirect.h"
#include "amtd/gateway/state.h"
#include "amtd/gateway/teardown.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "discovery/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MSEC 1000ULL

/* Gateways that move to a new relay per tick: 40 Requests in 100 ms, both protocols. Those that
 * moved repeat theirs every 2 s, some 100 more for a thousand of them, and in bursts: the driver's
 * timers have steps of 32 to 80 ms. */
#define MOVES_AT_ONCE 2
#define MOVE_TICK     (10 * MSEC)

/* Random delay: gateways on many hosts lose a relay at the same moment. */
#define MOVE_SPREAD (40 * MSEC)

/* The previous relay's data is accepted for this long after the new one's first Query, by when the
 * new one's data must have arrived, too. */
#define PREVIOUS_GRACE (2000 * MSEC)

/* Candidates are looked for again after this time when there was no memory. */
#define RETRY (1000 * MSEC)

/* A probe in progress. */
struct failover_probe {
	struct gateway *gateway;
	struct address address;
	struct probe *probe;
	struct failover_probe *next;
};

static void run_selection(struct gateway *gateway);

static void forget_probe(struct failover_probe *pending)
{
	struct failover_probe **link = &pending->gateway->probes;

	while (*link != pending)
		link = &(*link)->next;
	*link = pending->next;
	free(pending);
}

static void cancel_probes(struct gateway *gateway)
{
	while (gateway->probes) {
		probe_cancel(gateway->probes->probe);
		forget_probe(gateway->probes);
	}
}

/* The candidate may have moved in the list, or be gone. */
static int find_candidate(const struct gateway *gateway, struct address address)
{
	for (size_t i = 0; i < gateway->selection.n; i++)
		if (address_equal(&gateway->selection.candidates[i].address, &address))
			return i;
	return -1;
}

/* Answers to amtd's own probes are checked like the driver's Advertisements, after rewriting. */
static enum inspect_drop judge_relay(const struct config *config, const struct address *relay)
{
	if (!inspect_allowed(config->allow, config->n_allow, relay))
		return INSPECT_DROP_ALLOW;
	if (relay->family != AF_INET)
		return INSPECT_DROP_FAMILY;
	return address_is_host(relay) ? INSPECT_PASS : INSPECT_DROP_ADDRESS;
}

static void on_answer(struct probe *probe, const struct probe_result *result, void *userdata)
{
	struct failover_probe *pending = userdata;
	struct gateway *gateway = pending->gateway;
	const struct config *config = gateway->device->config;
	int index = find_candidate(gateway, pending->address);
	struct inspect_result judged = { 0 };
	char why[PROBE_TEXT_MAX];
	struct address relay;

	forget_probe(pending);
	if (index < 0)
		return;
	if (result->outcome != PROBE_ANSWERED) {
		selection_unanswered(&gateway->selection, index, probe_result_format(result, why),
				     clock_monotonic());
		run_selection(gateway);
		return;
	}
	relay = inspect_rewrite(config, &result->advertised);
	judged.advertised = result->advertised;
	judged.drop = judge_relay(config, &relay);
	event_emit_advertisement(gateway->device, gateway->advertisement_pauses, &judged);
	if (judged.drop == INSPECT_PASS)
		selection_answered(&gateway->selection, index, &relay, result->rtt_usec,
				   clock_monotonic());
	else
		selection_unanswered(
			&gateway->selection, index,
			judged.drop == INSPECT_DROP_ALLOW
				? "advertises a relay outside of Allow="
				: "advertises no IPv4 host address; [Rewrite] can change it",
			clock_monotonic());
	run_selection(gateway);
}

static int start_probe(struct gateway *gateway, const struct selection_probe *wanted, uint64_t now)
{
	const struct device *device = gateway->device;
	const struct probe_options options = {
		.relay = gateway->selection.candidates[wanted->index].address,
		.port = device->config->relay_port,
		.ifindex = device->lower,
		.tries = wanted->tries,
		.interval_usec = wanted->interval_usec,
		.timeout_usec = wanted->timeout_usec,
	};
	struct failover_probe *pending;
	int r;

	pending = calloc(1, sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	pending->gateway = gateway;
	pending->address = options.relay;
	pending->next = gateway->probes;
	gateway->probes = pending;
	r = probe_start(gateway->gateways->prober, &options, now, on_answer, pending,
			&pending->probe);
	if (r < 0)
		forget_probe(pending);
	return r;
}

/* The previous relay's data is duplicate by now. */
static void forget_previous(struct gateway *gateway, uint64_t now)
{
	if (gateway->previous_until == 0 || now < gateway->previous_until)
		return;
	gateway->previous_until = 0;
	gateway->device->previous = (struct address){ 0 };
	teardown_previous(gateway);
	pass_schedule(gateway->manager);
}

static uint64_t next_deadline(const struct gateway *gateway, uint64_t now)
{
	uint64_t at = selection_deadline(&gateway->selection, now);

	if (gateway->candidates_due && now + RETRY < at)
		return now + RETRY;
	return gateway->previous_until != 0 && gateway->previous_until < at
		       ? gateway->previous_until
		       : at;
}

/* Without the queue a dead relay goes unnoticed: use the best candidate. */
static void choose_unprobed(struct gateway *gateway, uint64_t now)
{
	if (gateway->selection.chosen >= 0 || gateway->selection.n == 0)
		return;
	selection_choose(&gateway->selection, 0, now);
	redirect_to_choice(gateway);
	pass_schedule(gateway->manager);
}

static void schedule_move(struct gateway *gateway, uint64_t now)
{
	struct gateways *gateways = gateway->gateways;

	if (gateway->selection.choices == gateway->choices_done || gateway->move_at != 0)
		return;
	gateway->move_at = now;
	if (address_is_set(&gateway->device->record.chosen))
		gateway->move_at += arc4random_uniform(MOVE_SPREAD);
	timer_arm(gateways->moves, now < gateways->moves_next ? gateways->moves_next : now);
}

/* Carry out what the selection requests. */
static void run_selection(struct gateway *gateway)
{
	struct selection *selection = &gateway->selection;
	struct gateways *gateways = gateway->gateways;
	struct selection_probe wanted;
	uint64_t now = clock_monotonic();

	if (gateway->device->config->mode != CONFIG_GATEWAY)
		return;
	if (gateway->device->queue_error) {
		choose_unprobed(gateway, now);
		state_show(gateway);
		return;
	}
	forget_previous(gateway, now);
	selection_tick(selection, now);
	while (selection_next(selection, now, &wanted)) {
		int r = start_probe(gateway, &wanted, now);

		if (r < 0)
			selection_unanswered(selection, wanted.index, strerror(-r), now);
	}
	schedule_move(gateway, now);
	state_show(gateway);
	timer_arm(gateway->timer, next_deadline(gateway, now));
	timer_arm(gateways->prober_timer, prober_next_timeout(gateways->prober));
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct gateway *gateway = userdata;

	if (gateway->candidates_due)
		discover_candidates(gateway, clock_monotonic());
	run_selection(gateway);
	return 0;
}

static void move_gateway(struct gateway *gateway, uint64_t now)
{
	if (gateway->selection.chosen >= 0) {
		redirect_to_choice(gateway);
		selection_moved(&gateway->selection, now);
		timer_arm(gateway->timer, next_deadline(gateway, now));
	}
	gateway->move_at = 0;
}

/* Move some of the waiting gateways, then pause. */
static int on_moves(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct gateways *gateways = userdata;
	struct manager *manager = gateways->manager;
	unsigned int moved = 0;
	uint64_t now = clock_monotonic();
	bool waiting = false;

	for (size_t i = 0; i < manager->n_devices; i++) {
		struct gateway *gateway = wing_data(manager->devices[i], gateways->wing);

		if (gateway->move_at == 0)
			continue;
		if (gateway->move_at > now || moved == MOVES_AT_ONCE) {
			waiting = true;
			continue;
		}
		move_gateway(gateway, now);
		moved++;
	}
	if (moved > 0)
		pass_run(manager);
	gateways->moves_next = now + MOVE_TICK;
	if (waiting)
		timer_arm(gateways->moves, gateways->moves_next);
	return 0;
}

static int on_prober(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct gateways *gateways = userdata;

	(void)prober_dispatch(gateways->prober, clock_monotonic());
	timer_arm(gateways->prober_timer, prober_next_timeout(gateways->prober));
	return 0;
}

static int on_prober_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	return on_prober(source, -1, 0, userdata);
}

int failover_open(struct gateways *gateways)
{
	sd_event *event = gateways->manager->event;
	int r;

	r = prober_open(NULL, &gateways->prober);
	if (r < 0)
		return r;
	r = sd_event_add_io(event, &gateways->prober_source, prober_fd(gateways->prober), EPOLLIN,
			    on_prober, gateways);
	if (r >= 0)
		r = timer_add(event, &gateways->prober_timer, TIMER_EXACT, on_prober_timer,
			      gateways);
	if (r >= 0)
		r = timer_add(event, &gateways->moves, TIMER_EXACT, on_moves, gateways);
	return r;
}

void failover_close(struct gateways *gateways)
{
	sd_event_source_disable_unref(gateways->moves);
	sd_event_source_disable_unref(gateways->prober_timer);
	sd_event_source_disable_unref(gateways->prober_source);
	prober_close(gateways->prober);
}

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

int failover_add(struct gateway *gateway)
{
	const struct selection_options options = selection_options(gateway->device->config);
	int r;

	selection_init(&gateway->selection, &options);
	r = timer_add(gateway->manager->event, &gateway->timer, TIMER_EXACT, on_deadline, gateway);
	if (r < 0)
		return r;
	failover_configure(gateway);
	return 0;
}

void failover_remove(struct gateway *gateway)
{
	cancel_probes(gateway);
	discover_stop(gateway);
	gateway->timer = sd_event_source_disable_unref(gateway->timer);
}

static void on_found(struct gateway *gateway)
{
	discover_candidates(gateway, clock_monotonic());
	run_selection(gateway);
}

/* The relay in use is no longer allowed, and no other one is known to work: the pass takes the
 * tunnel down. */
static void leave_excluded(struct gateway *gateway)
{
	const struct config *config = gateway->device->config;
	struct record *record = &gateway->device->record;

	if (!address_is_set(&record->chosen) ||
	    inspect_allowed(config->allow, config->n_allow, &record->chosen))
		return;
	log_notice(config->name, "the relay in use is excluded by Allow=");
	record->chosen = (struct address){ 0 };
	gateway->device->dirty = true;
	pass_schedule(gateway->manager);
}

void failover_configure(struct gateway *gateway)
{
	const struct record *record = &gateway->device->record;
	struct selection *selection = &gateway->selection;
	uint64_t now = clock_monotonic();
	int index;

	selection->options = selection_options(gateway->device->config);
	cancel_probes(gateway);
	discover_stop(gateway);
	if (gateway->device->config->mode != CONFIG_GATEWAY)
		return;
	for (size_t i = 0; i < selection->n; i++)
		selection->candidates[i].probing = false;
	discover_start(gateway, on_found);
	discover_candidates(gateway, now);

	/* The relay in use before a restart is kept without a probe: no data is lost. */
	index = find_candidate(gateway, record->chosen);
	if (selection->chosen < 0 && address_is_set(&record->chosen) && index >= 0) {
		selection_choose(selection, index, now);
		gateway->choices_done = selection->choices;
	}
	if (index >= 0 && index == selection->chosen && record->ifindex != 0)
		gateway->choices_done = selection->choices;
	/* A single candidate needs no probe either. */
	if (selection->chosen >= 0 && selection->choices != gateway->choices_done)
		redirect_to_choice(gateway);
	leave_excluded(gateway);
	timer_arm(gateway->timer, now);
}

void failover_wake(struct gateway *gateway)
{
	timer_arm(gateway->timer, clock_monotonic());
}

void failover_doubt(struct gateway *gateway)
{
	selection_doubt(&gateway->selection);
	run_selection(gateway);
}

void failover_dataless(struct gateway *gateway)
{
	selection_dataless(&gateway->selection, clock_monotonic());
	run_selection(gateway);
}

void failover_query(struct gateway *gateway, bool loaded)
{
	uint64_t now = clock_monotonic();

	/* A Query of the previous relay: ignored. */
	if (gateway->selection.choices != gateway->choices_done)
		return;
	selection_query(&gateway->selection, loaded, now);
	if ((address_is_set(&gateway->device->previous) || address_is_set(&gateway->left)) &&
	    gateway->previous_until == 0)
		gateway->previous_until = now + PREVIOUS_GRACE;
	run_selection(gateway);
}
