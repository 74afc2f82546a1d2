/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb that probes relays: probe. Works without amtd. */
#include "discovery/probe.h"

#include "amtctl/amtctl.h"
#include "amtctl/client.h"
#include "amtctl/handshake.h"
#include "amtctl/offline.h"
#include "amtctl/options.h"
#include "amtctl/output/fields.h"
#include "amtctl/output/output.h"
#include "amtctl/output/probe-notes.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECONDS_MAX    3600
#define COUNT_DEFAULT  3
#define COUNT_MAX      1000000
#define TARGETS_MAX    256
#define ADDRESSES_EACH 16 /* of one name */

enum {
	OPTION_PORT,
	OPTION_TIMEOUT,
	OPTION_COUNT,
	OPTION_INTERVAL,
	OPTION_WATCH,
	OPTION_HANDSHAKE,
};

const struct verb_option probe_options[] = {
	[OPTION_PORT] = { "port", "N", "UDP port of the relay (default: 2268)" },
	[OPTION_TIMEOUT] = { "timeout", "SEC", "Time to wait for an answer (default: 1)" },
	[OPTION_COUNT] = { "count", "N", "Number of probes (default: 3)" },
	[OPTION_INTERVAL] = { "interval", "SEC", "Time between probes (default: 1)" },
	[OPTION_WATCH] = { "watch", NULL, "Probe until interrupted, a line for each" },
	[OPTION_HANDSHAKE] = { "handshake", NULL,
			       "Go on to the Query; refused if a gateway here uses the relay" },
	{ NULL },
};

struct probe_args {
	uint16_t port;
	uint64_t timeout_usec, interval_usec;
	uint32_t count; /* 0: indefinitely */
	bool watch, handshake;
};

struct target {
	struct probe_run *run;
	struct probe_report *report;
	struct probe *probe;  /* under way; NULL: none */
	unsigned int started; /* probes */
	uint64_t next_usec;   /* no new one before that */
};

struct probe_run {
	const struct settings *settings;
	struct probe_args args;
	struct prober *prober;
	struct probe_report reports[TARGETS_MAX];
	struct target targets[TARGETS_MAX];
	size_t n;
};

static volatile sig_atomic_t interrupted;

/*
 * Arguments.
 */

static int parse_args(const struct settings *settings, struct probe_args *args)
{
	const char *const *values = settings->values;
	uint32_t port = AMT_PORT;
	int r;

	*args = (struct probe_args){
		.timeout_usec = USEC_PER_SEC,
		.interval_usec = USEC_PER_SEC,
		.watch = values[OPTION_WATCH],
		.handshake = values[OPTION_HANDSHAKE],
	};
	args->count = args->watch ? 0 : COUNT_DEFAULT;

	r = option_number(settings, probe_options, OPTION_PORT, 1, UINT16_MAX, &port);
	if (r == AMTCTL_OK)
		r = option_number(settings, probe_options, OPTION_COUNT, 1, COUNT_MAX,
				  &args->count);
	if (r == AMTCTL_OK)
		r = option_seconds(settings, probe_options, OPTION_TIMEOUT, USEC_PER_MSEC,
				   SECONDS_MAX * USEC_PER_SEC, &args->timeout_usec);
	if (r == AMTCTL_OK)
		r = option_seconds(settings, probe_options, OPTION_INTERVAL, USEC_PER_MSEC,
				   SECONDS_MAX * USEC_PER_SEC, &args->interval_usec);
	if (r == AMTCTL_OK && args->watch && args->handshake)
		r = output_error(AMTCTL_USAGE, "--handshake: not together with --watch");
	args->port = (uint16_t)port;
	return r;
}

/* All IPv4 addresses of a name. */
static int add_relay(struct probe_run *run, const char *word)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *answer = NULL, *one;
	size_t n = 0;
	int r;

	if (!*word)
		return output_error(AMTCTL_USAGE,
				    "probe: empty argument; expected an IPv4 address or a name");
	r = getaddrinfo(word, NULL, &hints, &answer);
	if (r != 0)
		return output_error(AMTCTL_FAILED,
				    "%s: %s; expected an IPv4 address or a name that has one", word,
				    r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	for (one = answer; one && n < ADDRESSES_EACH && run->n < TARGETS_MAX; one = one->ai_next) {
		if (one->ai_family != AF_INET)
			continue;
		run->reports[run->n].name = word;
		run->reports[run->n].relay =
			address_from_in(((struct sockaddr_in *)one->ai_addr)->sin_addr);
		run->reports[run->n].port = run->args.port;
		run->targets[run->n].run = run;
		run->targets[run->n].report = &run->reports[run->n];
		run->n++;
		n++;
	}
	freeaddrinfo(answer);
	if (run->n == TARGETS_MAX)
		return output_error(AMTCTL_USAGE, "probe: more than %d relays", TARGETS_MAX - 1);
	if (n == 0)
		return output_error(
			AMTCTL_FAILED,
			"%s: an IPv6 relay is not usable yet, the kernel's tunnels run over IPv4 only; give an IPv4 address",
			word);
	return AMTCTL_OK;
}

/*
 * Probing.
 */

static void on_done(struct probe *probe, const struct probe_result *result, void *userdata)
{
	struct target *target = userdata;
	struct probe_report *report = target->report;
	struct probe_result before = report->last;
	bool changed;

	target->probe = NULL;
	changed = probe_report_add(report, result);
	if (target->run->args.watch)
		probe_report_print_line(report, target->run->settings, changed ? &before : NULL);
}

static bool is_finished(const struct probe_run *run, const struct target *target)
{
	return !target->probe && run->args.count > 0 && target->started >= run->args.count;
}

/* AMTCTL_OK, and when something is to be done next; UINT64_MAX: all are finished. */
static int start_due(struct probe_run *run, uint64_t now, uint64_t *ret_next)
{
	const struct probe_args *args = &run->args;
	uint64_t next = UINT64_MAX;
	size_t i;
	int r;

	for (i = 0; i < run->n; i++) {
		struct target *target = &run->targets[i];
		const struct probe_options options = {
			.relay = target->report->relay,
			.port = args->port,
			.timeout_usec = args->timeout_usec,
		};

		if (is_finished(run, target))
			continue;
		if (!target->probe && target->next_usec <= now) {
			r = probe_start(run->prober, &options, now, on_done, target,
					&target->probe);
			if (r == -EINVAL)
				return output_error(AMTCTL_USAGE, "%s: not the address of a host",
						    target->report->name);
			if (r < 0)
				return output_error(AMTCTL_FAILED, "out of memory");
			target->started++;
			target->next_usec = now + args->interval_usec;
		}
		if (!target->probe && target->next_usec < next)
			next = target->next_usec;
	}
	if (prober_next_timeout(run->prober) < next)
		next = prober_next_timeout(run->prober);
	*ret_next = next;
	return AMTCTL_OK;
}

static bool all_finished(const struct probe_run *run)
{
	size_t i;

	for (i = 0; i < run->n; i++)
		if (!is_finished(run, &run->targets[i]))
			return false;
	return true;
}

static int probe_all(struct probe_run *run, const sigset_t *wait_mask)
{
	struct pollfd poll_fd = { .fd = prober_fd(run->prober), .events = POLLIN };
	struct timespec wait;
	uint64_t now, next = 0;
	int r;

	while (!interrupted && !all_finished(run)) {
		now = clock_monotonic();
		r = start_due(run, now, &next);
		if (r != AMTCTL_OK)
			return r;
		next = next > now ? next - now : 0;
		if (next > USEC_PER_SEC * SECONDS_MAX)
			next = USEC_PER_SEC * SECONDS_MAX;
		wait.tv_sec = (time_t)(next / USEC_PER_SEC);
		wait.tv_nsec = (long)(next % USEC_PER_SEC * 1000);
		if (ppoll(&poll_fd, 1, &wait, wait_mask) < 0 && errno != EINTR)
			return output_error(AMTCTL_FAILED, "poll: %s", strerror(errno));
		r = prober_dispatch(run->prober, clock_monotonic());
		if (r < 0)
			return output_error(AMTCTL_FAILED, "socket: %s", strerror(-r));
	}
	return AMTCTL_OK;
}

/*
 * The handshake.
 */

static bool is_one_of(const struct address *address, const struct probe_report *report)
{
	return address_is_set(address) &&
	       (address_equal(address, &report->relay) || address_equal(address, &report->partner));
}

static bool is_relay_of_report(const struct address *relay, void *userdata)
{
	return is_one_of(relay, userdata);
}

/* amtd's view: a gateway may be redirected to another relay than the driver knows. */
static int find_in_amtd(const struct settings *settings, const struct probe_report *report,
			char ret[static IFNAMSIZ])
{
	const char *name, *text;
	struct client *client;
	json_t *devices, *device;
	struct address relay;
	int r, found = 0;
	size_t i;

	r = client_open(settings, &client);
	if (r == AMTCTL_NO_DAEMON)
		return 0;
	if (r != AMTCTL_OK)
		return -EIO;
	r = client_call(client, "describe", &devices, "Describe", "", NULL);
	client_close(client);
	if (r != AMTCTL_OK)
		return -EIO;
	json_array_foreach (devices, i, device) {
		text = json_string_value(FIELD(device, "last_relay"));
		name = json_string_value(FIELD(device, "ifname"));
		if (text && name && address_parse(text, &relay) == 0 && is_one_of(&relay, report)) {
			snprintf(ret, IFNAMSIZ, "%s", name);
			found = 1;
		}
	}
	json_decref(devices);
	return found;
}

/* So that amtd knows why a gateway gets no Query. It need not run. */
static void tell_amtd(const struct settings *settings, const struct probe_report *report)
{
	char local[ADDRESS_TEXT_MAX], relay[ADDRESS_TEXT_MAX];
	struct client *client;

	if (!probe_report_pins(report) || client_open(settings, &client) != AMTCTL_OK)
		return;
	(void)client_call(client, "probe", NULL, "Pinned",
			  address_format(&report->handshake.local, local),
			  address_format(&report->partner, relay), NULL);
	client_close(client);
}

static int run_handshake(const struct probe_run *run, struct probe_report *report)
{
	char name[IFNAMSIZ];
	int r;

	report->partner = probe_report_partner(report);
	r = offline_find_gateway(is_relay_of_report, report, name);
	if (r == 0)
		r = find_in_amtd(run->settings, report, name);
	if (r < 0)
		return output_error(
			AMTCTL_FAILED,
			"%s: no handshake: cannot tell whether a gateway here uses this relay; run as root",
			report->name);
	if (r > 0)
		return output_error(
			AMTCTL_FAILED,
			"%s: no handshake: the gateway %s uses this relay, and might lose its stream to the probe; see amtctl status %s",
			report->name, name, name);

	r = handshake_do(&report->partner, report->port, run->args.timeout_usec,
			 &report->handshake);
	if (r < 0)
		return output_error(AMTCTL_FAILED, "%s: no handshake: %s", report->name,
				    strerror(-r));
	report->handshaken = true;
	tell_amtd(run->settings, report);
	return report->handshake.igmp.queried ? AMTCTL_OK : AMTCTL_FAILED;
}

/*
 * The verb.
 */

static void on_signal(int number)
{
	interrupted = 1;
}

/* SIGINT and SIGTERM end the probing, and only while it waits, so that none is missed; the summary
 * follows. */
static void catch_signals(sigset_t *ret_wait_mask)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, ret_wait_mask);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
}

/* From here on they end amtctl, as usual. */
static void release_signals(const sigset_t *mask)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
}

static int conclude(struct probe_run *run)
{
	int code, r = AMTCTL_OK;
	size_t i;

	for (i = 0; i < run->n; i++) {
		struct probe_report *report = &run->reports[i];

		if (report->answered > 0 && run->args.handshake && !interrupted) {
			code = run_handshake(run, report);
			r = r == AMTCTL_OK ? code : r;
		}
	}
	/* With --watch JSON is a stream of lines, all of one kind. */
	if (!run->args.watch || run->settings->json == JSON_MODE_OFF)
		if (probe_report_print(run->reports, run->n, run->settings) < 0)
			r = output_error(AMTCTL_FAILED, "out of memory");
	fflush(stdout);
	for (i = 0; i < run->n; i++)
		if (run->reports[i].answered == 0) {
			if (run->reports[i].sent > 0)
				probe_report_error(&run->reports[i]);
			r = AMTCTL_FAILED;
		}
	return r;
}

int verb_probe(const struct settings *settings, int argc, char **argv)
{
	int i, first = AMTCTL_OK, r;
	sigset_t wait_mask;
	struct probe_run *run;

	run = calloc(1, sizeof(*run));
	if (!run)
		return output_error(AMTCTL_FAILED, "out of memory");
	run->settings = settings;
	r = parse_args(settings, &run->args);
	for (i = 0; i < argc && r != AMTCTL_USAGE; i++) {
		r = add_relay(run, argv[i]);
		first = first == AMTCTL_OK ? r : first;
	}
	if (r != AMTCTL_USAGE && run->n > 0) {
		r = prober_open(NULL, &run->prober);
		if (r < 0) {
			r = output_error(AMTCTL_FAILED, "cannot open a socket: %s", strerror(-r));
		} else {
			catch_signals(&wait_mask);
			r = probe_all(run, &wait_mask);
			release_signals(&wait_mask);
			if (r == AMTCTL_OK)
				r = conclude(run);
		}
	}
	prober_close(run->prober);
	free(run);
	return r == AMTCTL_OK ? first : r;
}
