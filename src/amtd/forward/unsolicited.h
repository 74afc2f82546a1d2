/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unsolicited Reports of current memberships (UnsolicitedReportSec=), and Queries where there is no
 * querier (SelfQuerySec=).
 */
#ifndef AMTD_FORWARD_UNSOLICITED_H
#define AMTD_FORWARD_UNSOLICITED_H

#include "amtd/forward/forward.h"

int unsolicited_start(struct listeners *listeners); /* 0 or negative errno */
void unsolicited_stop(struct listeners *listeners);

#endif
