/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pass over the devices that something happened to: ports are chosen, the firewall is made to
 * agree with all devices, then each dirty device's interface is.
 */
#ifndef AMTD_CORE_PASS_H
#define AMTD_CORE_PASS_H

struct manager;

int pass_open(struct manager *manager);
void pass_close(struct manager *manager);

/* Soon, once for all that is ready now. */
void pass_schedule(struct manager *manager);
void pass_run(struct manager *manager);

/* Soon: much memory was used, and is free again. */
void pass_tidy(struct manager *manager);

#endif
