/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ERROR_MAX 4095 /* of an errno, include/linux/err.h */

struct netlink {
	struct nl_sock *socket; /* NULL after an exchange that broke off */
	char error_text[160];

	/* the exchange in progress */
	netlink_handler handler;
	void *userdata;
	uint16_t type; /* of its answers */
	const struct nlmsghdr *answer;
	int result;
	bool done;
};

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->socket);
	free(netlink);
}

const char *netlink_error_text(const struct netlink *netlink)
{
	return netlink->error_text;
}

/* The attributes of an acknowledgement lie behind the copy of the request, which NETLINK_CAP_ACK
 * cuts to its header (net/netlink/af_netlink.c, netlink_ack()). */
static void take_extack(struct netlink *netlink, const struct nlmsghdr *header,
			const struct nlmsgerr *error)
{
	struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];
	const size_t length = nlmsg_datalen(header);
	size_t skip = sizeof(*error);

	snprintf(netlink->error_text, sizeof(netlink->error_text), "%s",
		 strerror(-netlink->result));
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += (size_t)error->msg.nlmsg_len - NLMSG_HDRLEN;
	if (skip > length ||
	    nlmsg_parse((struct nlmsghdr *)header, skip, attributes, NLMSGERR_ATTR_MAX, NULL) < 0)
		return;
	if (attributes[NLMSGERR_ATTR_MSG])
		nla_strlcpy(netlink->error_text, attributes[NLMSGERR_ATTR_MSG],
			    sizeof(netlink->error_text));
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *userdata)
{
	struct netlink *netlink = userdata;

	/* libnl passes the payload; the header precedes it. */
	netlink->result = error->error > 0 || error->error < -ERROR_MAX ? -EBADMSG : error->error;
	take_extack(netlink, (const struct nlmsghdr *)((const char *)error - NLMSG_HDRLEN), error);
	netlink->done = true;
	return NL_STOP;
}

static int on_done(struct nl_msg *message, void *userdata)
{
	struct netlink *netlink = userdata;

	netlink->done = true;
	return NL_STOP;
}

static int on_interrupted(struct nl_msg *message, void *userdata)
{
	struct netlink *netlink = userdata;

	if (netlink->result == 0)
		netlink->result = -EAGAIN;
	return NL_OK;
}

static void on_object(struct nl_object *object, void *userdata)
{
	struct netlink *netlink = userdata;

	netlink->result = netlink->handler(object, netlink->answer, netlink->userdata);
}

static int on_valid(struct nl_msg *message, void *userdata)
{
	struct netlink *netlink = userdata;
	int r;

	if (!netlink->handler || netlink->result != 0)
		return NL_OK;
	netlink->answer = nlmsg_hdr(message);
	/* Handlers take the object for one of that type. */
	if (netlink->answer->nlmsg_type != netlink->type) {
		netlink->result = -EBADMSG;
		return NL_OK;
	}
	r = nl_msg_parse(message, on_object, netlink);
	if (r == -NLE_NOMEM)
		netlink->result = -ENOMEM;
	else if (r < 0)
		on_object(NULL, netlink);
	return NL_OK;
}

static int open_socket(struct netlink *netlink)
{
	struct nl_sock *socket = nl_socket_alloc();
	int r, one = 1;

	if (!socket)
		return -ENOMEM;
	r = nl_connect(socket, NETLINK_ROUTE);
	if (r < 0) {
		r = errno > 0 ? -errno : -EIO;
		nl_socket_free(socket);
		return r;
	}
	nl_socket_set_msg_buf_size(socket, NETLINK_MESSAGE_MAX);
	/* Kernels before 4.12 have neither: their errors have no text. */
	(void)setsockopt(nl_socket_get_fd(socket), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	(void)setsockopt(nl_socket_get_fd(socket), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	nl_socket_modify_err_cb(socket, NL_CB_CUSTOM, on_error, netlink);
	nl_socket_modify_cb(socket, NL_CB_ACK, NL_CB_CUSTOM, on_done, netlink);
	nl_socket_modify_cb(socket, NL_CB_FINISH, NL_CB_CUSTOM, on_done, netlink);
	nl_socket_modify_cb(socket, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, netlink);
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_valid, netlink);
	netlink->socket = socket;
	return 0;
}

int netlink_open(struct netlink **ret)
{
	struct netlink *netlink;
	int r;

	netlink = calloc(1, sizeof(*netlink));
	if (!netlink)
		return -ENOMEM;
	r = open_socket(netlink);
	if (r < 0) {
		netlink_close(netlink);
		return r;
	}
	*ret = netlink;
	return 0;
}

/* 0 when the exchange is complete, whatever its result. */
static int exchange(struct netlink *netlink, struct nl_msg *message)
{
	int r;

	r = netlink->socket ? 0 : open_socket(netlink);
	if (r < 0)
		return r;
	nl_complete_msg(netlink->socket, message);
	nlmsg_hdr(message)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	r = nl_send(netlink->socket, message);
	while (r >= 0 && !netlink->done)
		r = nl_recvmsgs_default(netlink->socket);
	if (netlink->done)
		return 0;
	/* The remaining answers would be taken for those to the next request. */
	nl_socket_free(netlink->socket);
	netlink->socket = NULL;
	return r == -NLE_NOMEM ? -ENOBUFS : -EIO; /* libnl's code for ENOBUFS */
}

int netlink_query(struct netlink *netlink, struct nl_msg *message, netlink_handler handler,
		  void *userdata)
{
	int r;

	netlink->error_text[0] = '\0';
	if (!message)
		return -ENOMEM;
	netlink->handler = handler;
	netlink->userdata = userdata;
	/* RTM_NEWLINK to RTM_GETLINK: four of each kind (net/core/rtnetlink.c, rtnl_msg_handlers).
	 */
	netlink->type = nlmsg_hdr(message)->nlmsg_type & ~3;
	netlink->result = 0;
	netlink->done = false;
	r = exchange(netlink, message);
	nlmsg_free(message);
	if (r == 0)
		return netlink->result;
	snprintf(netlink->error_text, sizeof(netlink->error_text), "%s", strerror(-r));
	return r;
}

int netlink_dump(struct netlink *netlink, int type, sa_family_t family, netlink_handler handler,
		 void *userdata)
{
	struct rtgenmsg request = { .rtgen_family = family };
	struct nl_msg *message;

	message = nlmsg_alloc_simple(type, NLM_F_DUMP);
	if (message && nlmsg_append(message, &request, sizeof(request), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(message);
		message = NULL;
	}
	return netlink_query(netlink, message, handler, userdata);
}

int netlink_call(struct netlink *netlink, struct nl_msg *message)
{
	return netlink_query(netlink, message, NULL, NULL);
}

struct nl_addr *netlink_from_address(const struct address *address)
{
	return nl_addr_build(address->family, &address->in6,
			     address->family == AF_INET ? sizeof(address->in)
							: sizeof(address->in6));
}

struct address netlink_to_address(struct nl_addr *addr)
{
	struct address address = { 0 };

	if (addr && nl_addr_get_len(addr) <= sizeof(address.in6)) {
		address.family = nl_addr_get_family(addr);
		memcpy(&address.in6, nl_addr_get_binary_addr(addr), nl_addr_get_len(addr));
	}
	return address;
}
