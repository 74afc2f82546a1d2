/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/monitor.h"

#include "kernel/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <stdlib.h>

/* Room for the events of a thousand interfaces made at once; beyond it MONITOR_LOST. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)

struct monitor {
	struct nl_sock *socket;
	monitor_handler handler;
	void *userdata;
};

static void on_link(struct monitor *monitor, const struct nlmsghdr *header)
{
	struct link link;

	if (link_parse(header, &link) == 0)
		monitor->handler(MONITOR_LINK, link.ifindex, link.name, monitor->userdata);
}

static void on_address(struct monitor *monitor, const struct nlmsghdr *header)
{
	const struct ifaddrmsg *address = nlmsg_data(header);

	if (nlmsg_valid_hdr(header, sizeof(*address)))
		monitor->handler(MONITOR_INET, address->ifa_index, "", monitor->userdata);
}

static void on_route(struct monitor *monitor, const struct nlmsghdr *header)
{
	struct nlattr *oif;

	if (!nlmsg_valid_hdr(header, sizeof(struct rtmsg)))
		return;
	oif = nlmsg_find_attr((struct nlmsghdr *)header, sizeof(struct rtmsg), RTA_OIF);
	monitor->handler(MONITOR_INET, oif ? (int)nla_get_u32(oif) : 0, "", monitor->userdata);
}

static int on_message(struct nl_msg *message, void *userdata)
{
	static const struct {
		int type;
		void (*handle)(struct monitor *monitor, const struct nlmsghdr *header);
	} table[] = {
		{ RTM_NEWLINK, on_link },    { RTM_DELLINK, on_link },
		{ RTM_NEWADDR, on_address }, { RTM_DELADDR, on_address },
		{ RTM_NEWROUTE, on_route },  { RTM_DELROUTE, on_route },
	};
	const struct nlmsghdr *header = nlmsg_hdr(message);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].type == header->nlmsg_type)
			table[i].handle(userdata, header);
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
		if (r == -NLE_NOMEM) { /* what libnl makes of ENOBUFS */
			monitor->handler(MONITOR_LOST, 0, "", monitor->userdata);
			return 0; /* what is left makes it readable again */
		}
		if (r < 0 && r != -NLE_DUMP_INTR)
			return -EIO;
	}
}
