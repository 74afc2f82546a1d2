/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel knows of amt devices, for when amtd does not run.
 */
#ifndef AMTCTL_OFFLINE_H
#define AMTCTL_OFFLINE_H

#include "base/address.h"

#include <jansson.h>
#include <net/if.h>

/* The devices in the form of amtd's Describe, less what only amtd knows. AMTCTL_OK, or another exit
 * code with its line on stderr. */
int offline_describe(json_t **ret);

/* 1 and the name of a gateway whose relay, asked or in use, matches; 0: none; or negative errno. */
typedef bool (*offline_match)(const struct address *relay, void *userdata);
int offline_find_gateway(offline_match match, void *userdata, char ret[static IFNAMSIZ]);

#endif
