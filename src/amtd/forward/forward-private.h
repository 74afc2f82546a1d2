/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files that forward multicast: forward.c (a device's [Forward]: which interfaces,
 * from upstream to downstream), alternative.c (from which of two), search.c (from where DNS says),
 * downstream.c (who wants what on one interface), routing.c (the kernel's tables of multicast
 * routes, which several devices may share), share.c (how). Messages that are carried over rather
 * than understood: ears.c (heard upstream), copy.c (to the other side), reminder.c (unasked),
 * announce.c (as asked).
 */
#ifndef AMTD_FORWARD_FORWARD_PRIVATE_H
#define AMTD_FORWARD_FORWARD_PRIVATE_H

#include "amtd/core/manager-private.h"
#include "amtd/forward/upstream-listener.h"
#include "device/event.h"
#include "kernel/listener.h"
#include "kernel/mroute.h"
#include "membership/forwarder.h"
#include "membership/router.h"

#include <limits.h>

enum family {
	FAMILY_IPV4,
	FAMILY_IPV6,
	_FAMILY_MAX,
};

/* ---- own.c --------------------------------------------------------------------------------- */

/* What messages of this host come from on the interface: its first IPv4 address, or its link-local
 * one. AF_UNSPEC: it has none. */
struct address source_address(struct manager *manager, enum family family, int ifindex,
			      const char *name);

/* ---- routing.c ----------------------------------------------------------------------------- */

struct routing;

/* A packet came for which the table has no route. */
typedef void (*routing_missing)(struct routing *routing, enum family family, int ifindex,
				const struct address *source, const struct address *group);

/* One table of the kernel, both families. */
struct routing {
	struct manager *manager;
	uint32_t table;
	routing_missing missing;
	unsigned int users;
	struct mroute *mroutes[_FAMILY_MAX]; /* NULL: see errors */
	char errors[_FAMILY_MAX][256];
	sd_event_source *sources[_FAMILY_MAX];
	struct routing_interface {
		int ifindex;
		char name[IFNAMSIZ];
		unsigned int users;
	} * interfaces;
	size_t n_interfaces;
	struct routing *next;
};

/* The table is opened for its first user; what keeps it from working is in errors. missing is the
 * same for all. */
int routing_get(struct manager *manager, uint32_t table, routing_missing missing,
		struct routing **ret);
void routing_put(struct routing *routing);   /* with the last user its routes go */
void routing_retry(struct routing *routing); /* what could not be had may be free now */
/* Rules of a former life of amtd, which lead to tables that are no more. */
void routing_clean(struct manager *manager);
const char *routing_error_text(int error); /* of routing_add()'s results */

/* Let its routes use the interface. 0 and what each family says to that, or -ENOMEM. */
int routing_add(struct routing *routing, const char *name, int ifindex,
		int results[static _FAMILY_MAX]);
void routing_remove(struct routing *routing, int ifindex); /* once for each routing_add() */

/* ---- downstream.c --------------------------------------------------------------------------- */

/* One family of it. */
struct side {
	struct downstream *downstream;
	enum family family;
	struct listener *listener;
	struct router *router;
	struct address own; /* what its Queries come from; AF_UNSPEC: none, so none are sent */
	sd_event_source *source;
	uint64_t malformed, ignored; /* messages; ignored: by UnicastReports= */
	struct event_budget told;    /* of events about its messages */
};

struct downstream {
	struct forward *forward;
	char name[IFNAMSIZ];
	int ifindex; /* 0: it is not there, or not up */
	struct side sides[_FAMILY_MAX];
	sd_event_source *timer;
	char error[256]; /* "": it works */
};

/* 0, or negative errno and error. */
int downstream_start(struct downstream *downstream, int ifindex);
void downstream_address(struct downstream *downstream); /* its addresses may be others now */
void downstream_stop(struct downstream *downstream);	/* nothing is wanted there any more */
/* The relay device itself: what is wanted there comes by forward_tunnels(). */
bool downstream_is_tunnels(const struct downstream *downstream);
struct json_t *downstream_describe(const struct downstream *downstream);

/* ---- forward.c ------------------------------------------------------------------------------ */

struct forward {
	struct device *device; /* its config has the settings: forward_config() */
	struct manager *manager;
	struct routing *routing;
	struct driad *driad;			   /* Upstream=driad; NULL: there is none */
	struct forwarder *forwarders[_FAMILY_MAX]; /* NULL: the kernel does not route this family */
	struct joins *joins[_FAMILY_MAX];	   /* upstream */
	struct downstream *downstreams;
	size_t n_downstreams;
	int *upstreams; /* ifindex of each of the configuration's; 0: it is not there */
	bool switched;	/* Alternative= is in use */
	bool dirty;
	int error;	       /* below 0: nothing of what is above is there; it is tried again */
	int broken;	       /* below 0: a forwarder is of no more use; all is made anew */
	sd_event_source *poll; /* at what RETRY_USEC and its like in forward.c say */
	uint64_t sweep_at;     /* CLOCK_MONOTONIC, microseconds, as below */
	uint64_t retry_at, say_at[_FAMILY_MAX];
	uint64_t upstream_packets, heard_at; /* a packet came from upstream */
	uint64_t failed[_FAMILY_MAX];	     /* routes and memberships that the kernel refused */
	char failure[_FAMILY_MAX][256];	     /* the last one */
};

static inline const struct config_forward *forward_config(const struct forward *forward)
{
	return &forward->device->config->forward;
}

/* The interface where the ith of Upstream= has its sources now. */
const char *forward_upstream_name(const struct forward *forward, size_t i);

/* Routes may use the interface from now on, until routing_remove(). What the kernel says to them is
 * counted and told. */
bool forward_add_interface(struct forward *forward, const char *name, int ifindex);
/* Of what a forwarder says to a change of upstreams, or to a downstream that is gone. */
void forward_check(struct forward *forward, int result);
/* The kernel refused, or another device did: counted, and said, though not for each of thousands
 * of groups. */
void forward_refused(struct forward *forward, enum family family, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- share.c -------------------------------------------------------------------------------- */

/* What this device has for source and group becomes a route of the table, or does not any more.
 * Other devices may have the table, too: see there. */
void forward_set_route(struct forward *forward, const struct address *source,
		       const struct address *group, int incoming, const int *outgoing, size_t n);
void forward_delete_route(struct forward *forward, const struct address *source,
			  const struct address *group);
/* Another device that forwards to the interface; NULL: none. */
const char *forward_neighbour(const struct forward *forward, const char *downstream);

/* ---- search.c: Upstream=driad --------------------------------------------------------------- */

/* What the forwarder has for the interface of sources that are sought; no interface has it. */
#define DRIAD_IFINDEX INT_MAX
#define DRIAD_NAME    "driad"

int driad_open(struct forward *forward);
void driad_close(struct forward *forward);
int driad_join(struct forward *forward, const struct address *group, const struct filter *filter);
void driad_route(struct forward *forward, const struct address *source, const struct address *group,
		 const int *outgoing, size_t n);
void driad_unroute(struct forward *forward, const struct address *source,
		   const struct address *group);
/* Where it comes from now; 0: that is not known yet. */
int driad_incoming(const struct forward *forward, const struct address *source,
		   const struct address *group);
void driad_refresh(struct forward *forward); /* gateways may be there, or be others */

/* Where sources come from may be another place now. */
void forward_refresh_upstreams(struct forward *forward);

/* ---- alternative.c -------------------------------------------------------------------------- */

/* Switch when what is in use has been silent for SilentSec=. To be called now and then. */
void backup_poll(struct forward *forward, uint64_t now);
/* What came from where the sources without a prefix of their own are. */
uint64_t upstream_packets(const struct forward *forward);

#endif
