/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/monitor.h"

#include "kernel/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <stdlib.h>

/* Room for the events of a thousand interfaces created at once; beyond it MONITOR_LOST. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)

struct monitor {
	struct nl_sock *socket;
	monitor_handler handler;
	void *userdata;
};

static void on_object(struct nl_object *object, void *userdata)
{
	struct monitor *monitor = userdata;
	struct rtnl_link *link = (struct rtnl_link *)object;
	struct rtnl_addr *addr = (struct rtnl_addr *)object;
	struct rtnl_route *route = (struct rtnl_route *)object;
	int ifindex = 0;

	switch (nl_object_get_msgtype(object)) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		monitor->handler(MONITOR_LINK, rtnl_link_get_ifindex(link),
				 rtnl_link_get_name(link) ?: "", monitor->userdata);
		return;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		ifindex = rtnl_addr_get_ifindex(addr);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (rtnl_route_get_nnexthops(route) == 1)
			ifindex = rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, 0));
		break;
	}
	monitor->handler(MONITOR_INET, ifindex, "", monitor->userdata);
}

static int on_message(struct nl_msg *message, void *userdata)
{
	struct monitor *monitor = userdata;

	if (nl_msg_parse(message, on_object, monitor) < 0)
		monitor->handler(MONITOR_LOST, 0, "", monitor->userdata);
	return NL_OK;
}

int monitor_open(monitor_handler handler, void *userdata, struct monitor **ret)
{
	struct monitor *monitor;
	int r;

	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return -ENOMEM;
	monitor->handler = handler;
	monitor->userdata = userdata;

	monitor->socket = nl_socket_alloc();
	if (!monitor->socket) {
		free(monitor);
		return -ENOMEM;
	}
	nl_socket_disable_seq_check(monitor->socket);
	nl_socket_modify_cb(monitor->socket, NL_CB_VALID, NL_CB_CUSTOM, on_message, monitor);

	r = nl_connect(monitor->socket, NETLINK_ROUTE);
	if (r >= 0)
		r = nl_socket_add_memberships(monitor->socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
					      RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR, 0);
	if (r >= 0)
		r = nl_socket_set_nonblocking(monitor->socket);
	if (r < 0) {
		monitor_close(monitor);
		return -EIO;
	}
	nl_socket_set_msg_buf_size(monitor->socket, NETLINK_MESSAGE_MAX);
	(void)nl_socket_set_buffer_size(monitor->socket, RECEIVE_BUFFER, 0);

	*ret = monitor;
	return 0;
}

void monitor_close(struct monitor *monitor)
{
	if (!monitor)
		return;
	nl_socket_free(monitor->socket);
	free(monitor);
}

int monitor_fd(const struct monitor *monitor)
{
	return nl_socket_get_fd(monitor->socket);
}

int monitor_dispatch(struct monitor *monitor)
{
	for (;;) {
		int r = nl_recvmsgs_default(monitor->socket);

		if (r == -NLE_AGAIN)
			return 0;
		/* ENOBUFS, as libnl has it; a message that is too long. */
		if (r == -NLE_NOMEM || r == -NLE_MSG_TRUNC) {
			monitor->handler(MONITOR_LOST, 0, "", monitor->userdata);
			return 0; /* still readable if events are left */
		}
		if (r < 0 && r != -NLE_DUMP_INTR)
			return -EIO;
	}
}
