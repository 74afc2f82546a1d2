/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct netlink {
	struct nl_sock *socket;
	char error_text[160];
};

/* State of one call; lives on the stack of netlink_query(). */
struct call {
	struct netlink *netlink;
	netlink_handler handler;
	void *userdata;
	int result;
	bool done;
};

int netlink_open(struct netlink **ret)
{
	struct netlink *netlink;
	int r, one = 1;

	netlink = calloc(1, sizeof(*netlink));
	if (!netlink)
		return -ENOMEM;

	netlink->socket = nl_socket_alloc();
	if (!netlink->socket) {
		free(netlink);
		return -ENOMEM;
	}

	r = nl_connect(netlink->socket, NETLINK_ROUTE);
	if (r < 0) {
		r = errno > 0 ? -errno : -EIO;
		netlink_close(netlink);
		return r;
	}

	/* Kernels before 4.12 know neither: their errors then come without words. */
	(void)setsockopt(nl_socket_get_fd(netlink->socket), SOL_NETLINK, NETLINK_EXT_ACK, &one,
			 sizeof(one));
	(void)setsockopt(nl_socket_get_fd(netlink->socket), SOL_NETLINK, NETLINK_CAP_ACK, &one,
			 sizeof(one));

	*ret = netlink;
	return 0;
}

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

static void set_error(struct netlink *netlink, const char *error_text, size_t length)
{
	if (length >= sizeof(netlink->error_text))
		length = sizeof(netlink->error_text) - 1;
	memcpy(netlink->error_text, error_text, length);
	netlink->error_text[length] = '\0';
}

/* The attributes of an acknowledgement lie behind the copy of the request, which NETLINK_CAP_ACK
 * cuts to its header (net/netlink/af_netlink.c, netlink_ack()). */
static void take_extack(struct netlink *netlink, const struct nlmsghdr *header,
			const struct nlmsgerr *error)
{
	struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];
	size_t skip = sizeof(*error);

	set_error(netlink, strerror(-error->error), strlen(strerror(-error->error)));

	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += error->msg.nlmsg_len - NLMSG_HDRLEN;
	if (nlmsg_parse((struct nlmsghdr *)header, skip, attributes, NLMSGERR_ATTR_MAX, NULL) < 0)
		return;
	if (attributes[NLMSGERR_ATTR_MSG]) {
		const char *text = nla_data(attributes[NLMSGERR_ATTR_MSG]);

		set_error(netlink, text, strnlen(text, nla_len(attributes[NLMSGERR_ATTR_MSG])));
	}
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *userdata)
{
	struct call *call = userdata;

	/* libnl hands out the payload; the header stands before it. */
	take_extack(call->netlink, (const struct nlmsghdr *)((const char *)error - NLMSG_HDRLEN),
		    error);
	call->result = error->error;
	call->done = true;
	return NL_STOP;
}

static int on_done(struct nl_msg *message, void *userdata)
{
	struct call *call = userdata;

	call->done = true;
	return NL_STOP;
}

static int on_interrupted(struct nl_msg *message, void *userdata)
{
	struct call *call = userdata;

	if (call->result == 0)
		call->result = -EAGAIN;
	return NL_OK;
}

static int on_valid(struct nl_msg *message, void *userdata)
{
	struct call *call = userdata;

	if (call->handler && call->result == 0)
		call->result = call->handler(nlmsg_hdr(message), call->userdata);
	return NL_OK;
}

int netlink_query(struct netlink *netlink, struct nl_msg *message, netlink_handler handler,
		  void *userdata)
{
	struct call call = { .netlink = netlink, .handler = handler, .userdata = userdata };
	struct nl_cb *callbacks;
	int r;

	if (!message)
		return -ENOMEM;

	netlink->error_text[0] = '\0';
	callbacks = nl_cb_alloc(NL_CB_DEFAULT);
	if (!callbacks) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	nl_cb_err(callbacks, NL_CB_CUSTOM, on_error, &call);
	nl_cb_set(callbacks, NL_CB_ACK, NL_CB_CUSTOM, on_done, &call);
	nl_cb_set(callbacks, NL_CB_FINISH, NL_CB_CUSTOM, on_done, &call);
	nl_cb_set(callbacks, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, &call);
	nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, on_valid, &call);

	nl_complete_msg(netlink->socket, message);
	nlmsg_hdr(message)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	r = nl_send(netlink->socket, message);
	nlmsg_free(message);
	while (r >= 0 && !call.done)
		r = nl_recvmsgs(netlink->socket, callbacks);
	nl_cb_put(callbacks);

	if (!call.done) {
		const char *error_text = nl_geterror(r);

		set_error(netlink, error_text, strlen(error_text));
		return -EIO;
	}
	return call.result;
}

int netlink_call(struct netlink *netlink, struct nl_msg *message)
{
	return netlink_query(netlink, message, NULL, NULL);
}
