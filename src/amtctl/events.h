/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd's devices, and what happens to them from then on.
 */
#ifndef AMTCTL_EVENTS_H
#define AMTCTL_EVENTS_H

#include "amtctl/amtctl.h"

#include <jansson.h>
#include <stdint.h>

#define EVENTS_GO_ON -1

/* Each returns EVENTS_GO_ON, or the exit code to end with. */
struct events_handler {
	/* All devices, as Describe has them: at first, and again after events were lost. No event
	 * that is handed over later is older. */
	int (*devices)(const json_t *devices, void *userdata);
	int (*event)(const json_t *event, void *userdata);
	int (*timeout)(void *userdata); /* after timeout_usec; 0: never */
	uint64_t timeout_usec;
	bool endless; /* SIGINT, SIGTERM, or nobody who reads stdout, is the ordinary end */
};

/* Until a handler has enough of it, or amtd goes. Returns the exit code, complained about when it
 * is not a handler's. */
int events_run(const struct settings *settings, const struct events_handler *handler,
	       void *userdata);

#endif
