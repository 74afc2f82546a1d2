/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "discovery/candidates.h"

#include "base/array.h"
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

const struct candidate_order candidate_order_default = {
	.origins = { CANDIDATE_CONFIGURED, CANDIDATE_DNS_SD, CANDIDATE_ANYCAST, CANDIDATE_DRIAD },
	.n = 4,
};

static const char *const origin_strings[_CANDIDATE_ORIGIN_MAX] = {
	[CANDIDATE_CONFIGURED] = "configured",
	[CANDIDATE_DNS_SD] = "dns-sd",
	[CANDIDATE_ANYCAST] = "anycast",
	[CANDIDATE_DRIAD] = "driad",
};

static const char *const dnssec_strings[_DNSSEC_STATE_MAX] = {
	[DNSSEC_UNCHECKED] = "unchecked",
	[DNSSEC_INSECURE] = "insecure",
	[DNSSEC_SECURE] = "secure",
	[DNSSEC_BOGUS] = "bogus",
};

static const char *const skip_strings[_CANDIDATE_SKIP_MAX] = {
	[CANDIDATE_SKIP_NONE] = "",
	[CANDIDATE_SKIP_NO_RELAY] = "says that there is no relay",
	[CANDIDATE_SKIP_TYPE] = "unknown relay type",
	[CANDIDATE_SKIP_LENGTH] = "wrong length for its relay type",
	[CANDIDATE_SKIP_NAME] = "its relay is no domain name",
	[CANDIDATE_SKIP_BOGUS] = "bogus: DNSSEC validation failed",
	[CANDIDATE_SKIP_INSECURE] = "not signed, and DNSSEC is required",
	[CANDIDATE_SKIP_NO_ADDRESS] = "the name has no address",
	[CANDIDATE_SKIP_UNRESOLVED] = "the name could not be looked up",
	[CANDIDATE_SKIP_IPV6] = "IPv6: the kernel's driver reaches relays over IPv4 only",
	[CANDIDATE_SKIP_ADDRESS] = "not the address of one host",
	[CANDIDATE_SKIP_UNSPECIFIED] = "address of this network, not of a relay",
	[CANDIDATE_SKIP_LOOPBACK] = "loopback address",
	[CANDIDATE_SKIP_LINK_LOCAL] = "link-local address",
	[CANDIDATE_SKIP_MULTICAST] = "multicast address",
	[CANDIDATE_SKIP_RESERVED] = "reserved address",
	[CANDIDATE_SKIP_MAPPED] = "IPv4 address within an IPv6 address",
	[CANDIDATE_SKIP_PRIVATE] =
		"private address, but the source is public; see Allow= in amt(5)",
	[CANDIDATE_SKIP_ORIGIN] = "relays from there are not wanted",
	[CANDIDATE_SKIP_ALLOW] = "not an allowed address",
	[CANDIDATE_SKIP_UNREACHABLE] = "no route to it",
	[CANDIDATE_SKIP_DUPLICATE] = "in the list already",
};

const char *candidate_origin_string(enum candidate_origin origin)
{
	return origin >= 0 && origin < _CANDIDATE_ORIGIN_MAX ? origin_strings[origin] : "unknown";
}

const char *candidate_skip_string(enum candidate_skip skip)
{
	return skip < _CANDIDATE_SKIP_MAX ? skip_strings[skip] : "unknown";
}

const char *dnssec_state_string(enum dnssec_state state)
{
	return state < _DNSSEC_STATE_MAX ? dnssec_strings[state] : "unknown";
}

/* The scope of an IPv4 address, RFC 6724, 3.2: link-local or global. */
static unsigned int scope(struct in_addr address)
{
	return ntohl(address.s_addr) >> 16 == 0xa9fe ? 2 : 14;
}

uint8_t candidate_rank(const struct address *destination, const struct address *source,
		       uint8_t length)
{
	const int d = scope(destination->in), s = scope(source->in);
	const struct prefix network = { .address = *source, .length = length };
	bool on_link = length > 0 && prefix_contains(&network, destination);

	return (uint8_t)((d != s ? 64 : 0) + 2 * d + !on_link);
}

enum candidate_skip candidate_judge_address(const struct address *address)
{
	if (address->family == AF_UNSPEC)
		return CANDIDATE_SKIP_NO_ADDRESS;
	if (!address_is_host(address))
		return CANDIDATE_SKIP_ADDRESS;
	return address->family == AF_INET ? CANDIDATE_SKIP_NONE : CANDIDATE_SKIP_IPV6;
}

/* RFC 6890, 2.2.2 (IPv4) and 2.2.3 (IPv6), by their names there; multicast: RFC 5771, RFC 4291,
 * 2.7. Unlike these, TEST-NET and the like are in nobody's way. */
static const struct special {
	const char *prefix;
	enum candidate_skip skip;
} specials[] = {
	{ "0.0.0.0/8", CANDIDATE_SKIP_UNSPECIFIED },	 /* "This host on this network" */
	{ "10.0.0.0/8", CANDIDATE_SKIP_PRIVATE },	 /* Private-Use */
	{ "100.64.0.0/10", CANDIDATE_SKIP_PRIVATE },	 /* Shared Address Space */
	{ "127.0.0.0/8", CANDIDATE_SKIP_LOOPBACK },	 /* Loopback */
	{ "169.254.0.0/16", CANDIDATE_SKIP_LINK_LOCAL }, /* Link Local */
	{ "172.16.0.0/12", CANDIDATE_SKIP_PRIVATE },	 /* Private-Use */
	{ "192.168.0.0/16", CANDIDATE_SKIP_PRIVATE },	 /* Private-Use */
	{ "224.0.0.0/4", CANDIDATE_SKIP_MULTICAST },
	{ "240.0.0.0/4", CANDIDATE_SKIP_RESERVED },	/* Reserved; Limited Broadcast */
	{ "::1", CANDIDATE_SKIP_LOOPBACK },		/* Loopback Address */
	{ "::", CANDIDATE_SKIP_UNSPECIFIED },		/* Unspecified Address */
	{ "64:ff9b::/96", CANDIDATE_SKIP_MAPPED },	/* IPv4-IPv6 Translat. */
	{ "::ffff:0.0.0.0/96", CANDIDATE_SKIP_MAPPED }, /* IPv4-mapped Address */
	{ "fc00::/7", CANDIDATE_SKIP_PRIVATE },		/* Unique-Local */
	{ "fe80::/10", CANDIDATE_SKIP_LINK_LOCAL },	/* Linked-Scoped Unicast */
	{ "ff00::/8", CANDIDATE_SKIP_MULTICAST },
};

static enum candidate_skip find_special(const struct address *address)
{
	struct prefix prefix;

	for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
		if (prefix_parse(specials[i].prefix, &prefix) == 0 &&
		    prefix_contains(&prefix, address))
			return specials[i].skip;
	return CANDIDATE_SKIP_NONE;
}

bool candidate_is_private(const struct address *address)
{
	return find_special(address) == CANDIDATE_SKIP_PRIVATE;
}

bool candidate_is_special(enum candidate_skip skip)
{
	return skip >= CANDIDATE_SKIP_UNSPECIFIED && skip <= CANDIDATE_SKIP_PRIVATE;
}

enum candidate_skip candidate_judge_found(const struct address *address, bool private_source)
{
	enum candidate_skip skip = find_special(address);

	if (skip == CANDIDATE_SKIP_NONE || (skip == CANDIDATE_SKIP_PRIVATE && private_source))
		return candidate_judge_address(address);
	return skip;
}

struct candidate candidate_make(enum candidate_origin origin, const struct address *address,
				uint16_t precedence)
{
	struct candidate candidate = { .origin = origin };

	candidate.address = *address;
	candidate.precedence = precedence;
	candidate.type = address->family == AF_INET6 ? AMTRELAY_IPV6 : AMTRELAY_IPV4;
	candidate.skip = candidate_judge_address(address);
	return candidate;
}

static enum candidate_origin origin_from_word(const char *word, size_t length)
{
	int i;

	for (i = 0; i < _CANDIDATE_ORIGIN_MAX; i++)
		if (strlen(origin_strings[i]) == length &&
		    memcmp(origin_strings[i], word, length) == 0)
			return (enum candidate_origin)i;
	return _CANDIDATE_ORIGIN_INVALID;
}

/* The place of an origin in the order, or -1. */
static int order_place(const struct candidate_order *order, enum candidate_origin origin)
{
	int i;

	for (i = 0; i < order->n; i++)
		if (order->origins[i] == origin)
			return i;
	return -1;
}

int candidate_order_parse(const char *text, struct candidate_order *ret)
{
	struct candidate_order order = { .n = 0 };
	enum candidate_origin origin;
	size_t length;

	for (text += strspn(text, " \t"); *text != '\0'; text += strspn(text, " \t")) {
		length = strcspn(text, " \t");
		origin = origin_from_word(text, length);
		if (origin == _CANDIDATE_ORIGIN_INVALID || order_place(&order, origin) >= 0)
			return -EINVAL;
		order.origins[order.n++] = origin;
		text += length;
	}
	if (order.n == 0)
		return -EINVAL;

	*ret = order;
	return 0;
}

static bool is_allowed(const struct address *address, const struct prefix *allow, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (prefix_contains(&allow[i], address))
			return true;
	return n == 0;
}

enum candidate_skip candidate_judge_allow(const struct candidate *candidate,
					  const struct prefix *allow, size_t n_allow)
{
	enum candidate_skip skip = candidate->skip;

	if (skip == CANDIDATE_SKIP_PRIVATE && n_allow > 0 &&
	    is_allowed(&candidate->address, allow, n_allow))
		skip = candidate_judge_address(&candidate->address);
	if (skip == CANDIDATE_SKIP_NONE && !is_allowed(&candidate->address, allow, n_allow))
		skip = CANDIDATE_SKIP_ALLOW;
	return skip;
}

static enum candidate_skip judge_candidate(const struct candidate *candidate,
					   const struct candidate_order *order,
					   const struct prefix *allow, size_t n_allow)
{
	enum candidate_skip skip = candidate_judge_allow(candidate, allow, n_allow);

	if (skip != CANDIDATE_SKIP_NONE && skip != CANDIDATE_SKIP_ALLOW)
		return skip;
	if (order_place(order, candidate->origin) < 0)
		return CANDIDATE_SKIP_ORIGIN;
	if (skip == CANDIDATE_SKIP_ALLOW)
		return CANDIDATE_SKIP_ALLOW;
	if (candidate->rank == CANDIDATE_RANK_UNREACHABLE)
		return CANDIDATE_SKIP_UNREACHABLE;
	return CANDIDATE_SKIP_NONE;
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* An origin that is not in the order comes last. */
static unsigned int origin_place(const struct candidate_order *order, enum candidate_origin origin)
{
	int at = order_place(order, origin);

	return at < 0 ? _CANDIDATE_ORIGIN_MAX : (unsigned int)at;
}

static int compare_candidates(const void *left, const void *right, void *userdata)
{
	const struct candidate *a = left, *b = right;
	const struct candidate_order *order = userdata;
	int r;

	r = COMPARE(a->skip != CANDIDATE_SKIP_NONE, b->skip != CANDIDATE_SKIP_NONE);
	if (r == 0)
		r = COMPARE(origin_place(order, a->origin), origin_place(order, b->origin));
	if (r == 0)
		r = COMPARE(a->precedence, b->precedence);
	if (r == 0)
		r = COMPARE(a->rank, b->rank);
	if (r == 0)
		r = COMPARE(a->random, b->random);
	return r;
}

static bool same_relay(const struct candidate *a, const struct candidate *b)
{
	return (a->port ?: AMT_PORT) == (b->port ?: AMT_PORT) &&
	       address_equal(&a->address, &b->address);
}

/* The first of those that are the same stays; D-bits may differ, but the better place wins. */
static bool skip_duplicates(struct candidate *candidates, size_t n)
{
	bool found = false;
	size_t i, j;

	for (i = 1; i < n; i++)
		for (j = 0; j < i; j++) {
			if (candidates[j].skip != CANDIDATE_SKIP_NONE ||
			    !same_relay(&candidates[i], &candidates[j]))
				continue;
			candidates[i].skip = CANDIDATE_SKIP_DUPLICATE;
			found = true;
			break;
		}
	return found;
}

size_t candidates_arrange(struct candidate *candidates, size_t n,
			  const struct candidate_order *order, const struct prefix *allow,
			  size_t n_allow)
{
	struct candidate_order copy = order ? *order : candidate_order_default;
	size_t i, usable = 0;

	for (i = 0; i < n; i++) {
		candidates[i].skip = judge_candidate(&candidates[i], &copy, allow, n_allow);
		usable += candidates[i].skip == CANDIDATE_SKIP_NONE;
	}
	qsort_r(candidates, n, sizeof(*candidates), compare_candidates, &copy);
	if (skip_duplicates(candidates, usable))
		qsort_r(candidates, n, sizeof(*candidates), compare_candidates, &copy);

	for (usable = 0; usable < n && candidates[usable].skip == CANDIDATE_SKIP_NONE; usable++)
		;
	return usable;
}
