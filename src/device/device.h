/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device: its configuration (config), what was done for it (record), and its observed state.
 */
#ifndef AMT_DEVICE_DEVICE_H
#define AMT_DEVICE_DEVICE_H

#include "device/config.h"
#include "device/record.h"
#include "device/state.h"

struct wing_memory;

struct device {
	struct config *config;
	struct record record;

	enum device_state state;
	char reason[256];
	uint64_t state_since; /* CLOCK_REALTIME, microseconds */

	/* Observed. */
	int ifindex; /* 0: no interface */
	int made;    /* the interface that this process created; 0: none */
	int lower;
	struct address local;
	struct address relay; /* on the wire: source of Queries; zero: not known */
	bool link_missing;    /* waiting for an interface that does not exist */
	bool joined;	      /* a group is joined on it */
	bool port_busy;	      /* another socket has its port, whose packets are left alone */
	/* Why Queries are not inspected; NULL: they are. Lives as long as the manager. */
	const char *queue_error;

	/* Desired. */
	uint16_t port;		 /* local, host byte order; 0: none chosen yet */
	struct address previous; /* a relay on the wire whose data is still accepted; zero: none */

	/* The core's. */
	bool dirty;		  /* to be reconciled */
	bool stale;		  /* while files are read: none has defined it so far */
	unsigned int port_trials; /* ports that were drawn, but in use */
	uint16_t port_claimed;	  /* ports.c: the port entered there, and */
	struct device *port_peer; /* the next one of the same port */
	struct wing_memory *wing_memory;
};

/* Take over config. record is read from its file, if there is one. */
int device_new(struct config *config, struct device **ret);
void device_free(struct device *device); /* leaves kernel state alone; NULL is fine */

/* Take over the changed config; the previous one is the caller's. */
void device_set_config(struct device *device, struct config *config);

/* Logs when the state or the reason changes. */
void device_set_state(struct device *device, enum device_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
