/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control messages from the NFQUEUE to the wing of the device that they are for.
 */
#ifndef AMTD_CORE_CONTROL_H
#define AMTD_CORE_CONTROL_H

struct manager;

int control_open(struct manager *manager); /* 0, or negative errno and manager->queue_error */
void control_close(struct manager *manager);

#endif
