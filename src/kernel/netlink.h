/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink requests through libnl: one socket, one request at a time. The kernel answers such a
 * request before sendmsg() returns, so a call does not block the event loop.
 */
#ifndef AMT_KERNEL_NETLINK_H
#define AMT_KERNEL_NETLINK_H

#include <netlink/msg.h>

struct netlink;

int netlink_open(struct netlink **ret);
void netlink_close(struct netlink *netlink); /* NULL is fine */

/* What the kernel said of the last call that failed: its extack text or strerror(). Lives until
 * the next call. */
const char *netlink_error_text(const struct netlink *netlink);

/* Send, take over and free the message; wait for the acknowledgement. 0, or the kernel's negative
 * errno. message NULL: -ENOMEM, so that an allocation need not be checked twice. */
int netlink_call(struct netlink *netlink, struct nl_msg *message);

/* The same for a request with answers: each is handed to the handler, which returns 0 or negative
 * errno, the first of which is returned. A dump that was interrupted by a change (NLM_F_DUMP_INTR)
 * returns -EAGAIN: drop what came and ask again. */
typedef int (*netlink_handler)(const struct nlmsghdr *header, void *userdata);
int netlink_query(struct netlink *netlink, struct nl_msg *message, netlink_handler handler,
		  void *userdata);

#endif
