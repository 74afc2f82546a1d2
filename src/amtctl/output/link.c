/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/link.h"

#include "base/escape.h"

#include <net/if.h>
#include <string.h>

/* The kernel's names may have any bytes, JSON has UTF-8. */
static json_t *name_to_json(const char *name)
{
	char buf[ESCAPED_MAX(IF_NAMESIZE)];

	return json_string(
		escape_is_utf8(name) ? name : escape_text(name, strlen(name), buf, sizeof(buf)));
}

static int set_address(json_t *info, const char *key, const struct address *address)
{
	char buf[ADDRESS_TEXT_MAX];

	if (!address_is_set(address))
		return 0;
	return json_object_set_new(info, key, json_string(address_format(address, buf)));
}

static json_t *info_to_json(const struct link_view *view)
{
	json_t *info;
	int r;

	info = json_pack("{s:s, s:i, s:i}", "mode", view->mode, "gateway_port", view->gateway_port,
			 "relay_port", view->relay_port);
	r = set_address(info, "local", &view->local);
	r |= set_address(info, "discovery", &view->discovery);
	r |= set_address(info, "remote", &view->remote);
	r |= json_object_set_new(info, "max_tunnels", json_integer(view->max_tunnels));
	if (view->lower)
		r |= json_object_set_new(info, "link", name_to_json(view->lower));
	if (r == 0)
		return info;
	json_decref(info);
	return NULL;
}

static json_t *link_to_json(const struct link_view *view)
{
	json_t *device;

	device = json_pack(
		"{s:o, s:s, s:i, s:i, s:I, s:s, s:{s:s, s:o}, s:{s:{s:I, s:I}, s:{s:I, s:I}}}",
		"ifname", name_to_json(view->name), "mode", view->mode, "port", view->port,
		"ifindex", view->ifindex, "mtu", (json_int_t)view->mtu, "operstate",
		view->operstate, "linkinfo", "info_kind", "amt", "info_data", info_to_json(view),
		"stats64", "rx", "bytes", (json_int_t)view->rx_bytes, "packets",
		(json_int_t)view->rx_packets, "tx", "bytes", (json_int_t)view->tx_bytes, "packets",
		(json_int_t)view->tx_packets);
	if (device && view->lower)
		json_object_set_new(device, "link", name_to_json(view->lower));
	return device;
}

json_t *links_to_json(const struct link_view *views, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(array, link_to_json(&views[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}
