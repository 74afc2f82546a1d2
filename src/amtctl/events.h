/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd's devices, and their events from then on.
 */
#ifndef AMTCTL_EVENTS_H
#define AMTCTL_EVENTS_H

#include "amtctl/amtctl.h"

#include <jansson.h>
#include <stdint.h>

#define EVENTS_GO_ON -1

/* Each returns EVENTS_GO_ON, or the exit status to end with. */
struct events_handler {
	/* All devices, as from Describe: at first, and again after lost events. No event that
	 * follows is older. */
	int (*devices)(const json_t *devices, void *userdata);
	int (*event)(const json_t *event, void *userdata);
	int (*timeout)(void *userdata); /* after timeout_usec; 0: never */
	uint64_t timeout_usec;
	bool endless; /* SIGINT, SIGTERM or a closed stdout: exit 0 */
};

/* Run until a handler ends it or amtd is gone. Returns the exit status; an error that is not a
 * handler's is on stderr. */
int events_run(const struct settings *settings, const struct events_handler *handler,
	       void *userdata);

#endif
