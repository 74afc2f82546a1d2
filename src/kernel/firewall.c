/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/firewall.h"

#include "kernel/firewall-rules.h"
#include "kernel/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A concurrent change of the ruleset makes a commit start over. */
#define TRIES 8

/* Events arrive in batches of a page (NLMSG_GOODSIZE), at most 8 KiB. */
#define EVENT_MAX 16384

struct firewall {
	uint16_t queue_base;
	bool has_queue;
	bool known; /* the table is this object's work and holds rules */
	struct firewall_rules rules;
	struct mnl_socket *events;
	struct mnl_socket *requests;
	uint32_t seq;
};

static int message_type(int type)
{
	return NFNL_SUBSYS_NFTABLES << 8 | type;
}

static int set_error(char **ret_error, const char *error_text)
{
	*ret_error = strdup(error_text);
	return *ret_error ? 0 : -ENOMEM;
}

static struct nlmsghdr *put_request(struct firewall *firewall, void *buf, int type, int family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = message_type(type);
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++firewall->seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

/* 0 and the answer in buf[0..EVENT_MAX), or the kernel's error. */
static int query_nftables(struct firewall *firewall, struct nlmsghdr *nlh, uint8_t *buf)
{
	const struct nlmsghdr *answer = (struct nlmsghdr *)buf;
	ssize_t n;

	if (mnl_socket_sendto(firewall->requests, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(firewall->requests, buf, EVENT_MAX);
		if (n < 0 && errno != EINTR)
			return -errno;
	} while (n < 0 || !mnl_nlmsg_ok(answer, n) || answer->nlmsg_seq != firewall->seq);

	if (answer->nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)mnl_nlmsg_get_payload(answer))->error;
	return 0;
}

/* The ruleset's generation: every transaction of any program adds one. -EOPNOTSUPP without
 * nf_tables: nfnetlink returns EINVAL for an unknown subsystem. */
static int generation(struct firewall *firewall, uint32_t *ret)
{
	_Alignas(struct nlmsghdr) uint8_t buf[EVENT_MAX];
	const struct nlmsghdr *answer = (struct nlmsghdr *)buf;
	const struct nlattr *attr;
	int r;

	r = query_nftables(firewall, put_request(firewall, buf, NFT_MSG_GETGEN, AF_UNSPEC), buf);
	if (r < 0)
		return r == -EINVAL ? -EOPNOTSUPP : r;
	mnl_attr_for_each (attr, answer, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_GEN_ID)
			continue;
		*ret = ntohl(mnl_attr_get_u32(attr));
		return 0;
	}
	return -EBADMSG;
}

static int has_table(struct firewall *firewall, int family)
{
	_Alignas(struct nlmsghdr) uint8_t buf[EVENT_MAX] = {};
	struct nlmsghdr *nlh;
	int r;

	nlh = put_request(firewall, buf, NFT_MSG_GETTABLE, family);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, FIREWALL_TABLE);
	r = query_nftables(firewall, nlh, buf);
	if (r == -ENOENT || r == -EINVAL)
		return 0;
	return r < 0 ? r : 1;
}

static int listen_to_events(struct firewall *firewall, bool on)
{
	int group = NFNLGRP_NFTABLES;

	return mnl_socket_setsockopt(firewall->events,
				     on ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group,
				     sizeof(group)) < 0
		       ? -errno
		       : 0;
}

/* Run the commands without receiving events: own events would look like another program's, and
 * those of a large table would overrun the socket. *ret_alone: no other program changed the ruleset
 * meanwhile; the generation is read before and after while subscribed, so no event is lost in
 * between. */
static int run_unsubscribed(struct firewall *firewall, struct nft_ctx *ctx, const char *commands,
			    bool *ret_alone, char **ret_error)
{
	uint32_t before, after;
	int r, q;

	r = generation(firewall, &before);
	if (r < 0)
		return r;
	r = listen_to_events(firewall, false);
	if (r < 0)
		return r;
	r = nft_run(ctx, commands, ret_error);
	q = listen_to_events(firewall, true);
	if (r == 0)
		r = q;
	if (r == 0)
		r = generation(firewall, &after);
	if (r == 0)
		*ret_alone = after == before + 1;
	return r;
}

static void forget(char **error_text)
{
	free(*error_text);
	*error_text = NULL;
}

static int run_replace(struct firewall *firewall, const struct firewall_rules *rules,
		       bool *ret_alone, char **ret_error)
{
	char *commands, *error_text = NULL;
	bool queue = true, table6;
	int r;

	r = has_table(firewall, NFPROTO_IPV6);
	if (r < 0)
		return r;
	table6 = r;
	for (;;) {
		r = firewall_rules_replace(rules, firewall->queue_base, queue, table6, &commands);
		if (r < 0)
			return r;
		r = run_unsubscribed(firewall, NULL, commands, ret_alone, ret_error);
		free(commands);
		/* An expression that the kernel lacks is ENOENT. Without nft_queue that is the
		 * queue statement; if it is another, the second try has the error text. */
		if (r != -ENOENT || !queue)
			break;
		queue = false;
		error_text = *ret_error;
		*ret_error = NULL;
		forget(&error_text);
	}
	if (r == 0)
		firewall->has_queue = queue;
	return r;
}

static int run_difference(struct firewall *firewall, const struct firewall_rules *rules,
			  bool *ret_alone, char **ret_error)
{
	char *commands;
	int r;

	r = firewall_rules_difference(&firewall->rules, rules, &commands);
	if (r < 0)
		return r;
	*ret_alone = true;
	if (*commands)
		r = run_unsubscribed(firewall, NULL, commands, ret_alone, ret_error);
	free(commands);
	return r;
}

static int commit_once(struct firewall *firewall, const struct firewall_rules *rules,
		       bool *ret_alone, char **ret_error)
{
	int r;

	if (firewall->known) {
		r = run_difference(firewall, rules, ret_alone, ret_error);
		if (r == 0)
			return 0;
		/* The table is not as expected, or its chains must change. */
		firewall->known = false;
		forget(ret_error);
	}
	return run_replace(firewall, rules, ret_alone, ret_error);
}

/* Error text for what fails before nft runs. */
static int fill_error(int error, char **ret_error)
{
	int r;

	if (*ret_error)
		return error;
	r = set_error(
		ret_error,
		error == -EOPNOTSUPP
			? "the kernel has no nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_IPV4)"
			: strerror(-error));
	return r < 0 ? r : error;
}

int firewall_commit(struct firewall *firewall, const struct firewall_rules *rules, char **ret_error)
{
	struct firewall_rules copy;
	char *error_text = NULL;
	bool alone = false;
	int tries, r;

	r = firewall_dispatch(firewall);
	if (r >= 0)
		r = firewall_rules_copy(rules, &copy);
	if (r < 0)
		return r;
	for (tries = 0; r == 0 && !alone && tries < TRIES; tries++) {
		r = commit_once(firewall, rules, &alone, &error_text);
		firewall->known = r == 0 && alone;
	}
	if (r == 0 && !alone)
		r = -EAGAIN;
	if (r < 0) {
		firewall_rules_clear(&copy);
		firewall->known = false;
		r = fill_error(r, &error_text);
		*ret_error = error_text;
		return r;
	}
	firewall_rules_clear(&firewall->rules);
	firewall->rules = copy;
	return 0;
}

bool firewall_has_queue(const struct firewall *firewall)
{
	return firewall->has_queue;
}

int firewall_remove(struct firewall *firewall, char **ret_error)
{
	char *error_text = NULL;
	bool alone;
	static const struct {
		int family;
		const char *command;
	} tables[] = {
		{ NFPROTO_IPV4, "delete table ip " FIREWALL_TABLE "\n" },
		{ NFPROTO_IPV6, "delete table ip6 " FIREWALL_TABLE "\n" },
	};
	int r = 0;

	firewall->known = false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && r == 0; i++) {
		r = has_table(firewall, tables[i].family);
		if (r > 0)
			r = run_unsubscribed(firewall, NULL, tables[i].command, &alone,
					     &error_text);
		if (r == -ENOENT) { /* gone in the meantime */
			forget(&error_text);
			r = 0;
		}
	}
	if (r < 0) {
		r = fill_error(r, &error_text);
		*ret_error = error_text;
	}
	return r;
}

int firewall_run(struct firewall *firewall, struct nft_ctx *ctx, const char *commands,
		 char **ret_error)
{
	bool alone = true;
	int r;

	r = run_unsubscribed(firewall, ctx, commands, &alone, ret_error);
	if (r < 0)
		return r;
	if (alone)
		return 0;
	firewall->known = false;
	return FIREWALL_LOST;
}

static int open_netlink(int flags, struct mnl_socket **ret)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | flags);
	int r;

	if (!nl)
		return errno == EPROTONOSUPPORT ? -EOPNOTSUPP : -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(nl);
		return r;
	}
	*ret = nl;
	return 0;
}

int firewall_new(uint16_t queue_base, struct firewall **ret)
{
	struct firewall *firewall;
	int r;

	if (queue_base > UINT16_MAX - _FIREWALL_QUEUE_MAX + 1)
		return -EINVAL;
	firewall = calloc(1, sizeof(*firewall));
	if (!firewall)
		return -ENOMEM;

	firewall->queue_base = queue_base;
	r = open_netlink(SOCK_NONBLOCK, &firewall->events);
	if (r == 0)
		r = open_netlink(0, &firewall->requests);
	if (r == 0)
		r = listen_to_events(firewall, true);
	if (r < 0) {
		firewall_free(firewall);
		return r;
	}
	*ret = firewall;
	return 0;
}

void firewall_free(struct firewall *firewall)
{
	if (!firewall)
		return;
	if (firewall->requests)
		mnl_socket_close(firewall->requests);
	if (firewall->events)
		mnl_socket_close(firewall->events);
	firewall_rules_clear(&firewall->rules);
	free(firewall);
}

int firewall_fd(const struct firewall *firewall)
{
	return mnl_socket_get_fd(firewall->events);
}

/* Does another program remove something from amtd's tables? Additions (a counter, a trace) are
 * harmless. In all these messages the first attribute is the table's name. */
static bool is_removal(const struct nlmsghdr *nlh, bool table6)
{
	static const int removals[] = { NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE,
					NFT_MSG_DELSET, NFT_MSG_DELSETELEM };
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	size_t i;

	for (i = 0; i < sizeof(removals) / sizeof(removals[0]); i++)
		if (nlh->nlmsg_type == message_type(removals[i]))
			break;
	if (i == sizeof(removals) / sizeof(removals[0]) ||
	    (nfg->nfgen_family != NFPROTO_IPV4 && (nfg->nfgen_family != NFPROTO_IPV6 || !table6)))
		return false;

	mnl_attr_for_each (attr, nlh, sizeof(*nfg))
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME)
			return strncmp(mnl_attr_get_payload(attr), FIREWALL_TABLE,
				       mnl_attr_get_payload_len(attr)) == 0;
	return false;
}

int firewall_dispatch(struct firewall *firewall)
{
	_Alignas(struct nlmsghdr) uint8_t buf[EVENT_MAX];
	const struct nlmsghdr *nlh;
	bool removed = false, lost = false;
	ssize_t n;
	int left;

	for (;;) {
		n = mnl_socket_recvfrom(firewall->events, buf, sizeof(buf));
		if (n < 0) {
			if (errno == EAGAIN)
				break;
			/* ENOSPC: longer than the buffer, so not read. */
			if (errno == ENOBUFS || errno == ENOSPC)
				lost = true;
			else if (errno != EINTR)
				return -errno;
			continue;
		}
		left = n;
		for (nlh = (struct nlmsghdr *)buf; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			removed |= is_removal(nlh, firewall->rules.n_ttls > 0);
	}
	if (!removed && !lost)
		return 0;
	firewall->known = false;
	return removed ? FIREWALL_REMOVED : FIREWALL_LOST;
}
