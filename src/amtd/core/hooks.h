/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wings: the features of amtd beyond configuring devices. A wing is a table of hooks, registered in
 * main.c; the core calls them in the order of registration, stop, close and device_removed in
 * reverse, and knows no wing by name. Each hook may be NULL.
 */
#ifndef AMTD_CORE_HOOKS_H
#define AMTD_CORE_HOOKS_H

#include "device/config.h"
#include "kernel/firewall.h"
#include "kernel/monitor.h"
#include "kernel/queue.h"
#include "wire/packet.h"

#include <stdbool.h>
#include <stddef.h>

struct device;
struct manager;

/* A change that the kernel reported. */
struct link_change {
	enum monitor_event event;
	int ifindex;	  /* 0: any may have changed */
	const char *name; /* "" where the event has none */
};

struct wing {
	const char *name;

	/* Life cycle. open: 0 or negative errno; close is called after a failed open, too. */
	int (*open)(struct manager *manager);
	void (*start)(struct manager *manager);	 /* devices are loaded, the first pass is done */
	void (*reload)(struct manager *manager); /* files were reloaded, the pass is done */
	void (*stop)(struct manager *manager);	 /* amtd stops; devices may be removed next */
	void (*close)(struct manager *manager);	 /* frees what open made */

	/* Devices. The core allocates device_private_size zeroed bytes per device: wing_data().
	 * device_added: 0 or negative errno. */
	size_t device_private_size;
	int (*device_added)(struct manager *manager, struct device *device);
	/* device->config was replaced. previous lives until the hook returns. */
	void (*device_configured)(struct manager *manager, struct device *device,
				  const struct config *previous);
	/* Its interface is about to be removed; the device may stay and get another one. */
	void (*device_leaving)(struct manager *manager, struct device *device);
	void (*leaving_done)(struct manager *manager); /* after any number of device_leaving */
	void (*device_removed)(struct manager *manager, struct device *device);
	void (*devices_changed)(struct manager *manager); /* created or deleted on request */

	/* Events. */
	bool (*link_changed)(struct manager *manager, const struct link_change *change); /* true: a
								    pass is due */
	void (*reconciled)(struct manager *manager, struct device *device); /* with its interface */
	void (*pass_done)(struct manager *manager);
	void (*settled)(struct manager *manager); /* after a start: all requests are known */

	/* Control messages from the NFQUEUE, for devices of one mode; one wing a mode. */
	bool takes_packets;
	enum config_mode mode;
	enum queue_verdict (*packet)(struct manager *manager, struct device *device,
				     enum firewall_queue queue, struct queue_packet *queued,
				     struct packet *packet);
	void (*packet_malformed)(struct manager *manager, struct device *device,
				 enum firewall_queue queue);
	/* Packets were handled, and their verdicts are sent next. */
	void (*before_verdicts)(struct manager *manager);
	/* Control messages may have passed without packet having been called. */
	void (*packets_missed)(struct manager *manager, const char *reason);
	/* An ICMP error quotes a packet from the device's port. */
	enum queue_verdict (*packet_error)(struct manager *manager, struct device *device,
					   const struct packet_error_quote *quote);
};

/* The wing's data of the device, until device_removed has returned. */
void *wing_data(const struct device *device, const struct wing *wing);

/* The wing's global state; set by its open, freed by its close. Initially NULL. */
void *wing_state(const struct manager *manager, const struct wing *wing);
void wing_set_state(struct manager *manager, const struct wing *wing, void *state);

int hooks_open(struct manager *manager);
void hooks_start(struct manager *manager);
void hooks_reload(struct manager *manager);
void hooks_stop(struct manager *manager);
void hooks_close(struct manager *manager);

/* Allocates the wings' memory; on failure nothing is left. */
int hooks_device_added(struct manager *manager, struct device *device);
void hooks_device_configured(struct manager *manager, struct device *device,
			     const struct config *previous);
void hooks_device_leaving(struct manager *manager, struct device *device);
void hooks_leaving_done(struct manager *manager);
void hooks_device_removed(struct manager *manager, struct device *device); /* frees the memory */
void hooks_devices_changed(struct manager *manager);

bool hooks_link_changed(struct manager *manager, const struct link_change *change);
void hooks_reconciled(struct manager *manager, struct device *device);
void hooks_pass_done(struct manager *manager);
void hooks_settled(struct manager *manager);
void hooks_before_verdicts(struct manager *manager);
void hooks_packets_missed(struct manager *manager, const char *reason);
/* The wing that takes the packets of devices of this mode; NULL: none. */
const struct wing *hooks_packet_wing(const struct manager *manager, enum config_mode mode);

#endif
