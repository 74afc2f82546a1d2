/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dispatch of control messages from the NFQUEUE to the wing of their device.
 */
#ifndef AMTD_CORE_CONTROL_H
#define AMTD_CORE_CONTROL_H

struct manager;

int control_open(struct manager *manager); /* 0, or negative errno and manager->queue_error */
void control_close(struct manager *manager);

#endif
