/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unsolicited Reports of current memberships (UnsolicitedReportSec=), and Queries where there is no
 * querier (SelfQuerySec=).
 */
#ifndef AMTD_FORWARD_UNSOLICITED_H
#define AMTD_FORWARD_UNSOLICITED_H

#include "amtd/forward/forward.h"

/* Report all memberships upstream now, and again, as after a change: the interface has another
 * address, and routers may have ignored what came from 0.0.0.0, or take the old one for gone. */
void unsolicited_now(struct listeners *listeners);

int unsolicited_start(struct listeners *listeners); /* 0 or negative errno */
void unsolicited_stop(struct listeners *listeners);

#endif
