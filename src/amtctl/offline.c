/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/offline.h"

#include "amtctl/amtctl.h"
#include "amtctl/output/link.h"
#include "amtctl/output/output.h"
#include "kernel/amtlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 5

static struct link_view view_of(const struct amtlink *amtlink, char lower[static IF_NAMESIZE])
{
	const struct link *link = &amtlink->link;

	return (struct link_view){
		.name = link->name,
		.mode = amtlink->mode == AMT_MODE_RELAY ? "relay" : "gateway",
		.port = amtlink->mode == AMT_MODE_RELAY ? amtlink->relay_port
							: amtlink->gateway_port,
		.gateway_port = amtlink->gateway_port,
		.relay_port = amtlink->relay_port,
		.ifindex = link->ifindex,
		.mtu = link->mtu,
		.operstate = link_operstate_string(link->operstate),
		/* NULL when it is in another network namespace. */
		.lower = if_indextoname(amtlink->lower, lower),
		.local = amtlink->local,
		.discovery = amtlink->discovery,
		.remote = amtlink->remote,
		.max_tunnels = amtlink->max_tunnels,
		.rx_bytes = link->rx_bytes,
		.rx_packets = link->rx_packets,
		.tx_bytes = link->tx_bytes,
		.tx_packets = link->tx_packets,
	};
}

/* The array is the caller's. 0, or an exit status with an error printed. */
static int list_links(struct amtlink **ret, size_t *ret_n)
{
	struct netlink *netlink = NULL;
	unsigned int tries = 0;
	int r;

	r = netlink_open(&netlink);
	if (r < 0)
		return output_error(AMTCTL_FAILED, "cannot open netlink: %s", strerror(-r));
	do
		r = amtlink_list(netlink, ret, ret_n);
	while (r == -EAGAIN && ++tries < TRIES_MAX);
	if (r < 0)
		r = output_error(AMTCTL_FAILED, "cannot list interfaces: %s",
				 netlink_error_text(netlink));
	netlink_close(netlink);
	return r;
}

int offline_describe(json_t **ret)
{
	struct amtlink *amtlinks = NULL;
	struct link_view *views;
	char(*lowers)[IF_NAMESIZE];
	size_t n = 0;
	int r;

	r = list_links(&amtlinks, &n);
	if (r != AMTCTL_OK)
		return r;
	views = calloc(n + 1, sizeof(*views));
	lowers = calloc(n + 1, sizeof(*lowers));
	for (size_t i = 0; views && lowers && i < n; i++)
		views[i] = view_of(&amtlinks[i], lowers[i]);
	*ret = views && lowers ? links_to_json(views, n) : NULL;
	free(views);
	free(lowers);
	free(amtlinks);
	return *ret ? AMTCTL_OK : output_error(AMTCTL_FAILED, "out of memory");
}

int offline_find_gateway(offline_match match, void *userdata, char ret[static IFNAMSIZ])
{
	struct netlink *netlink = NULL;
	struct amtlink *links = NULL;
	size_t n = 0;
	int r;

	r = netlink_open(&netlink);
	if (r == 0)
		r = amtlink_list(netlink, &links, &n);
	netlink_close(netlink);
	for (size_t i = 0; i < n && r == 0; i++)
		if (links[i].mode == AMT_MODE_GATEWAY &&
		    (match(&links[i].discovery, userdata) || match(&links[i].remote, userdata))) {
			memcpy(ret, links[i].link.name, IFNAMSIZ);
			r = 1;
		}
	free(links);
	return r;
}
