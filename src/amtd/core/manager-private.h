/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by all of amtd: manager.c (life and events), pass.c (decision to kernel), control.c
 * (queued packets), keep.c (what outlives the process), requests.c (what the bus asks for), and
 * - gateway: which relay a gateway uses, from where relays are known, how it is left;
 * - relay: who is at the tunnels of a relay device, and what they want;
 * - forward: what networks get, from upstream to downstream;
 * - watch: the channels that are wanted on this host.
 */
#ifndef AMTD_CORE_MANAGER_PRIVATE_H
#define AMTD_CORE_MANAGER_PRIVATE_H

#include "amtd/core/manager.h"
#include "base/filter.h"
#include "device/device.h"
#include "discovery/probe.h"
#include "discovery/resolver.h"
#include "kernel/kick.h"
#include "kernel/monitor.h"
#include "kernel/queue.h"

struct joins;

struct manager {
	sd_event *event;
	struct netlink *netlink;
	struct monitor *monitor;
	struct firewall *firewall;
	struct queue *queue; /* NULL: there is none; see queue_error */
	uint16_t queue_base;
	char queue_error[256];
	char firewall_error[256]; /* "": the last commit worked */

	struct device **devices; /* sorted by name */
	unsigned int broken;	 /* device files that could not be used, at the last load */
	size_t n_devices;
	struct device *by_port[UINT16_MAX + 1]; /* gateways and relays, by local port */

	struct keep *keep;	  /* memberships that outlive amtd */
	struct routing *routings; /* tables of multicast routes */
	bool routing_cleaned;	  /* of what a former life left */
	struct discover_resolver *resolvers;
	struct prober *prober;
	struct kick *kick; /* NULL: no CAP_NET_RAW; failover takes longer */
	sd_event_source *prober_source, *prober_timer, *moves, *poll;
	unsigned int polls;   /* at the counters of streams */
	bool streams;	      /* some flow */
	uint64_t joined_next; /* CLOCK_MONOTONIC: not to look at what is joined before */

	struct channels *channels;

	uint64_t alive_at;   /* CLOCK_MONOTONIC, microseconds: so the service manager was told */
	uint64_t moves_next; /* CLOCK_MONOTONIC, microseconds: no more moves before */
	sd_event_source *left;
	sd_event_source *pass, *retry, *tidy, *monitor_source, *firewall_source, *queue_source;
};

/* manager.c */
struct device *manager_find(const struct manager *manager, const char *name);
int manager_add(struct manager *manager, struct config *config, struct device **ret);
void manager_forget(struct manager *manager, struct device *device); /* frees it */
int manager_load(struct manager *manager);

extern const struct conf_handler manager_log_places; /* what is wrong with files */

/* requests.c: fills *failure, and returns -1 */
int failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* pass.c */
int pass_open(struct manager *manager);
static inline void pass_schedule(struct manager *manager)
{
	(void)sd_event_source_set_enabled(manager->pass, SD_EVENT_ONESHOT);
}
void pass_run(struct manager *manager);
void pass_tidy(struct manager *manager); /* soon: much memory was used, and is free again */

/* departure.c */
struct teardown_entry;
/* For any number of devices that go together; begins as zero. */
struct teardown {
	bool open;
	struct datagram *datagram;
	struct teardown_entry *entries; /* sorted by device */
	size_t n, size;
};
/* The device's memberships are left, its relay gets a Teardown, the interface is removed: what
 * reconcile_remove() returns. The device itself stays until manager_forget(). */
int teardown_remove(struct teardown *teardown, struct manager *manager, struct device *device);
/* Only its relay is told. */
void teardown_leave(struct teardown *teardown, struct manager *manager, struct device *device);
void teardown_end(struct teardown *teardown);
/* The device's former relay is told soon, device->left. */
void teardown_left(struct manager *manager, struct device *device);

/* control.c */
int control_open(struct manager *manager); /* 0, or negative errno and queue_error */
int control_watch(struct manager *manager, struct device *device);
void control_unwatch(struct device *device);

/* steer.c */
int failover_open(struct manager *manager);
void failover_close(struct manager *manager);
int failover_watch(struct manager *manager, struct device *device);
void failover_unwatch(struct device *device);
void failover_configure(struct device *device); /* its candidates may be others now */
void failover_query(struct device *device, bool loaded);
void failover_unreachable(struct device *device); /* so ICMP says, whom nobody need believe */
void failover_wake(struct device *device);	  /* the queue is there at last */
void failover_doubt(struct device *device);	  /* its stream ceased */
void failover_dataless(struct device *device);	  /* joined, and no data comes */
void failover_found(struct device *device); /* DNS answered: its candidates may be others now */

/* forward.c */
void forward_run(struct manager *manager); /* start, and follow interfaces that changed */
void forward_stop(struct device *device);  /* nothing is forwarded for it any more */
/* Something about an interface changed (0: any may have). True: forward_run() is due. */
/* A channel that a device forwards has another gateway, or interface. */
void forward_found(struct manager *manager);
bool forward_notice(struct device *device, int ifindex, const char *name);
struct json_t *forward_describe(const struct forward *forward);
/* The gateways of a relay device want that of a group now, all together. */
void forward_tunnels(struct device *device, const struct address *group,
		     const struct filter *filter);

/* serving.c: relay devices */
void relay_follow(struct manager *manager, struct device *device); /* its interface may be new */
void relay_stop(struct device *device);
void relay_tell(struct device *device); /* all that its gateways want, to forward_tunnels() */
/* What passed, of the queues from FIREWALL_QUEUE_RELAY_QUERY to FIREWALL_QUEUE_TEARDOWN. */
void relay_packet(struct device *device, enum firewall_queue queue, const struct packet *packet);
struct json_t *relay_describe(const struct relay_device *relay);

/* keep.c */
int keep_open(struct manager *manager);
void keep_release(struct manager *manager); /* what is closed from now on is kept */
bool keep_released(const struct manager *manager);
bool keep_holds(const struct manager *manager); /* what a former amtd had joined */
void keep_close(struct manager *manager);
/* The memberships outlive this process, if it does not close them before keep_release(). */
int keep_joins(struct manager *manager, struct joins *joins);

/* watch/host.c */
void host_joins_look(struct manager *manager, uint64_t now); /* once a second */

/* traffic.c */
int liveness_open(struct manager *manager);
void liveness_close(struct manager *manager);

/* discover.c; a resolver is shared by all that want the same of one */
int discover_share(struct manager *manager, const struct config *config,
		   struct discover_resolver **ret);
void discover_release(struct manager *manager, struct discover_resolver *shared); /* NULL: fine */
struct resolver *discover_resolver_of(const struct discover_resolver *shared);
void discover_start(struct device *device); /* ask DNS, as the configuration wants it; anew */
void discover_stop(struct device *device);
void discover_candidates(struct device *device, uint64_t now);

#endif
