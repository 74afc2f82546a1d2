/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User requests for channels. Each call: 0, or -1 and *ret_failure.
 */
#ifndef AMTD_CHANNELS_REQUESTS_H
#define AMTD_CHANNELS_REQUESTS_H

#include "amtd/channels/channels.h"

struct failure;

/* text: SOURCE,GROUP or GROUP; on "": any device. */
int channels_join(struct channels *channels, const char *text, const char *on, struct channel **ret,
		  struct failure *ret_failure);
int channels_leave(struct channels *channels, const char *text, const char *on,
		   struct failure *ret_failure);

#endif
