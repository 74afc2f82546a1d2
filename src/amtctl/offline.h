/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The amt devices of the kernel, for when amtd is not running.
 */
#ifndef AMTCTL_OFFLINE_H
#define AMTCTL_OFFLINE_H

#include "base/address.h"

#include <jansson.h>
#include <net/if.h>

/* The devices in the form of amtd's Describe, less what only amtd has. AMTCTL_OK, or another exit
 * status with an error on stderr. */
int offline_describe(json_t **ret);

/* 1 and the name of a gateway whose relay, configured or in use, matches; 0: none; or negative
 * errno. */
typedef bool (*offline_match)(const struct address *relay, void *userdata);
int offline_find_gateway(offline_match match, void *userdata, char ret[static IFNAMSIZ]);

#endif
