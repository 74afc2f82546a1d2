/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relays from DNS: the AMTRELAY records of a source (RFC 8777), and those of a domain's DNS-SD
 * service _amt._udp (RFC 6763, by unicast). By libunbound, in its own thread: it follows CNAME and
 * DNAME, uses TCP for truncated answers, validates, and caches answers, also negative ones, for
 * their TTL.
 *
 * For an event loop: watch resolver_fd() for input and call resolver_dispatch(). Block signals that
 * the loop reads from a signalfd before the first lookup: the thread inherits the mask.
 *
 * The caller repeats failed lookups: probe_back_off_usec() is RFC 8777's back-off, too.
 */
#ifndef AMT_DISCOVERY_RESOLVER_H
#define AMT_DISCOVERY_RESOLVER_H

#include "base/clock.h"
#include "discovery/candidates.h"
#include "discovery/signed-zones.h"

#define RESOLVER_TRUST_ANCHOR	"/usr/share/dns/root.key" /* Debian: dns-root-data */
#define RESOLVER_CONF		"/etc/resolv.conf"
#define RESOLVER_TIMEOUT_USEC	5000000 /* of each query of a lookup */
#define RESOLVER_CANDIDATES_MAX 128	/* of one lookup */

enum dnssec_mode {
	DNSSEC_MODE_NO,		     /* not validated */
	DNSSEC_MODE_ALLOW_DOWNGRADE, /* as yes where the server can; else as no */
	DNSSEC_MODE_YES,	     /* insecure answers are skipped */
	_DNSSEC_MODE_MAX,
	_DNSSEC_MODE_INVALID = -EINVAL,
};

/* Zero is the default of every field. The strings are copied. */
struct resolver_options {
	const char *const *servers; /* ADDRESS or ADDRESS@PORT; none: those of resolv_conf */
	size_t n_servers;
	const char *resolv_conf; /* RESOLVER_CONF; read again when it changed */
	enum dnssec_mode dnssec;
	const char *trust_anchor;	   /* RESOLVER_TRUST_ANCHOR */
	usec_t timeout_usec;		   /* RESOLVER_TIMEOUT_USEC */
	struct signed_zones *signed_zones; /* borrowed; NULL: of this resolver alone */
};

enum lookup_outcome {
	LOOKUP_ANSWERED, /* records received; the candidates tell whether one is usable */
	LOOKUP_NXDOMAIN,
	LOOKUP_NODATA, /* the name is there, but has no such records */
	LOOKUP_BOGUS,
	LOOKUP_FAILED, /* SERVFAIL and the like */
	LOOKUP_TIMEOUT,
	_LOOKUP_OUTCOME_MAX,
};

struct lookup_result {
	bool service; /* of resolver_lookup_service() */
	enum lookup_outcome outcome;
	struct dnsname name;	      /* that was queried */
	struct dnsname canonical;     /* where CNAME and DNAME led; no name when nowhere */
	enum dnssec_state dnssec;     /* of that answer */
	uint32_t ttl;		      /* seconds until the next query makes sense; 0: it failed */
	const char *why;	      /* BOGUS, FAILED, TIMEOUT: a clause, else "" */
	bool cut;		      /* there were more than RESOLVER_CANDIDATES_MAX */
	struct candidate *candidates; /* to be sorted at will; rank and random are not set */
	size_t n_candidates;
};

struct resolver;
struct lookup;

/* The lookup and result are freed when this returns. It may start and cancel
 * lookups, but not close the resolver. Only resolver_dispatch() calls it. */
typedef void (*lookup_done)(struct lookup *lookup, const struct lookup_result *result,
			    void *userdata);

/* -EINVAL: a server is none; -ENOENT: no trust anchor, and DNSSEC=yes; -EBADMSG: one that is not;
 * -ENOMEM. */
int resolver_open(const struct resolver_options *options, struct resolver **ret);
/* Cancels its lookups without calling done; NULL is fine. */
void resolver_close(struct resolver *resolver);

int resolver_fd(const struct resolver *resolver);
int resolver_dispatch(struct resolver *resolver); /* 0, or negative errno */

/* At most 10 queries leave in 100 ms (RFC 8777); more of them wait. */
int resolver_lookup_source(struct resolver *resolver, const struct address *source,
			   lookup_done done, void *userdata, struct lookup **ret);
/* -EINVAL: domain is no domain name. */
int resolver_lookup_service(struct resolver *resolver, const char *domain, lookup_done done,
			    void *userdata, struct lookup **ret);
void lookup_cancel(struct lookup *lookup); /* without calling done; NULL is fine */

/* "no", "allow-downgrade" or "yes" */
enum dnssec_mode dnssec_mode_from_string(const char *text);
const char *dnssec_mode_string(enum dnssec_mode mode);
const char *lookup_outcome_string(enum lookup_outcome outcome); /* "NXDOMAIN", "timeout" */

#endif
