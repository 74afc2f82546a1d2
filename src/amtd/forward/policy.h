/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AllowGroups=, DenyGroups=, SSMPrefix= and MapSource= of a device, for the interfaces that there
 * are.
 */
#ifndef AMTD_FORWARD_POLICY_H
#define AMTD_FORWARD_POLICY_H

#include "amtd/forward/forward.h"

/* The settings, or the interfaces, may have changed: forwarders and routers get the new policy, and
 * nothing else changes for them. */
void policy_refresh(struct forward *forward);
void policy_free(struct forward *forward); /* after the forwarders and routers */

#endif
