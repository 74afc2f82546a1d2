/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "discovery/probe.h"

#include "discovery/probe-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#define DISCOVERY_LENGTH 8   /* RFC 7450, 5.1.1 */
#define BUCKETS		 256 /* a power of two */
#define AGAIN_MAX	 3 /* more Discoveries of an attempt because of ICMP errors without nonce */

struct probe_try {
	struct probe_socket *socket; /* from which it was sent; NULL: none yet */
	uint32_t nonce;
	usec_t sent_usec;
};

TAILQ_HEAD(probe_list, probe);

/* Discovery of one relay, shared by its probes. */
struct attempt {
	LIST_ENTRY(attempt) entry;
	struct probe_list probes; /* empty only during creation */
	struct prober *prober;
	struct probe_options target; /* of its limits none counts, they are each probe's own */
	struct probe_try tries[PROBE_TRIES_MAX]; /* the latest; a ring */
	unsigned int n_tries, max_tries, n_waits, n_again;
	usec_t interval_usec;	  /* 0: back off */
	usec_t last_usec;	  /* of the last try */
	usec_t next_usec;	  /* of the next try; USEC_NEVER: none */
	struct probe_result seen; /* the reason to report on a time-out */
};

struct probe {
	TAILQ_ENTRY(probe) entry; /* of its attempt, or of the prober's done */
	struct prober *prober;
	struct attempt *attempt;   /* NULL: done */
	unsigned int tries_before; /* of the attempt, that were not for this probe */
	struct probe_result result;
	usec_t deadline_usec;
	probe_done done;
	void *userdata;
};

struct prober {
	struct probe_sockets *sockets;
	LIST_HEAD(attempt_list, attempt) attempts[BUCKETS];
	struct probe_list done;
	usec_t next_usec; /* earliest deadline of all attempts */
	struct prober_counters counters;
};

static unsigned int bucket_of(const struct address *relay)
{
	uint32_t a = ntohl(relay->in.s_addr);

	return (a ^ a >> 8 ^ a >> 16 ^ a >> 24) & (BUCKETS - 1);
}

/*
 * Opening and closing.
 */

int prober_open(const char *device, struct prober **ret)
{
	struct prober *prober;
	int r;

	prober = calloc(1, sizeof(*prober));
	if (!prober)
		return -ENOMEM;
	prober->next_usec = USEC_NEVER;
	TAILQ_INIT(&prober->done);
	r = probe_sockets_open(device, &prober->sockets);
	if (r < 0) {
		prober_close(prober);
		return r;
	}
	*ret = prober;
	return 0;
}

static void probe_unlink(struct probe *probe)
{
	TAILQ_REMOVE(probe->attempt ? &probe->attempt->probes : &probe->prober->done, probe, entry);
}

static void probe_free(struct probe *probe)
{
	probe_unlink(probe);
	free(probe);
}

static void attempt_free(struct attempt *attempt)
{
	for (size_t i = 0; i < PROBE_TRIES_MAX; i++)
		probe_socket_release(attempt->tries[i].socket);
	LIST_REMOVE(attempt, entry);
	free(attempt);
}

void prober_close(struct prober *prober)
{
	struct attempt *attempt;
	struct probe *probe;
	size_t i;

	if (!prober)
		return;
	for (i = 0; i < BUCKETS; i++)
		while ((attempt = LIST_FIRST(&prober->attempts[i]))) {
			while ((probe = TAILQ_FIRST(&attempt->probes)))
				probe_free(probe);
			attempt_free(attempt);
		}
	while ((probe = TAILQ_FIRST(&prober->done)))
		probe_free(probe);
	probe_sockets_close(prober->sockets);
	free(prober);
}

int prober_fd(const struct prober *prober)
{
	return probe_sockets_fd(prober->sockets);
}

usec_t prober_next_timeout(const struct prober *prober)
{
	return TAILQ_EMPTY(&prober->done) ? prober->next_usec : 0;
}

const struct prober_counters *prober_counters(const struct prober *prober)
{
	return &prober->counters;
}

/* End of a probe: it stays in the prober's list until prober_dispatch() calls back, so that no
 * caller is called back from within its own call. */

static void probe_finish(struct probe *probe, const struct probe_result *result)
{
	struct attempt *attempt = probe->attempt;

	probe->result = *result;
	probe->result.relay = attempt->target.relay;
	probe->result.port = attempt->target.port;
	probe->result.sent = attempt->n_tries - probe->tries_before;
	probe_unlink(probe);
	probe->attempt = NULL;
	TAILQ_INSERT_TAIL(&attempt->prober->done, probe, entry);
}

static void finish_all(struct attempt *attempt, const struct probe_result *result)
{
	struct probe *probe;

	while ((probe = TAILQ_FIRST(&attempt->probes)))
		probe_finish(probe, result);
	attempt_free(attempt);
}

/* Probes that end meanwhile, as when a callback starts one that cannot be sent, are left for the
 * next dispatch. */
static void deliver(struct prober *prober)
{
	struct probe *probe;
	size_t n = 0;

	TAILQ_FOREACH (probe, &prober->done, entry)
		n++;
	for (; n > 0 && (probe = TAILQ_FIRST(&prober->done)); n--) {
		probe_unlink(probe);
		probe->done(probe, &probe->result, probe->userdata);
		free(probe);
	}
}

/*
 * Sending.
 */

static int send_discovery(struct attempt *attempt)
{
	struct message message = { .type = AMT_DISCOVERY };
	struct probe_try *latest = &attempt->tries[attempt->n_tries % PROBE_TRIES_MAX];
	uint8_t data[PROBE_MESSAGE_MAX];
	ssize_t n;
	int r;

	if (getrandom(&message.discovery.nonce, sizeof(message.discovery.nonce), 0) < 0)
		return -errno;
	n = message_build(&message, data, sizeof(data));
	if (n < 0)
		return (int)n;

	probe_socket_release(latest->socket);
	latest->socket = NULL;
	r = probe_socket_take(attempt->prober->sockets, &latest->socket);
	if (r < 0)
		return r;
	latest->nonce = message.discovery.nonce;
	latest->sent_usec = clock_monotonic();
	r = probe_socket_send(latest->socket, &attempt->target, data, n);
	if (r < 0)
		return r;
	attempt->n_tries++;
	attempt->prober->counters.sent++;
	return 0;
}

static usec_t interval_of(const struct attempt *attempt)
{
	uint32_t random;

	if (attempt->interval_usec > 0)
		return attempt->interval_usec;
	if (getrandom(&random, sizeof(random), 0) < 0)
		random = 0;
	return probe_back_off_usec(attempt->n_waits, random);
}

/* Send the next try and schedule the one after it; when this host cannot send, all its probes fail,
 * and the attempt is freed. */
static void try_next(struct attempt *attempt, usec_t now)
{
	struct probe_result result = { .outcome = PROBE_UNREACHABLE };
	struct prober *prober = attempt->prober;
	int r;

	r = send_discovery(attempt);
	/* A full send buffer is a lost packet. */
	if (r < 0 && r != -EAGAIN && r != -ENOBUFS && r != -ENOMEM) {
		result.error = -r;
		finish_all(attempt, &result);
		return;
	}
	attempt->last_usec = now;
	attempt->next_usec = USEC_NEVER;
	attempt->n_waits++;
	if (attempt->n_tries < attempt->max_tries)
		attempt->next_usec = now + interval_of(attempt);
	prober->next_usec = usec_min(prober->next_usec, attempt->next_usec);
}

/*
 * Receiving.
 */

/* A Discovery that left from the socket at which something came; nonce NULL: any. */
static const struct probe_try *find_try(const struct attempt *attempt,
					const struct probe_arrival *arrival, const uint32_t *nonce)
{
	for (unsigned int i = 0; i < attempt->n_tries && i < PROBE_TRIES_MAX; i++)
		if (attempt->tries[i].socket == arrival->socket &&
		    (!nonce || attempt->tries[i].nonce == *nonce))
			return &attempt->tries[i];
	return NULL;
}

static bool was_sent_to(const struct attempt *attempt, const struct probe_arrival *arrival)
{
	return attempt->target.relay.in.s_addr == arrival->address.sin_addr.s_addr &&
	       attempt->target.port == ntohs(arrival->address.sin_port) &&
	       find_try(attempt, arrival, NULL);
}

/* An answer with our nonce from another address: RFC 7450 requires a relay to answer from the
 * address that was queried, and the driver accepts nothing else. */
static bool note_elsewhere(struct prober *prober, const struct probe_arrival *arrival,
			   uint32_t nonce)
{
	struct attempt *attempt;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		LIST_FOREACH (attempt, &prober->attempts[i], entry)
			if (find_try(attempt, arrival, &nonce)) {
				attempt->seen.outcome = PROBE_SOURCE;
				attempt->seen.from = address_from_in(arrival->address.sin_addr);
				attempt->seen.from_port = ntohs(arrival->address.sin_port);
				return true;
			}
	return false;
}

/* A message from the relay itself. Only a valid answer ends the attempt at once: an invalid one may
 * be forged. */
static bool take_answer(struct attempt *attempt, const struct probe_arrival *arrival,
			const struct message *message, enum message_error error,
			usec_t received_usec)
{
	struct probe_result result = { .outcome = PROBE_ANSWERED };
	const struct probe_try *answered;

	if (error != MESSAGE_ERROR_NONE || message->type != AMT_ADVERTISEMENT) {
		attempt->seen.outcome = PROBE_MALFORMED;
		attempt->seen.malformed = error;
		return false;
	}
	answered = find_try(attempt, arrival, &message->advertisement.nonce);
	if (!answered) {
		if (attempt->seen.outcome == PROBE_TIMEOUT)
			attempt->seen.outcome = PROBE_NONCE;
		return false;
	}
	result.advertised = message->advertisement.relay;
	result.rtt_usec = received_usec - answered->sent_usec;
	finish_all(attempt, &result);
	return true;
}

static void on_message(const struct probe_arrival *arrival, void *userdata)
{
	struct prober *prober = userdata;
	const struct address from = address_from_in(arrival->address.sin_addr);
	struct message message = { 0 };
	usec_t received_usec = clock_monotonic();
	struct attempt *attempt, *next;
	enum message_error error;
	bool answered = false, known = false;

	error = arrival->length > (ssize_t)sizeof(arrival->data)
			? MESSAGE_ERROR_LONG
			: message_parse(arrival->data, arrival->length, &message);

	/* One relay may be probed through several interfaces: the nonce identifies the probe. */
	for (attempt = LIST_FIRST(&prober->attempts[bucket_of(&from)]); attempt && !answered;
	     attempt = next) {
		next = LIST_NEXT(attempt, entry);
		if (!was_sent_to(attempt, arrival))
			continue;
		known = true;
		answered = take_answer(attempt, arrival, &message, error, received_usec);
	}

	if (!known && error == MESSAGE_ERROR_NONE && message.type == AMT_ADVERTISEMENT)
		note_elsewhere(prober, arrival, message.advertisement.nonce);
	if (answered)
		prober->counters.answers++;
	else
		prober->counters.refused++;
}

/* ICMP quotes 8 bytes of UDP at least (RFC 792), which is no secret but for the port. So an error
 * without the nonce may be forged: it ends nothing, and is a reason to ask once more. */
static void ask_again(struct attempt *attempt, const struct probe_result *error)
{
	const usec_t again_usec = attempt->last_usec + PROBE_SHARE_USEC;
	struct prober *prober = attempt->prober;

	if (attempt->seen.outcome == PROBE_TIMEOUT)
		attempt->seen = *error;
	if (attempt->n_again == AGAIN_MAX || attempt->next_usec <= again_usec)
		return;
	attempt->n_again++;
	attempt->next_usec = again_usec;
	attempt->max_tries++;
	prober->next_usec = usec_min(prober->next_usec, attempt->next_usec);
}

/* An error about a Discovery to the attempt's relay, from its socket. */
static void take_error(struct attempt *attempt, const struct probe_arrival *arrival)
{
	const struct probe_result result = {
		.outcome = PROBE_UNREACHABLE,
		.error = (int)arrival->error.ee_errno,
		.offender = address_or_none(arrival->offender),
	};
	struct message quoted;

	/* What follows may be padding, RFC 4884. */
	if (arrival->length < DISCOVERY_LENGTH ||
	    message_parse(arrival->data, DISCOVERY_LENGTH, &quoted) != MESSAGE_ERROR_NONE ||
	    quoted.type != AMT_DISCOVERY)
		ask_again(attempt, &result);
	else if (find_try(attempt, arrival, &quoted.discovery.nonce))
		finish_all(attempt, &result);
}

static void on_error(const struct probe_arrival *arrival, void *userdata)
{
	const struct address from = address_from_in(arrival->address.sin_addr);
	struct prober *prober = userdata;
	struct attempt *attempt, *next;

	prober->counters.icmp++;
	for (attempt = LIST_FIRST(&prober->attempts[bucket_of(&from)]); attempt; attempt = next) {
		next = LIST_NEXT(attempt, entry);
		if (was_sent_to(attempt, arrival))
			take_error(attempt, arrival);
	}
}

/*
 * Time.
 */

static void attempt_expire(struct attempt *attempt, usec_t now)
{
	struct prober *prober = attempt->prober;
	struct probe *probe, *next;

	for (probe = TAILQ_FIRST(&attempt->probes); probe; probe = next) {
		next = TAILQ_NEXT(probe, entry);
		if (probe->deadline_usec <= now)
			probe_finish(probe, &attempt->seen);
		else
			prober->next_usec = usec_min(prober->next_usec, probe->deadline_usec);
	}
	if (TAILQ_EMPTY(&attempt->probes))
		attempt_free(attempt);
	else if (attempt->next_usec <= now)
		try_next(attempt, now);
	else
		prober->next_usec = usec_min(prober->next_usec, attempt->next_usec);
}

static void take_time(struct prober *prober, usec_t now)
{
	struct attempt *attempt, *next;
	size_t i;

	if (now < prober->next_usec)
		return;
	prober->next_usec = USEC_NEVER;
	for (i = 0; i < BUCKETS; i++)
		for (attempt = LIST_FIRST(&prober->attempts[i]); attempt; attempt = next) {
			next = LIST_NEXT(attempt, entry);
			attempt_expire(attempt, now);
		}
}

int prober_dispatch(struct prober *prober, usec_t now)
{
	int r;

	/* Answers first: they may have waited longer than this process did. */
	r = probe_sockets_receive(prober->sockets, on_message, on_error, prober);
	take_time(prober, now);
	deliver(prober);
	return r;
}

/*
 * Starting and cancelling.
 */

static struct attempt *find_attempt(struct prober *prober, const struct probe_options *target)
{
	struct attempt *attempt;

	LIST_FOREACH (attempt, &prober->attempts[bucket_of(&target->relay)], entry)
		if (address_equal(&attempt->target.relay, &target->relay) &&
		    attempt->target.port == target->port &&
		    address_equal(&attempt->target.source, &target->source) &&
		    attempt->target.ifindex == target->ifindex)
			return attempt;
	return NULL;
}

static struct attempt *make_attempt(struct prober *prober, const struct probe_options *target)
{
	struct attempt *attempt;

	attempt = calloc(1, sizeof(*attempt));
	if (!attempt)
		return NULL;
	attempt->prober = prober;
	attempt->target = *target;
	attempt->interval_usec = target->interval_usec;
	attempt->seen.outcome = PROBE_TIMEOUT;
	attempt->next_usec = USEC_NEVER;
	TAILQ_INIT(&attempt->probes);
	LIST_INSERT_HEAD(&prober->attempts[bucket_of(&target->relay)], attempt, entry);
	return attempt;
}

/* Most tries and shortest interval of its probes. */
static void attempt_join(struct attempt *attempt, struct probe *probe,
			 const struct probe_options *options, usec_t now)
{
	unsigned int tries = options->tries > 0 ? options->tries : PROBE_TRIES;
	struct prober *prober = attempt->prober;
	bool shares = attempt->n_tries > 0 && now < attempt->last_usec + PROBE_SHARE_USEC;

	probe->attempt = attempt;
	probe->tries_before = attempt->n_tries - shares;
	TAILQ_INSERT_TAIL(&attempt->probes, probe, entry);
	prober->next_usec = usec_min(prober->next_usec, probe->deadline_usec);

	if (options->interval_usec > 0 &&
	    (attempt->interval_usec == 0 || options->interval_usec < attempt->interval_usec))
		attempt->interval_usec = options->interval_usec;
	tries = tries < PROBE_TRIES_MAX ? tries : PROBE_TRIES_MAX;
	if (probe->tries_before + tries > attempt->max_tries)
		attempt->max_tries = probe->tries_before + tries;

	if (!shares) {
		attempt->n_waits = 0;
		try_next(attempt, now);
	} else if (attempt->n_tries < attempt->max_tries) {
		attempt->next_usec = usec_min(attempt->next_usec, now + interval_of(attempt));
		prober->next_usec = usec_min(prober->next_usec, attempt->next_usec);
	}
}

/* Loopback may be probed, though no gateway can use it. */
static int judge_relay(const struct address *relay)
{
	uint32_t a = ntohl(relay->in.s_addr);

	if (relay->family == AF_INET6)
		return -EAFNOSUPPORT;
	if (!address_is_set(relay) || a == INADDR_ANY || a == INADDR_BROADCAST || IN_MULTICAST(a))
		return -EINVAL;
	return 0;
}

int probe_start(struct prober *prober, const struct probe_options *options, usec_t now,
		probe_done done, void *userdata, struct probe **ret)
{
	usec_t timeout_usec = options->timeout_usec;
	struct probe_options target = *options;
	struct attempt *attempt;
	struct probe *probe;
	int r;

	r = judge_relay(&target.relay);
	if (r < 0)
		return r;
	if (target.port == 0)
		target.port = AMT_PORT;
	if (timeout_usec == 0)
		timeout_usec = PROBE_TIMEOUT_USEC;

	probe = calloc(1, sizeof(*probe));
	if (!probe)
		return -ENOMEM;
	attempt = find_attempt(prober, &target);
	if (!attempt)
		attempt = make_attempt(prober, &target);
	if (!attempt) {
		free(probe);
		return -ENOMEM;
	}
	probe->prober = prober;
	probe->deadline_usec = now + usec_min(timeout_usec, UINT64_MAX - now - 1);
	probe->done = done;
	probe->userdata = userdata;
	attempt_join(attempt, probe, &target, now);
	*ret = probe;
	return 0;
}

void probe_cancel(struct probe *probe)
{
	struct attempt *attempt;

	if (!probe)
		return;
	attempt = probe->attempt;
	probe_free(probe);
	if (attempt && TAILQ_EMPTY(&attempt->probes))
		attempt_free(attempt);
}
