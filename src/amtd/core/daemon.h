/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start and stop of the daemon.
 */
#ifndef AMTD_CORE_DAEMON_H
#define AMTD_CORE_DAEMON_H

#include <stdint.h>

struct manager;
struct wing;

typedef struct sd_event sd_event;

/* queue_base: the first of the NFQUEUE numbers to use. wings: in order, NULL at the end; they must
 * outlive the manager. 0 or negative errno. */
int daemon_new(sd_event *event, uint16_t queue_base, const struct wing *const *wings,
	       struct manager **ret);
void daemon_free(struct manager *manager); /* leaves kernel state alone; NULL is fine */

/* Work off what the kernel has reported so far, so that what is said of devices is true now. */
void daemon_catch_up(struct manager *manager);

/* Adopts the devices of a previous amtd, loads the files, creates the devices. */
int daemon_start(struct manager *manager);

/* Applies KeepConfiguration= to each device; removes the nftables table if no device needs it. */
void daemon_stop(struct manager *manager);

#endif
