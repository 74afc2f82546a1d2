/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pass over the dirty devices: chooses ports, commits the firewall rules of all devices, then
 * reconciles the interface of each dirty one.
 */
#ifndef AMTD_CORE_PASS_H
#define AMTD_CORE_PASS_H

struct manager;

int pass_open(struct manager *manager);
void pass_close(struct manager *manager);

/* Runs once all other ready events are handled. */
void pass_schedule(struct manager *manager);
void pass_run(struct manager *manager);

/* Why control messages do not reach amtd; NULL: they do. Until the manager changes. */
const char *pass_queue_error(const struct manager *manager);

/* Return free memory to the kernel soon, after a peak. */
void pass_tidy(struct manager *manager);

#endif
