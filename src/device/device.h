/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device: what is wanted (config), what was done for it (record), and what is observed of it.
 */
#ifndef AMT_DEVICE_DEVICE_H
#define AMT_DEVICE_DEVICE_H

#include "device/config.h"
#include "device/record.h"
#include "device/state.h"

/* Private ports, above the kernel's default range of ephemeral ones. */
#define DEVICE_PORT_FIRST 61000
#define DEVICE_PORT_COUNT 4000

struct wing_memory;

struct device {
	struct config *config;
	struct record record;

	enum device_state state;
	char reason[256];
	uint64_t state_since; /* CLOCK_REALTIME, microseconds */

	/* Observed. */
	int ifindex; /* 0: there is no interface */
	int lower;
	struct address local;
	struct address relay; /* on the wire: Queries come from there; zero: not known */
	bool link_missing;    /* waiting for an interface that does not exist */
	bool joined;	      /* somebody joined a group on it */
	/* Why Queries are not seen, only what the driver shows; NULL: they are. Lives as long as
	 * the manager. */
	const char *queue_error;

	/* Desired. */
	uint16_t port; /* local, host byte order; 0: none chosen yet */
	struct address
		previous; /* a relay on the wire: what it still sends is let in; zero: none */

	/* The core's. */
	bool dirty;		  /* to be reconciled */
	bool stale;		  /* while files are read: none has defined it so far */
	unsigned int port_skip;	  /* private ports that turned out to be taken */
	uint16_t port_claimed;	  /* ports.c: as it is entered there, and */
	struct device *port_peer; /* the next one of the same port */
	struct wing_memory *wing_memory;
};

/* Take over config. record is read from its file, if there is one. */
int device_new(struct config *config, struct device **ret);
void device_free(struct device *device); /* leaves the kernel as it is; NULL is fine */

/* Take over the changed config; the previous one is the caller's. */
void device_set_config(struct device *device, struct config *config);

/* Logs when the state or the reason changes. */
void device_set_state(struct device *device, enum device_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The nth private port of a device of this name: the same on every host and after every restart. */
uint16_t device_private_port(const char *name, unsigned int n);

#endif
