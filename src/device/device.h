/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device: what is wanted (config), what was done for it (record), and what is seen of it.
 */
#ifndef AMT_DEVICE_DEVICE_H
#define AMT_DEVICE_DEVICE_H

#include "device/config.h"
#include "device/inspect.h"
#include "device/leave.h"
#include "device/record.h"
#include "device/selection.h"
#include "kernel/amtlink.h"

enum device_state {
	DEVICE_WAITING,	     /* for Link, an address or a route; reason says which */
	DEVICE_FAILED,	     /* the kernel refused; tried again now and then */
	DEVICE_DISCOVERING,  /* gateway: no Query yet */
	DEVICE_CONNECTED,    /* gateway: Queries come */
	DEVICE_SUSPECT,	     /* gateway: no sign of life lately; being asked */
	DEVICE_FAILING_OVER, /* gateway: the relay is dead, others are asked or tried */
	DEVICE_NO_RELAY,     /* gateway: none of the relays works; tried again now and then */
	DEVICE_RUNNING,	     /* relay */
	_DEVICE_STATE_MAX,
};

/* Private ports, above the kernel's default range of ephemeral ones. */
#define DEVICE_PORT_FIRST 61000
#define DEVICE_PORT_COUNT 4000

struct json_t;
struct sd_event_source;
struct failover_probe;
struct discovery;
struct forward;
struct listeners;
struct relay_device;

/* What is told at most once in a while. */
struct event_pause {
	uint64_t until;	    /* CLOCK_MONOTONIC, microseconds */
	unsigned int count; /* not told so far */
};

/* The Queries of one protocol since the tunnel leads to its relay. */
struct device_asked {
	unsigned int n; /* of those that were hastened */
	uint64_t at;	/* CLOCK_MONOTONIC, microseconds: the last one of all */
};

struct device {
	struct config *config;
	struct record record;

	enum device_state state;
	char reason[256];
	uint64_t state_since; /* CLOCK_REALTIME, microseconds */
	bool dirty;	      /* to be reconciled */
	bool stale;	      /* while files are read: none has defined it so far */
	bool link_missing;    /* waiting for an interface that does not exist */

	uint16_t port;		/* local, host byte order; 0: none chosen yet */
	unsigned int port_skip; /* private ports that turned out to be taken */

	int ifindex; /* 0: there is no interface */
	int lower;
	struct in_addr local;
	struct in_addr relay; /* on the wire: Queries come from there; zero: not known */

	struct selection selection; /* gateway: which relay */
	unsigned int choices_done;  /* selection.choices, as far as they were acted upon */
	uint64_t move_at;	 /* CLOCK_MONOTONIC, microseconds: not sooner; 0: no move waits */
	struct in_addr previous; /* on the wire: what it still sends is let in; zero: none */
	uint64_t
		previous_until; /* CLOCK_MONOTONIC, microseconds; 0: a Query of the new one first */
	struct in_addr left;	/* a relay that lives, to be told then that it was; zero: none */
	struct leave_tickets left_tickets;
	bool left_due;	     /* now */
	bool kick;	     /* make the driver ask, once the firewall is as it should be */
	uint64_t rx_packets; /* as of the last look; a stream that ceases is a sign */
	unsigned int rx_silent, rx_patience; /* looks without any, and how many it may take */
	unsigned int rx_doubts;		     /* how often a silence was taken for a sign lately */
	uint64_t rx_doubted;		     /* CLOCK_MONOTONIC, microseconds: the last time */
	int rx_ifindex;			     /* whose packets these are */
	bool joined;			     /* somebody joined a channel on it */
	uint64_t idle_since;	  /* CLOCK_MONOTONIC: made on demand, and no channel; 0: it has */
	uint64_t queries_counted; /* queries.passed, as of the last look */
	uint64_t dataless_until;  /* CLOCK_MONOTONIC: data must come before; 0: it does */
	unsigned int dataless_rounds; /* how often it did not */
	bool rx_stream;		      /* many packets a second come */

	struct inspect_counters advertisements, queries;
	struct event_pause advertisement_pauses[2]; /* of events: rewritten, refused */
	struct device_asked asked[2];		    /* IGMP, MLD */
	uint64_t last_query;			    /* CLOCK_REALTIME, microseconds; 0: never */
	struct address seen_as;			    /* how the relay sees this gateway (G) */
	uint16_t seen_port;
	struct leave_tickets tickets; /* of its relay; both unknown: no Query of its so far */

	bool mld_confirmed;		/* the P bit in use is the right one: an MLD Query came */
	unsigned int queries_since_mld; /* IGMP Queries since the last MLD one */
	unsigned int mld_trials;	/* how often the other bit was tried without an answer */

	const char *queue_error; /* why Queries are not seen, only what the driver shows; NULL: they
				  * are. Lives as long as the owner */
	void *owner;		 /* the manager, for these: */
	struct sd_event_source *failover_timer, *mld_timer;
	struct failover_probe *probes;
	struct discovery *discovery; /* what is asked of DNS; NULL: nothing */
	char dns_outcome[128];	     /* what DNS said last; "": nothing yet */
	size_t refused;		     /* candidates that are left out */

	struct forward *forward;	   /* [Forward] at work; NULL: not */
	struct relay_device *relay_device; /* relay: its tunnels; NULL: none are followed */
	struct listeners *listeners;	   /* what listens upstream; NULL: nothing */
};

/* Take over config. record is read from its file, if there is one. */
int device_new(struct config *config, struct device **ret);
void device_free(struct device *device); /* leaves the kernel as it is; NULL is fine */

/* Take over the changed config. */
void device_set_config(struct device *device, struct config *config);

/* Logs when the state or the reason changes. */
void device_set_state(struct device *device, enum device_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *device_state_string(enum device_state state);

/* The nth private port of a device of this name: the same on every host and after every restart. */
uint16_t device_private_port(const char *name, unsigned int n);

/* A message to the device's port came through the queue. */
enum inspect_drop device_inspect(struct device *device, enum firewall_queue queue,
				 struct packet *packet, size_t length, struct inspect_result *ret);

/* One came that is no whole packet. */
void device_count_broken(struct device *device, enum firewall_queue queue);

/* An MLD Query is overdue: ask with the other P bit from now on. True when it was changed. */
bool device_try_mld_flag(struct device *device);

/* The relay that was chosen is to be used: where the tunnel leads from now on. The firewall and the
 * driver follow with the next pass, and a kick. */
void device_move(struct device *device);

/* The state as the selection has it. */
void device_show_selection(struct device *device);

/* The device as JSON, keys as in `ip -d -s -j link`; json_decref() it. have: what the kernel says
 * of its interface, or NULL. */
struct json_t *device_describe(const struct device *device, const struct amtlink *have);

#endif
