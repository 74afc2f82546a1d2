/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of kernel state by others: rtnetlink's multicast groups.
 */
#ifndef AMT_KERNEL_MONITOR_H
#define AMT_KERNEL_MONITOR_H

#include <stdbool.h>

enum monitor_event {
	MONITOR_LINK, /* interface ifindex, named name, was added, changed or removed */
	MONITOR_INET, /* an address of ifindex, or an IPv4 route out of it (0: not known) */
	MONITOR_LOST, /* events were lost (ENOBUFS), or cannot be read: resynchronize */
};

/* name is "" where the event has none. Lives until the handler returns. */
typedef void (*monitor_handler)(enum monitor_event event, int ifindex, const char *name,
				void *userdata);

struct monitor;

int monitor_open(monitor_handler handler, void *userdata, struct monitor **ret);
void monitor_close(struct monitor *monitor);   /* NULL is fine */
int monitor_fd(const struct monitor *monitor); /* non-blocking */

/* Handle all pending events. 0 or negative errno. */
int monitor_dispatch(struct monitor *monitor);

#endif
