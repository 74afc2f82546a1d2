/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which relay each gateway uses: selection.c decides, here its questions are asked, its decisions
 * carried out.
 */
#include "amtd/core/manager-private.h"
#include "base/clock.h"
#include "base/log.h"
#include "device/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define MSEC 1000ULL

/* A new relay gets the Requests of so many gateways in a tick: 40 in 100 ms, both protocols. Those
 * that moved ask again every 2 s, which is some 100 more for a thousand of them, and in bunches:
 * the driver's timers have steps of 32 to 80 ms. */
#define MOVES_AT_ONCE 2
#define MOVE_TICK     (10 * MSEC)

/* Gateways on many hosts lose a relay in the same moment: they spread by so much. */
#define MOVE_SPREAD (40 * MSEC)

/* What the former relay still sends is let in for so long after the first Query of the new one,
 * until that one's data must have come, too. */
#define PREVIOUS_GRACE (2000 * MSEC)

/* A question under way. */
struct failover_probe {
	struct device *device;
	struct in_addr address;
	struct probe *probe;
	struct failover_probe *next;
};

static void run(struct device *device);

static void forget_question(struct failover_probe *question)
{
	struct failover_probe **link = &question->device->probes;

	while (*link != question)
		link = &(*link)->next;
	*link = question->next;
	free(question);
}

static void cancel_questions(struct device *device)
{
	while (device->probes) {
		probe_cancel(device->probes->probe);
		forget_question(device->probes);
	}
}

/* The candidate may have another place by now, or none. */
static int find_candidate(const struct device *device, struct in_addr address)
{
	for (size_t i = 0; i < device->selection.n; i++)
		if (device->selection.candidates[i].address.s_addr == address.s_addr)
			return i;
	return -1;
}

/* What answers amtd itself must be as good as what the driver gets, after rewriting. */
static enum inspect_drop judge(const struct config *config, const struct address *relay)
{
	if (!inspect_allowed(config->allow, config->n_allow, relay))
		return INSPECT_DROP_ALLOW;
	if (relay->family != AF_INET)
		return INSPECT_DROP_FAMILY;
	return address_is_host(relay) ? INSPECT_PASS : INSPECT_DROP_ADDRESS;
}

static void on_answer(struct probe *probe, const struct probe_result *result, void *userdata)
{
	struct failover_probe *question = userdata;
	struct device *device = question->device;
	int index = find_candidate(device, question->address);
	struct inspect_result judged = { 0 };
	char why[PROBE_TEXT_MAX];
	struct address relay;

	forget_question(question);
	if (index < 0)
		return;
	if (result->outcome != PROBE_ANSWERED) {
		selection_unanswered(&device->selection, index, probe_result_format(result, why),
				     clock_monotonic());
		run(device);
		return;
	}
	relay = inspect_rewrite(device->config, &result->advertised);
	judged.advertised = result->advertised;
	judged.drop = judge(device->config, &relay);
	event_emit_advertisement(device, &judged);
	if (judged.drop == INSPECT_PASS)
		selection_answered(&device->selection, index, relay.in, result->rtt_usec,
				   clock_monotonic());
	else
		selection_unanswered(
			&device->selection, index,
			judged.drop == INSPECT_DROP_ALLOW
				? "it advertises a relay outside of Allow="
				: "it advertises no IPv4 address of a host; [Rewrite] may mend it",
			clock_monotonic());
	run(device);
}

static void arm(sd_event_source *timer, uint64_t at)
{
	if (at == UINT64_MAX) {
		(void)sd_event_source_set_enabled(timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(timer, at);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static int ask(struct device *device, const struct selection_probe *wanted, uint64_t now)
{
	struct manager *manager = device->owner;
	const struct probe_options options = {
		.relay = device->selection.candidates[wanted->index].address,
		.port = device->config->relay_port,
		.ifindex = device->lower,
		.tries = wanted->tries,
		.interval_usec = wanted->interval_usec,
		.timeout_usec = wanted->timeout_usec,
	};
	struct failover_probe *question;
	int r;

	question = calloc(1, sizeof(*question));
	if (!question)
		return -ENOMEM;
	question->device = device;
	question->address = options.relay;
	question->next = device->probes;
	device->probes = question;
	r = probe_start(manager->prober, &options, now, on_answer, question, &question->probe);
	if (r < 0)
		forget_question(question);
	return r;
}

/* The former relay's data is a second copy by now. */
static void forget_previous(struct device *device, uint64_t now)
{
	if (device->previous_until == 0 || now < device->previous_until)
		return;
	device->previous_until = 0;
	device->previous.s_addr = 0;
	teardown_left(device->owner, device);
	pass_schedule(device->owner);
}

static uint64_t deadline(const struct device *device, uint64_t now)
{
	uint64_t at = selection_deadline(&device->selection, now);

	return device->previous_until != 0 && device->previous_until < at ? device->previous_until
									  : at;
}

/* Do what the selection wants, until it wants nothing. */
static void run(struct device *device)
{
	struct selection *selection = &device->selection;
	struct manager *manager = device->owner;
	struct selection_probe wanted;
	uint64_t now = clock_monotonic();

	if (device->config->mode != CONFIG_GATEWAY)
		return;
	if (device->queue_error) { /* nobody could tell a dead relay: the best one it is */
		if (selection->chosen < 0 && selection->n > 0) {
			selection_choose(selection, 0, now);
			device_move(device);
			pass_schedule(manager);
		}
		return;
	}
	forget_previous(device, now);
	selection_tick(selection, now);
	while (selection_next(selection, now, &wanted)) {
		int r = ask(device, &wanted, now);

		if (r < 0)
			selection_unanswered(selection, wanted.index, strerror(-r), now);
	}
	if (selection->choices != device->choices_done && device->move_at == 0) {
		device->move_at = now;
		if (device->record.chosen.s_addr != 0)
			device->move_at += arc4random_uniform(MOVE_SPREAD);
		arm(manager->moves, now < manager->moves_next ? manager->moves_next : now);
	}
	device_show_selection(device);
	arm(device->failover_timer, deadline(device, now));
	arm(manager->prober_timer, prober_next_timeout(manager->prober));
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	run(userdata);
	return 0;
}

/* Some of those that wait to be moved, then a pause. */
static int on_moves(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *manager = userdata;
	unsigned int moved = 0;
	uint64_t now = clock_monotonic();
	bool waiting = false;

	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (device->move_at == 0)
			continue;
		if (device->move_at > now || moved == MOVES_AT_ONCE) {
			waiting = true;
			continue;
		}
		if (device->selection.chosen >= 0) {
			device_move(device);
			selection_moved(&device->selection, now);
			arm(device->failover_timer, deadline(device, now));
		}
		device->move_at = 0;
		moved++;
	}
	if (moved > 0)
		pass_run(manager);
	manager->moves_next = now + MOVE_TICK;
	if (waiting)
		arm(manager->moves, manager->moves_next);
	return 0;
}

static int on_prober(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;

	(void)prober_dispatch(manager->prober, clock_monotonic());
	arm(manager->prober_timer, prober_next_timeout(manager->prober));
	return 0;
}

static int on_prober_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	return on_prober(source, -1, 0, userdata);
}

static int add_timer(struct manager *manager, sd_event_source **ret,
		     sd_event_time_handler_t handler, void *userdata)
{
	int r;

	/* accurate to a millisecond: sd-event's default of 250 ms is a failover's whole budget */
	r = sd_event_add_time(manager->event, ret, CLOCK_MONOTONIC, 0, 1000, handler, userdata);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

int failover_open(struct manager *manager)
{
	int r;

	r = prober_open(NULL, &manager->prober);
	if (r < 0)
		return r;
	r = sd_event_add_io(manager->event, &manager->prober_source, prober_fd(manager->prober),
			    EPOLLIN, on_prober, manager);
	if (r >= 0)
		r = add_timer(manager, &manager->prober_timer, on_prober_timer, manager);
	if (r >= 0)
		r = add_timer(manager, &manager->moves, on_moves, manager);
	if (r < 0)
		return r;

	r = kick_open(&manager->kick);
	if (r < 0)
		log_warning(
			NULL,
			"no raw ICMP socket: %s; a gateway that changes its relay loses seconds; amtd needs CAP_NET_RAW",
			strerror(-r));
	return 0;
}

void failover_close(struct manager *manager)
{
	sd_event_source_disable_unref(manager->moves);
	sd_event_source_disable_unref(manager->prober_timer);
	sd_event_source_disable_unref(manager->prober_source);
	prober_close(manager->prober);
	kick_close(manager->kick);
}

int failover_watch(struct manager *manager, struct device *device)
{
	int r;

	r = add_timer(manager, &device->failover_timer, on_deadline, device);
	if (r < 0)
		return r;
	failover_configure(device);
	return 0;
}

void failover_unwatch(struct device *device)
{
	cancel_questions(device);
	discover_stop(device);
	device->failover_timer = sd_event_source_disable_unref(device->failover_timer);
}

void failover_configure(struct device *device)
{
	uint64_t now = clock_monotonic();
	int index;

	cancel_questions(device);
	discover_stop(device);
	if (device->config->mode != CONFIG_GATEWAY)
		return;
	for (size_t i = 0; i < device->selection.n; i++)
		device->selection.candidates[i].probing = false;
	discover_start(device);
	discover_candidates(device, now);

	/* What was in use before a restart is taken without asking: nothing is lost. */
	index = find_candidate(device, device->record.chosen);
	if (device->selection.chosen < 0 && device->record.chosen.s_addr != 0 && index >= 0) {
		selection_choose(&device->selection, index, now);
		device->choices_done = device->selection.choices;
	}
	if (index >= 0 && index == device->selection.chosen && device->record.ifindex != 0)
		device->choices_done = device->selection.choices;
	/* The only one needs no asking either. */
	if (device->selection.chosen >= 0 && device->selection.choices != device->choices_done)
		device_move(device);
	arm(device->failover_timer, now);
}

void failover_found(struct device *device)
{
	discover_candidates(device, clock_monotonic());
	run(device);
}

void failover_wake(struct device *device)
{
	arm(device->failover_timer, clock_monotonic());
}

void failover_doubt(struct device *device)
{
	selection_doubt(&device->selection);
	run(device);
}

void failover_dataless(struct device *device)
{
	selection_dataless(&device->selection, clock_monotonic());
	run(device);
}

void failover_query(struct device *device, bool loaded)
{
	uint64_t now = clock_monotonic();

	/* The former one's: what it says is no more of interest. */
	if (device->selection.choices != device->choices_done)
		return;
	selection_query(&device->selection, loaded, now);
	if ((device->previous.s_addr != 0 || device->left.s_addr != 0) &&
	    device->previous_until == 0)
		device->previous_until = now + PREVIOUS_GRACE;
	run(device);
}

void failover_unreachable(struct device *device)
{
	selection_doubt(&device->selection);
	run(device);
}
