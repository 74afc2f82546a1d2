/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memberships of hosts on a device's downstream interfaces, for the next amtd, in
 * $AMTD_ROOT/run/amt/members/DEVICE: a line for each change, and of each group the last one counts.
 */
#ifndef AMTD_FORWARD_MEMBERS_H
#define AMTD_FORWARD_MEMBERS_H

#include "amtd/forward/forward.h"

/* Read what a previous amtd has written; without memory, or a file, there is nothing. */
void members_open(struct forward *forward);
void members_close(struct forward *forward); /* the file stays when amtd stops */

/* The interface is there: its routers take up their groups. */
void members_restore(struct forward *forward, struct downstream *downstream);
void members_changed(struct side *side, const struct address *group);
void members_rewrite(struct forward *forward); /* without what is outdated */

#endif
