/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The upstream interfaces of a device: Upstream= and BackupUpstream= of [Forward].
 */
#ifndef AMTD_FORWARD_UPSTREAMS_H
#define AMTD_FORWARD_UPSTREAMS_H

#include "amtd/forward/forward.h"

/* The current interface of the ith Upstream=. */
const char *forward_upstream_name(const struct forward *forward, size_t i);

enum upstreams_change {
	UPSTREAMS_SET,	/* at once: the previous one is gone, or silent */
	UPSTREAMS_MOVE, /* the previous one is left some time after, when the new one delivers */
};

/* The upstreams may have changed: joins move to the new one before the old one is left. */
void forward_refresh_upstreams(struct forward *forward, enum upstreams_change how);

/* The settings were replaced. 0 or -ENOMEM. */
int forward_configure_upstreams(struct forward *forward, const struct config *previous);

/* Previous upstreams are left now. */
void forward_settle_upstreams(struct forward *forward);

/* The forwarders' table of sources: those of upstreams and of the downstreams' own subnets. To be
 * called when either changed, for all devices of the same routing table. */
void forward_place_sources(struct forward *forward);

/* What a source is that a packet arrived from, on an interface; for forwarder_missing(). */
enum forwarder_kind forward_source_kind(const struct forward *forward, int ifindex,
					const struct address *source);

/* Checks a forwarder's result for a change of upstreams, or for a downstream that is gone. */
void forward_check(struct forward *forward, int result);

#endif
