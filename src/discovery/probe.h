/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes of relays: Relay Discovery over ordinary UDP sockets (RFC 7450, 5.1.1 and 5.1.2), each
 * from a random port of its own. Relays keep no state of it, so it disturbs no gateway.
 *
 * For an event loop: watch prober_fd() for input, sleep no longer than prober_next_timeout(), and
 * call prober_dispatch() for either. Times are CLOCK_MONOTONIC in microseconds; `now` is the
 * caller's, and drives time-outs and retransmissions only.
 */
#ifndef AMT_DISCOVERY_PROBE_H
#define AMT_DISCOVERY_PROBE_H

#include "base/clock.h"
#include "wire/message.h"

#define PROBE_TIMEOUT_USEC 1000000 /* the answer of a live relay is far quicker */
#define PROBE_TRIES	   1
#define PROBE_TRIES_MAX	   16	  /* an answer to an older try is too late */
#define PROBE_SHARE_USEC   250000 /* how long newcomers share the last Discovery */

struct prober;
struct probe;

/* Zero is the default of every field but the relay. */
struct probe_options {
	struct address relay;
	uint16_t port;	       /* host byte order; AMT_PORT */
	struct address source; /* what the routing table says */
	int ifindex;	       /* outgoing interface; by the routing table */
	unsigned int tries;    /* Discoveries to send at most; PROBE_TRIES */
	usec_t timeout_usec;   /* for the whole probe, all tries; PROBE_TIMEOUT_USEC */
	usec_t interval_usec;  /* between tries; probe_back_off_usec(), that of RFC 7450 */
};

enum probe_outcome {
	PROBE_ANSWERED,
	PROBE_TIMEOUT,	   /* nothing received */
	PROBE_UNREACHABLE, /* by ICMP, or on this host; before the time-out if that is proven */
	PROBE_MALFORMED,   /* the relay answered, but not with an Advertisement */
	PROBE_NONCE,	   /* Advertisements received, but none with our nonce */
	PROBE_SOURCE,	   /* our nonce, but from another address */
	_PROBE_OUTCOME_MAX,
};

struct probe_result {
	struct address relay; /* as in the options, like port */
	uint16_t port;
	enum probe_outcome outcome;
	unsigned int sent;	      /* Discoveries */
	usec_t rtt_usec;	      /* ANSWERED: from the try that was answered */
	struct address advertised;    /* ANSWERED: IPv4 or IPv6 */
	int error;		      /* UNREACHABLE: errno; ECONNREFUSED is port unreachable */
	struct address offender;      /* UNREACHABLE: sender of the error; zero: this host */
	enum message_error malformed; /* MALFORMED: the error; NONE: not an Advertisement */
	struct address from;	      /* SOURCE: sender of the answer, with from_port */
	uint16_t from_port;
};

struct prober_counters {
	uint64_t sent;	  /* Discoveries */
	uint64_t answers; /* Advertisements that ended a probe */
	uint64_t refused; /* messages that answer no probe, or are invalid */
	uint64_t icmp;	  /* errors about what was sent */
};

/* The probe is freed when this returns. It may start and cancel probes, but not close the
 * prober. Only prober_dispatch() calls it. */
typedef void (*probe_done)(struct probe *probe, const struct probe_result *result, void *userdata);

/* device NULL: any; else SO_BINDTODEVICE, e.g. a VRF, for all probes. */
int prober_open(const char *device, struct prober **ret);
/* Cancels its probes without calling done; NULL is fine. */
void prober_close(struct prober *prober);

int prober_fd(const struct prober *prober);
usec_t prober_next_timeout(const struct prober *prober); /* USEC_NEVER: none */
const struct prober_counters *prober_counters(const struct prober *prober);

/* 0, or negative errno of the socket. */
int prober_dispatch(struct prober *prober, usec_t now);

/* Probe a relay. A probe of one that is being probed (same relay, port, source and ifindex) shares
 * the answer, and the Discovery, too, unless the last was sent more than PROBE_SHARE_USEC ago: a
 * relay gets few, however many probes there are. Each probe has its own time-out. An ICMP error
 * that quotes the nonce ends all; one that does not may be forged, and makes the prober ask again,
 * a few times. Send errors are reported through done, too. -EINVAL: not a host's address;
 * -EAFNOSUPPORT: not an IPv4 one; -ENOMEM. */
int probe_start(struct prober *prober, const struct probe_options *options, usec_t now,
		probe_done done, void *userdata, struct probe **ret);
void probe_cancel(struct probe *probe); /* without calling done; NULL is fine */

/* RFC 7450, 5.2.3.4, and RFC 8777: the wait before retransmission n (from 1), at random in
 * [1 s, min(1 s * 2^n, 120 s)]. */
usec_t probe_back_off_usec(unsigned int n, uint32_t random);

/* "port unreachable (from 192.0.2.1)": one line, for logs and users. */
#define PROBE_TEXT_MAX 160
const char *probe_result_format(const struct probe_result *result, char buf[static PROBE_TEXT_MAX]);

#endif
