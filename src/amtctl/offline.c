/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/offline.h"

#include "amtctl/amtctl.h"
#include "base/address.h"
#include "kernel/amtlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 5

/* Absent when unknown. */
static int set_address(json_t *info, const char *key, const struct address *address)
{
	char buf[ADDRESS_TEXT_MAX];

	if (!address_is_set(address))
		return 0;
	return json_object_set_new(info, key, json_string(address_format(address, buf)));
}

static json_t *describe_info(const struct amtlink *amtlink)
{
	char lower[IF_NAMESIZE];
	json_t *info;
	int r;

	info = json_pack("{s:s, s:i, s:i}", "mode",
			 amtlink->mode == AMT_MODE_RELAY ? "relay" : "gateway", "gateway_port",
			 amtlink->gateway_port, "relay_port", amtlink->relay_port);
	if (!info)
		return NULL;

	r = set_address(info, "local", &amtlink->local);
	r |= set_address(info, "discovery", &amtlink->discovery);
	r |= set_address(info, "remote", &amtlink->remote);
	r |= json_object_set_new(info, "max_tunnels", json_integer(amtlink->max_tunnels));
	if (if_indextoname(amtlink->lower, lower))
		r |= json_object_set_new(info, "link", json_string(lower));
	if (r < 0) {
		json_decref(info);
		return NULL;
	}
	return info;
}

static json_t *describe(const struct amtlink *amtlink)
{
	const struct link *link = &amtlink->link;
	json_t *info, *device;

	info = describe_info(amtlink);
	if (!info)
		return NULL;

	device = json_pack(
		"{s:s, s:O, s:i, s:i, s:I, s:s, s:{s:s, s:O}, s:{s:{s:I, s:I}, s:{s:I, s:I}}}",
		"ifname", link->name, "mode", json_object_get(info, "mode"), "port",
		amtlink->mode == AMT_MODE_RELAY ? amtlink->relay_port : amtlink->gateway_port,
		"ifindex", link->ifindex, "mtu", (json_int_t)link->mtu, "operstate",
		link_operstate_string(link->operstate), "linkinfo", "info_kind", "amt", "info_data",
		info, "stats64", "rx", "bytes", (json_int_t)link->rx_bytes, "packets",
		(json_int_t)link->rx_packets, "tx", "bytes", (json_int_t)link->tx_bytes, "packets",
		(json_int_t)link->tx_packets);
	/* Absent when it is in another network namespace. */
	if (device && json_object_get(info, "link"))
		json_object_set(device, "link", json_object_get(info, "link"));

	json_decref(info);
	return device;
}

int kernel_describe(json_t **ret)
{
	struct netlink *netlink = NULL;
	struct amtlink *amtlinks = NULL;
	size_t i, n = 0, tries = 0;
	json_t *devices;
	int r;

	r = netlink_open(&netlink);
	if (r < 0)
		return complain(AMTCTL_FAILED, "cannot ask the kernel: %s", strerror(-r));
	do
		r = amtlink_list(netlink, &amtlinks, &n);
	while (r == -EAGAIN && ++tries < TRIES_MAX);
	if (r < 0) {
		r = complain(AMTCTL_FAILED, "cannot list interfaces: %s",
			     netlink_error_text(netlink));
		netlink_close(netlink);
		return r;
	}
	netlink_close(netlink);

	devices = json_array();
	for (i = 0, r = devices ? 0 : -1; i < n && r == 0; i++)
		r = json_array_append_new(devices, describe(&amtlinks[i]));
	free(amtlinks);
	if (r < 0) {
		json_decref(devices);
		return complain(AMTCTL_FAILED, "out of memory");
	}

	*ret = devices;
	return AMTCTL_OK;
}
