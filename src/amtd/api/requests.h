/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User requests, independent of the transport: each takes strings and returns JSON text. 0, or -1
 * and *ret_failure; free(*ret_json).
 */
#ifndef AMTD_API_REQUESTS_H
#define AMTD_API_REQUESTS_H

#include "amtd/core/failure.h"

struct manager;

/* name "": all devices. An array. */
int request_describe(struct manager *manager, const char *name, char **ret_json,
		     struct failure *ret_failure);
/* text: of the device file. The device. */
int request_create(struct manager *manager, const char *name, const char *text, char **ret_json,
		   struct failure *ret_failure);
/* text: SOURCE,GROUP or GROUP; on "": any device. An array of the channel. */
int request_join(struct manager *manager, const char *text, const char *on, char **ret_json,
		 struct failure *ret_failure);
/* An array of all channels. */
int request_channels(struct manager *manager, char **ret_json, struct failure *ret_failure);
/* amtd itself. */
int request_daemon(struct manager *manager, char **ret_json, struct failure *ret_failure);

#endif
