/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forwarding, from upstream to downstream, of each device with [Forward]:
 *
 * - session.c: follows the interfaces; carries the forwarder's decisions to the kernel;
 * - downstream.c: the memberships of one interface;
 * - upstreams.c, backup.c: upstream interfaces; driad.c: those found by DNS;
 * - routing.c, mfc.c: the kernel's tables of multicast routes, which several devices may share;
 * - upstream-listener.c, upstream-side.c: IGMP and MLD received upstream; proxy-messages.c: copied
 *   to the other side; unsolicited.c: sent by timer; inject.c: sent on request.
 */
#ifndef AMTD_FORWARD_FORWARD_H
#define AMTD_FORWARD_FORWARD_H

#include "amtd/core/manager.h"
#include "amtd/forward/message-refusal.h"
#include "device/device.h"
#include "device/event.h"
#include "kernel/joins.h"
#include "kernel/listener.h"
#include "kernel/mroute.h"
#include "kernel/sentinel.h"
#include "membership/forwarder.h"
#include "membership/router.h"

#include <limits.h>

enum family {
	FAMILY_IPV4,
	FAMILY_IPV6,
	_FAMILY_MAX,
};

static inline enum family family_of(const struct address *address)
{
	return address->family == AF_INET6 ? FAMILY_IPV6 : FAMILY_IPV4;
}

static inline sa_family_t family_to_af(enum family family)
{
	return family == FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

struct channels;
struct state_log;
struct forward;
struct routing;

/* The relay device itself is a downstream now, and nothing is wanted there yet. */
typedef void (*forward_tunnels_started)(struct device *device, void *userdata);

/* Forwarding of all devices. */
struct forwarding {
	struct manager *manager;
	struct channels *channels;
	struct forward *list;	  /* by the name of the device */
	struct routing *routings; /* in use */
	bool rules_cleaned;	  /* a previous amtd's */
	bool restored;		  /* memberships and routes of a previous amtd */
	bool settled;		  /* what a previous amtd left was taken up, or removed */
	uint64_t alive_at;	  /* CLOCK_MONOTONIC, microseconds: last watchdog notification */
	forward_tunnels_started tunnels_started;
	void *userdata;
	struct sentinel sentinels[_FAMILY_MAX]; /* own-joins.c */
};

/* The wing's data of a device. */
struct forward_device {
	struct forwarding *forwarding;
	struct device *device;
	struct forward *forward;     /* NULL: no [Forward] */
	struct listeners *listeners; /* NULL: no upstream listeners */
};

/* A packet was received without a route in the table, or on another interface than its route's. */
typedef void (*routing_missing)(struct routing *routing, enum mroute_upcall upcall, int ifindex,
				const struct address *source, const struct address *group);

/* A routing table of the kernel, both families. */
struct routing {
	struct forwarding *forwarding;
	uint32_t table; /* 0: the main one */
	routing_missing missing;
	unsigned int users;
	bool quiet; /* without rules so far */
	struct routing_family {
		struct routing *routing;
		char name[32]; /* of the socket in the service manager */
		bool adopted;  /* from a previous amtd, with its routes */
	} families[_FAMILY_MAX];
	struct mroute *mroutes[_FAMILY_MAX]; /* NULL: see errors */
	char errors[_FAMILY_MAX][256];
	sd_event_source *sources[_FAMILY_MAX];
	struct routing_interface {
		int ifindex;
		char name[IFNAMSIZ];
		unsigned int users;
	} * interfaces;
	size_t n_interfaces, interfaces_size;
	struct routing *next;
};

#define SUBNETS_MAX 32 /* of a link; Queries from further ones are refused */

/* One family of a downstream interface. */
struct side {
	struct downstream *downstream;
	enum family family;
	struct listener *listener;
	struct router *router;
	struct address own;		    /* source of its Queries; AF_UNSPEC: none are sent */
	struct prefix subnets[SUBNETS_MAX]; /* IPv4: of the link, by its addresses */
	size_t n_subnets;
	sd_event_source *source;
	uint64_t refused[_REFUSAL_MAX], ignored; /* messages; ignored: by UnicastReports= */
	struct event_budget budget;		 /* of events about its messages */
};

struct downstream {
	struct forward *forward;
	char name[IFNAMSIZ];
	int ifindex; /* 0: absent or down */
	struct side sides[_FAMILY_MAX];
	sd_event_source *timer;
	char error[256]; /* "": it works */
};

struct forward {
	struct forward_device *owner;
	struct device *device; /* its config has the settings: forward_config() */
	struct manager *manager;
	struct routing *routing;
	struct driad_upstream *driad;		   /* Upstream=driad; NULL: none */
	struct forwarder *forwarders[_FAMILY_MAX]; /* NULL: the kernel does not route this family */
	struct joins *joins[_FAMILY_MAX];	   /* upstream */
	struct downstream **downstreams;
	size_t n_downstreams;
	int *upstreams; /* ifindex of each configured one; 0: absent */
	size_t n_upstreams;
	struct group_policy *policy;
	struct own_joins *own_joins;	    /* NULL: none seen so far */
	struct forwarder_upstream *sources; /* the forwarders' table */
	size_t n_sources;
	int *leaving; /* previous upstreams, which deliver until settle_at */
	size_t n_leaving, leaving_size;
	uint64_t settle_at;	   /* CLOCK_MONOTONIC, microseconds; 0: nothing is leaving */
	bool switched;		   /* BackupUpstream= is in use */
	struct state_log *members; /* NULL: none are written down */
	bool reading;		   /* members_restore() */
	bool restoring; /* memberships of before a restart; routes are made when all are there */
	bool dirty;
	int error;	       /* negative: nothing above is set up; retried */
	int broken;	       /* negative: a forwarder is unusable; everything is set up again */
	sd_event_source *poll; /* see POLL_USEC in session.c */
	uint64_t sweep_at;     /* CLOCK_MONOTONIC, microseconds, as below */
	uint64_t retry_at, log_at[_FAMILY_MAX];
	uint64_t upstream_packets, active_at; /* when a packet was last received from upstream */
	uint64_t failed[_FAMILY_MAX];	      /* routes and memberships that the kernel refused */
	char failure[_FAMILY_MAX][256];	      /* the last one */
	struct forward *next;
};

static inline const struct config_forward *forward_config(const struct forward *forward)
{
	return &forward->device->config->forward;
}

/* One family of an upstream interface with a listener. */
struct listener_side {
	struct upstream *upstream;
	enum family family;
	struct listener *listener; /* NULL: the kernel has no such family */
	sd_event_source *source;
	struct address own; /* AF_UNSPEC: none */
	uint64_t own_at;    /* last lookup: CLOCK_MONOTONIC, microseconds, as all */

	struct address querier; /* not this host; AF_UNSPEC: none recently */
	uint64_t querier_until;
	uint8_t compat_version; /* the querier's version, if not the latest */
	uint64_t compat_until;

	struct event_budget budget;
	struct pace queries, reports; /* that are copied from and to it */
	struct {
		uint64_t queries, reports, refused[_REFUSAL_MAX]; /* received */
		uint64_t queries_copied, reports_sent, queries_sent;
		uint64_t held_back, failed; /* by rate limit; refused by the kernel */
	} counters;
};

/* An upstream interface. */
struct upstream {
	struct listeners *listeners;
	char name[IFNAMSIZ];
	int ifindex;
	uint32_t mtu;
	bool wanted; /* during a refresh */
	struct listener_side sides[_FAMILY_MAX];
	struct upstream *next;
};

struct listeners {
	struct forward_device *owner;
	struct device *device;
	struct manager *manager;
	struct upstream *list;
	bool dirty;
	sd_event_source *unsolicited, *self_query;
	unsigned int repeats; /* of the Reports under way */
	enum family family;   /* and position: where the next unsolicited Reports begin */
	uint32_t position;
};

static inline const struct config_forward *listeners_config(const struct listeners *listeners)
{
	return &listeners->device->config->forward;
}

#endif
