/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink requests through libnl-route, whose objects (rtnl_link, rtnl_addr, rtnl_route,
 * rtnl_rule) make the requests and hold the answers: one socket, one request at a time. The kernel
 * answers such a request before sendmsg() returns, so a call does not block the event loop.
 */
#ifndef AMT_KERNEL_NETLINK_H
#define AMT_KERNEL_NETLINK_H

#include "base/address.h"

#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/object.h>

/* Maximum of the kernel's dump messages (net/netlink/af_netlink.c, netlink_recvmsg()).
 * With the size set, libnl does not peek at the length of a message first. */
#define NETLINK_MESSAGE_MAX 32768

struct netlink;

int netlink_open(struct netlink **ret);
void netlink_close(struct netlink *netlink); /* NULL is fine */

/* Error text of the last failed call: the kernel's extack or strerror(). Lives until the next
 * call. */
const char *netlink_error_text(const struct netlink *netlink);

/* Send, take over and free the message; wait for the acknowledgement. 0, or the kernel's negative
 * errno. message NULL: -ENOMEM, so that an allocation need not be checked twice. -ENOBUFS, -EIO:
 * the answer was lost; the next call is not affected. */
int netlink_call(struct netlink *netlink, struct nl_msg *message);

/* The same for a request with answers: each is handed to the handler, as libnl-route's object
 * (NULL: libnl-route cannot read it) and as it came. It returns 0 or negative errno, the first of
 * which is returned, and makes no call of its own. */
typedef int (*netlink_handler)(struct nl_object *object, const struct nlmsghdr *header,
			       void *userdata);
int netlink_query(struct netlink *netlink, struct nl_msg *message, netlink_handler handler,
		  void *userdata);

/* A dump by RTM_GET…; family AF_UNSPEC: any. -EAGAIN: interrupted by a change (NLM_F_DUMP_INTR),
 * drop the results and repeat. */
int netlink_dump(struct netlink *netlink, int type, sa_family_t family, netlink_handler handler,
		 void *userdata);

/* A host's address, /32 or /128: nl_addr_put(); NULL without memory. */
struct nl_addr *netlink_from_address(const struct address *address);

/* NULL: AF_UNSPEC. */
struct address netlink_to_address(struct nl_addr *addr);

#endif
