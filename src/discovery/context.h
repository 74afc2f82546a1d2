/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libunbound, set up. A context cannot be changed after its first query: a changed configuration
 * gets a new one, and the old one is freed after its last query.
 */
#ifndef AMT_DISCOVERY_CONTEXT_H
#define AMT_DISCOVERY_CONTEXT_H

#include "discovery/resolver.h"

#include <unbound.h>

struct context {
	struct ub_ctx *ub;
	bool validates;
	bool retired;
	unsigned int n_queries; /* that it works on */
	struct context *next;
};

/* trust_anchor NULL: does not validate. -EINVAL: a server; -EBADMSG: the
 * anchor; -ENOMEM. */
int context_new(char *const *servers, size_t n_servers, const char *resolv_conf,
		const char *trust_anchor, struct context **ret);
void context_free(struct context *context); /* NULL is fine */

/* The owner of the first record of a trust anchor file; -EBADMSG: none. */
int context_anchor_owner(const char *trust_anchor, struct dnsname *ret);

#endif
