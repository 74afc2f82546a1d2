/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel alone knows of amt devices, for when amtd is not running.
 */
#ifndef AMTCTL_OFFLINE_H
#define AMTCTL_OFFLINE_H

#include <jansson.h>

/* The devices in the form of amtd's Describe, less what only amtd knows. AMTCTL_OK, or another
 * code, complained about. */
int kernel_describe(json_t **ret);

#endif
