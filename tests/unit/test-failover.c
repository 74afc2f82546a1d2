/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failover in a scripted world of relays and a virtual clock: the world has the timers, answers the
 * probes, and does what the driver would: Requests, and so Queries, every 2 s and after a kick.
 */
#include "addresses.h"
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "amtd/gateway/discover.h"
#include "amtd/gateway/failover.h"
#include "amtd/gateway/teardown.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/timer.h"
#include "discovery/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define RELAYS	   3
#define GATEWAYS   50
#define PROBES_MAX 256
#define TIMERS_MAX 256
#define RTT	   (10 * USEC_PER_MSEC)
#define NEVER	   UINT64_MAX

struct relay {
	bool answers; /* Discovery and Requests */
	bool refuses; /* ICMP port unreachable, when it does not answer */
	bool loaded;  /* L */
};

struct timer {
	sd_event_time_handler_t handler;
	void *userdata;
	uint64_t at;
};

struct probe {
	bool used;
	size_t relay;
	uint64_t at;
	bool answered; /* as it was when the Discovery arrived */
	bool refused;
	uint64_t asked;
	probe_done done;
	void *userdata;
};

static struct world {
	uint64_t now;
	struct relay relays[RELAYS];
	struct timer *timers[TIMERS_MAX];
	size_t n_timers;
	struct probe probes[PROBES_MAX];
	struct manager manager;
	struct gateways gateways;
	struct device *devices[GATEWAYS];
	uint64_t query_at[GATEWAYS]; /* of the driver's next Request */
	bool pass_due;
	unsigned int teardowns;
	uint64_t moves[4096]; /* when the tunnels were redirected */
	size_t n_moves;
} world;

static const struct wing wing = { .name = "gateway",
				  .device_private_size = sizeof(struct gateway) };
static const struct wing *const wings[] = { &wing };

static struct address relay_address(size_t i)
{
	return address_from_in((struct in_addr){ htonl(0xc0000201 + (uint32_t)i) }); /* 192.0.2.1 */
}

static size_t relay_index(const struct address *address)
{
	return ntohl(address->in.s_addr) - 0xc0000201;
}

static struct gateway *gateway_at(size_t i)
{
	return wing_data(world.devices[i], &wing);
}

/* ---- what failover.c calls ------------------------------------------------------------------ */

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	ret->tv_sec = (time_t)(world.now / USEC_PER_SEC);
	ret->tv_nsec = (long)(world.now % USEC_PER_SEC) * 1000;
	return 0;
}

int timer_add(sd_event *event, sd_event_source **ret, uint64_t accuracy_usec,
	      sd_event_time_handler_t handler, void *userdata)
{
	struct timer *timer = calloc(1, sizeof(*timer));

	assert_true(world.n_timers < TIMERS_MAX);
	*timer = (struct timer){ handler, userdata, NEVER };
	world.timers[world.n_timers++] = timer;
	*ret = (sd_event_source *)timer;
	return 0;
}

void timer_arm(sd_event_source *source, uint64_t at_usec)
{
	((struct timer *)source)->at = at_usec;
}

void timer_arm_relative(sd_event_source *source, uint64_t usec)
{
	timer_arm(source, world.now + usec);
}

void timer_disarm(sd_event_source *source)
{
	timer_arm(source, NEVER);
}

bool timer_is_armed(sd_event_source *source)
{
	return ((struct timer *)source)->at != NEVER;
}

void timer_ensure(sd_event_source *source, uint64_t usec)
{
	if (!timer_is_armed(source))
		timer_arm_relative(source, usec);
}

sd_event_source *sd_event_source_disable_unref(sd_event_source *source)
{
	for (size_t i = 0; i < world.n_timers; i++) {
		if ((sd_event_source *)world.timers[i] != source)
			continue;
		free(world.timers[i]);
		world.timers[i] = world.timers[--world.n_timers];
		break;
	}
	return NULL;
}

int sd_event_add_io(sd_event *event, sd_event_source **ret, int fd, uint32_t events,
		    sd_event_io_handler_t callback, void *userdata)
{
	*ret = NULL;
	return 0;
}

int prober_open(const char *device, struct prober **ret)
{
	*ret = NULL;
	return 0;
}

void prober_close(struct prober *prober)
{
}

int prober_fd(const struct prober *prober)
{
	return -1;
}

int prober_dispatch(struct prober *prober, uint64_t now)
{
	return 0;
}

uint64_t prober_next_timeout(const struct prober *prober)
{
	return NEVER;
}

int probe_start(struct prober *prober, const struct probe_options *options, uint64_t now,
		probe_done done, void *userdata, struct probe **ret)
{
	const size_t i = relay_index(&options->relay);
	const struct relay *relay = &world.relays[i];
	struct probe *probe = NULL;

	assert_true(i < RELAYS);
	for (size_t j = 0; j < PROBES_MAX && !probe; j++)
		if (!world.probes[j].used)
			probe = &world.probes[j];
	assert_non_null(probe);
	*probe = (struct probe){
		.used = true,
		.relay = i,
		.answered = relay->answers,
		.refused = relay->refuses,
		.asked = now,
		.at = now + (relay->answers || relay->refuses ? RTT : options->timeout_usec),
		.done = done,
		.userdata = userdata,
	};
	*ret = probe;
	return 0;
}

void probe_cancel(struct probe *probe)
{
	probe->used = false;
}

void discover_start(struct gateway *gateway, discover_found found)
{
}

void discover_stop(struct gateway *gateway)
{
}

void discover_candidates(struct gateway *gateway, uint64_t now)
{
	struct selection_candidate candidates[RELAYS] = { 0 };
	const struct config *config = gateway->device->config;

	for (size_t i = 0; i < config->n_relays; i++)
		candidates[i] = (struct selection_candidate){ .address = config->relays[i],
							      .origin = "configured" };
	selection_set(&gateway->selection, candidates, config->n_relays, now);
}

void teardown_previous(struct gateway *gateway)
{
	world.teardowns++;
	gateway->left = (struct address){ 0 };
}

void pass_schedule(struct manager *manager)
{
	world.pass_due = true;
}

/* The interface is made for the relay that is chosen first; a kick makes the driver ask at once. */
static void make_interface(struct device *device)
{
	struct record *record = &device->record;

	if (record->ifindex != 0 || !address_is_set(&record->chosen))
		return;
	device->ifindex = record->ifindex = 7;
	record->discovery = record->remote = record->chosen;
	device->relay = record->chosen;
	device_set_state(device, DEVICE_DISCOVERING, "made");
}

void pass_run(struct manager *manager)
{
	world.pass_due = false;
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct gateway *gateway = gateway_at(i);
		struct device *device = manager->devices[i];

		device->dirty = false;
		make_interface(device);
		if (!gateway->kick)
			continue;
		gateway->kick = false;
		world.query_at[i] = world.now + RTT;
		world.moves[world.n_moves++ % ARRAY_SIZE(world.moves)] = world.now;
	}
}

/* ---- the world ------------------------------------------------------------------------------ */

static void finish_probe(struct probe *probe)
{
	struct probe_result result = { .outcome = PROBE_TIMEOUT };
	struct probe over = *probe;

	probe->used = false;
	if (over.answered) {
		result.outcome = PROBE_ANSWERED;
		result.advertised = relay_address(over.relay);
		result.rtt_usec = RTT;
	} else if (over.refused) {
		result.outcome = PROBE_UNREACHABLE;
		result.error = ECONNREFUSED;
	}
	over.done(probe, &result, over.userdata);
}

/* The driver asks the relay that its tunnel leads to. */
static void ask_relay(size_t i)
{
	struct device *device = world.devices[i];
	const struct relay *relay;

	world.query_at[i] = world.now + 2 * USEC_PER_SEC;
	if (device->ifindex == 0 || !address_is_set(&device->relay))
		return;
	relay = &world.relays[relay_index(&device->relay)];
	if (relay->answers)
		failover_query(gateway_at(i), relay->loaded);
	else if (relay->refuses)
		failover_doubt(gateway_at(i));
}

static uint64_t next_event(void)
{
	uint64_t next = NEVER;

	for (size_t i = 0; i < world.n_timers; i++)
		next = world.timers[i]->at < next ? world.timers[i]->at : next;
	for (size_t i = 0; i < PROBES_MAX; i++)
		if (world.probes[i].used && world.probes[i].at < next)
			next = world.probes[i].at;
	for (size_t i = 0; i < world.manager.n_devices; i++)
		next = world.query_at[i] < next ? world.query_at[i] : next;
	return next;
}

static void run_events(void)
{
	for (size_t i = 0; i < world.n_timers; i++) {
		struct timer *timer = world.timers[i];

		if (timer->at > world.now)
			continue;
		timer->at = NEVER;
		timer->handler(NULL, world.now, timer->userdata);
	}
	for (size_t i = 0; i < PROBES_MAX; i++)
		if (world.probes[i].used && world.probes[i].at <= world.now)
			finish_probe(&world.probes[i]);
	for (size_t i = 0; i < world.manager.n_devices; i++)
		if (world.query_at[i] <= world.now)
			ask_relay(i);
	if (world.pass_due)
		pass_run(&world.manager);
}

static void run_for(uint64_t usec)
{
	const uint64_t end = world.now + usec;

	for (uint64_t next = next_event(); next <= end; next = next_event()) {
		world.now = next > world.now ? next : world.now;
		run_events();
	}
	world.now = end;
}

static void add_gateway(size_t i)
{
	struct device *device = calloc(1, sizeof(*device));
	struct config *config = calloc(1, sizeof(*config));
	struct gateway *gateway;

	snprintf(config->name, sizeof(config->name), "amt%zu", i);
	config->relays = calloc(RELAYS, sizeof(*config->relays));
	for (; config->n_relays < RELAYS; config->n_relays++)
		config->relays[config->n_relays] = relay_address(config->n_relays);
	config->hold_down_sec = 600;
	config->dead_sec = 5;
	config->return_sec = 60;
	config->relay_port = 2268;
	device->config = config;
	world.devices[i] = device;
	world.query_at[i] = NEVER;
	assert_int_equal(hooks_device_added(&world.manager, device), 0);
	gateway = gateway_at(i);
	*gateway = (struct gateway){ .gateways = &world.gateways,
				     .manager = &world.manager,
				     .device = device };
	world.query_at[i] = world.now + 2 * USEC_PER_SEC;
	world.manager.n_devices = i + 1;
	assert_int_equal(failover_add(gateway), 0);
}

static void begin(size_t n)
{
	static void *states[1];

	memset(&world, 0, sizeof(world));
	world.now = 1000 * USEC_PER_SEC;
	for (size_t i = 0; i < RELAYS; i++)
		world.relays[i] = (struct relay){ .answers = true };
	world.manager = (struct manager){
		.devices = world.devices, .wings = wings, .n_wings = 1, .wing_states = states
	};
	world.gateways = (struct gateways){ .manager = &world.manager, .wing = &wing };
	assert_int_equal(failover_open(&world.gateways), 0);
	for (size_t i = 0; i < n; i++)
		add_gateway(i);
	run_for(10 * USEC_PER_SEC);
}

static void end(void)
{
	for (size_t i = world.manager.n_devices; i-- > 0;) {
		failover_remove(gateway_at(i));
		hooks_device_removed(&world.manager, world.devices[i]);
		device_free(world.devices[i]);
	}
	failover_close(&world.gateways);
	assert_int_equal(world.n_timers, 0);
}

static void assert_on(size_t relay, enum device_state state)
{
	const struct device *device = world.devices[0];
	const struct address expected = relay_address(relay);
	char a[ADDRESS_TEXT_MAX], b[ADDRESS_TEXT_MAX];

	if (!address_equal(&device->relay, &expected) || device->state != state)
		fail_msg("on %s, %s (%s); expected %s, %s", address_format(&device->relay, a),
			 device_state_string(device->state), device->reason,
			 address_format(&expected, b), device_state_string(state));
}

/* Runs until the gateway is connected to the relay; the time that took. */
static uint64_t time_until_on(size_t relay, uint64_t limit)
{
	const struct address expected = relay_address(relay);
	const uint64_t start = world.now;

	while (world.now - start < limit) {
		if (address_equal(&world.devices[0]->relay, &expected) &&
		    gateway_at(0)->selection.phase == SELECTION_GOOD)
			return world.now - start;
		run_for(USEC_PER_MSEC);
	}
	fail_msg("not on relay %zu after %u ms: %s", relay, (unsigned int)(limit / 1000),
		 world.devices[0]->reason);
	return limit;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_the_first_that_answers(void **state)
{
	begin(1);
	assert_on(0, DEVICE_CONNECTED);
	assert_false(address_is_set(&world.devices[0]->record.redirect));
	end();

	begin(0);
	world.relays[0].answers = false;
	add_gateway(0);
	(void)time_until_on(1, 3 * USEC_PER_SEC);
	assert_on(1, DEVICE_CONNECTED);
	end();
}

/* Its stream ceases: the next one is asked at once, and the tunnel redirected. */
static void test_dead_with_a_stream(void **state)
{
	begin(1);
	world.relays[0].answers = false;
	failover_doubt(gateway_at(0));
	assert_on(0, DEVICE_SUSPECT);
	assert_true(time_until_on(1, 3 * USEC_PER_SEC) <= 1500 * USEC_PER_MSEC);
	assert_on(1, DEVICE_CONNECTED);
	assert_address(&world.devices[0]->record.redirect, "192.0.2.2");
	assert_address(&world.devices[0]->record.discovery, "192.0.2.1");
	end();
}

/* Without a stream only Queries tell: DeadSec=. */
static void test_dead_without_a_stream(void **state)
{
	begin(1);
	world.relays[0].answers = false;
	assert_in_range(time_until_on(1, 20 * USEC_PER_SEC), 1 * USEC_PER_SEC, 8 * USEC_PER_SEC);
	end();
}

/* ICMP says that the relay's port is closed: that is checked, and quick. */
static void test_unreachable(void **state)
{
	begin(1);
	world.relays[0] = (struct relay){ .refuses = true };
	failover_doubt(gateway_at(0));
	assert_true(time_until_on(1, 3 * USEC_PER_SEC) <= 300 * USEC_PER_MSEC);
	assert_non_null(strstr(gateway_at(0)->selection.reason, "port unreachable"));
	end();
}

/* Anybody can send an ICMP error: a relay that answers is kept. */
static void test_forged_unreachable(void **state)
{
	size_t moves;

	begin(1);
	moves = world.n_moves;
	for (int i = 0; i < 100; i++) {
		failover_doubt(gateway_at(0));
		run_for(50 * USEC_PER_MSEC);
	}
	run_for(5 * USEC_PER_SEC);
	assert_on(0, DEVICE_CONNECTED);
	assert_int_equal(world.n_moves, moves);
	end();
}

/* A relay that says that it is loaded is left for one that is not; what it still sends is let in
 * for a while, and then it is told. */
static void test_loaded(void **state)
{
	begin(1);
	gateway_at(0)->tickets.igmp.known = true; /* as its Queries have left one */
	world.relays[0].loaded = true;
	(void)time_until_on(1, 5 * USEC_PER_SEC);
	assert_address(&gateway_at(0)->left, "192.0.2.1");
	assert_int_equal(world.teardowns, 0);
	run_for(3 * USEC_PER_SEC);
	assert_int_equal(world.teardowns, 1);
	end();
}

/* The same for a gateway that was redirected before. */
static void test_loaded_after_redirect(void **state)
{
	begin(1);
	world.relays[0].answers = false;
	failover_doubt(gateway_at(0));
	(void)time_until_on(1, 3 * USEC_PER_SEC);
	run_for(5 * USEC_PER_SEC);
	gateway_at(0)->tickets.igmp.known = true;
	world.relays[1].loaded = true;
	(void)time_until_on(2, 5 * USEC_PER_SEC);
	assert_address(&world.devices[0]->previous, "192.0.2.2");
	assert_int_equal(world.teardowns, 0);
	run_for(3 * USEC_PER_SEC);
	assert_false(address_is_set(&world.devices[0]->previous));
	assert_int_equal(world.teardowns, 1);
	end();
}

/* A relay that comes and goes is left alone for HoldDownSec=. */
static void test_flapping(void **state)
{
	size_t moves;

	begin(1);
	moves = world.n_moves;
	for (int i = 0; i < 40; i++) {
		world.relays[0].answers = i % 2;
		if (!world.relays[0].answers)
			failover_doubt(gateway_at(0));
		run_for(3 * USEC_PER_SEC);
	}
	assert_on(1, DEVICE_CONNECTED);
	assert_true(world.n_moves - moves <= 2);
	end();
}

static void test_all_dead_and_back_again(void **state)
{
	begin(1);
	for (size_t i = 0; i < RELAYS; i++)
		world.relays[i].answers = false;
	run_for(60 * USEC_PER_SEC);
	assert_int_equal(world.devices[0]->state, DEVICE_NO_RELAY);
	assert_non_null(strstr(world.devices[0]->reason, "none of 3 relays works"));

	/* It goes on asking, less and less often, but within minutes. */
	run_for(600 * USEC_PER_SEC);
	assert_int_equal(world.devices[0]->state, DEVICE_NO_RELAY);
	world.relays[2].answers = true;
	(void)time_until_on(2, 180 * USEC_PER_SEC);
	assert_on(2, DEVICE_CONNECTED);
	end();
}

/* ReturnSec=: back to the better one, when it has been good for so long and its hold-down is over.
 */
static void test_return(void **state)
{
	begin(1);
	world.relays[0].answers = false;
	failover_doubt(gateway_at(0));
	(void)time_until_on(1, 3 * USEC_PER_SEC);
	world.relays[0].answers = true;
	run_for(100 * USEC_PER_SEC);
	assert_on(1, DEVICE_CONNECTED); /* held down for three minutes at least, RFC 8777 */
	(void)time_until_on(0, 900 * USEC_PER_SEC);
	assert_on(0, DEVICE_CONNECTED);
	assert_false(address_is_set(&world.devices[0]->record.redirect));
	end();
}

/* Without the NFQUEUE nobody could tell: the best one it is, and it stays. */
static void test_without_queue(void **state)
{
	begin(0);
	add_gateway(0);
	world.devices[0]->queue_error = "no queue";
	run_for(USEC_PER_SEC);
	world.relays[0].answers = false;
	run_for(60 * USEC_PER_SEC);
	assert_address(&world.devices[0]->record.chosen, "192.0.2.1");
	end();
}

/* After a restart the relay in use is taken without asking. */
static void test_restart(void **state)
{
	struct gateway *gateway;

	begin(1);
	gateway = gateway_at(0);
	world.relays[0].answers = false;
	failover_doubt(gateway);
	(void)time_until_on(1, 3 * USEC_PER_SEC);
	failover_remove(gateway);
	*gateway = (struct gateway){ .gateways = &world.gateways,
				     .manager = &world.manager,
				     .device = world.devices[0] };
	assert_int_equal(failover_add(gateway), 0);
	assert_int_equal(gateway->selection.chosen, 1);
	assert_int_equal(gateway->choices_done, gateway->selection.choices);
	run_for(5 * USEC_PER_SEC);
	assert_on(1, DEVICE_CONNECTED);
	end();
}

/* A configuration without the relay in use: the tunnel goes to the best of the others. */
static void test_reconfigured(void **state)
{
	struct config *config;

	begin(1);
	config = world.devices[0]->config;
	memmove(config->relays, config->relays + 1, 2 * sizeof(*config->relays));
	config->n_relays = 2;
	failover_configure(gateway_at(0));
	(void)time_until_on(1, 5 * USEC_PER_SEC);
	end();
}

/* Many lose a relay in the same moment: the next one is not flooded. */
static void test_crowd(void **state)
{
	size_t first, in_window = 0, most = 0;

	begin(GATEWAYS);
	first = world.n_moves;
	world.relays[0].answers = false;
	for (size_t i = 0; i < GATEWAYS; i++)
		failover_doubt(gateway_at(i));
	run_for(10 * USEC_PER_SEC);
	for (size_t i = 0; i < GATEWAYS; i++)
		assert_int_equal(gateway_at(i)->selection.phase, SELECTION_GOOD);
	assert_int_equal(world.n_moves - first, GATEWAYS);
	for (size_t i = first, j = first; i < world.n_moves; i++) {
		in_window++;
		for (; world.moves[i] - world.moves[j] >= 100 * USEC_PER_MSEC; j++)
			in_window--;
		most = in_window > most ? in_window : most;
	}
	assert_in_range(most, 2, 20); /* two a tick of 10 ms */
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_that_answers),
		cmocka_unit_test(test_dead_with_a_stream),
		cmocka_unit_test(test_dead_without_a_stream),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_forged_unreachable),
		cmocka_unit_test(test_loaded),
		cmocka_unit_test(test_loaded_after_redirect),
		cmocka_unit_test(test_flapping),
		cmocka_unit_test(test_all_dead_and_back_again),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_without_queue),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_reconfigured),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
