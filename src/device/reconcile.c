/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/reconcile.h"

#include "base/log.h"
#include "device/device.h"
#include "device/leave.h"
#include "device/path.h"
#include "device/tuning.h"
#include "kernel/amtlink.h"
#include "kernel/inet.h"
#include "kernel/sysctl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <net/if.h>
#include <string.h>

/* IPv4, UDP and AMT data headers and what the driver reserves: AMT_GW_HLEN in drivers/net/amt.c */
#define GATEWAY_OVERHEAD 40

/* A snapshot of the kernel's state. */
struct view {
	struct netlink *netlink;
	reconcile_leaving leaving;
	void *userdata;
	struct link lower;
	struct amtlink want, have; /* have.link.ifindex 0: none */
};

/* Fills view->lower. False when the device has to wait, or cannot be. */
static bool find_lower(struct device *device, struct view *view)
{
	const struct config *config = device->config;
	int r;

	r = link_get(view->netlink, config->link, &view->lower);
	device->link_missing = r == -ENODEV;
	if (r == -ENODEV) {
		device_set_state(
			device, DEVICE_WAITING,
			"there is no interface %s (Link=) yet; `ip link` shows those there are",
			config->link);
		return false;
	}
	if (r < 0) {
		device_set_state(device, DEVICE_FAILED, "interface %s: %s", config->link,
				 netlink_error_text(view->netlink));
		return false;
	}
	if (view->lower.type != ARPHRD_ETHER) {
		device_set_state(
			device, DEVICE_FAILED,
			"interface %s (Link=) is not an Ethernet one, which the driver wants; choose another, or put a bridge or macvlan over it",
			config->link);
		return false;
	}
	device->lower = view->lower.ifindex;
	return true;
}

/* The tunnel's source address: for a relay an address of the link; for a gateway that of the route
 * to its relay. If *source is not zero: is it usable? */
static int find_source(const struct device *device, struct view *view, struct address *source)
{
	const struct config *config = device->config;

	/* A redirected tunnel keeps its address where possible: another one would need another
	 * device. */
	if (config->mode == CONFIG_GATEWAY && !address_is_set(source) &&
	    device->record.ifindex != 0 &&
	    !address_equal(&device->record.chosen, &view->have.discovery)) {
		*source = view->have.local;
		if (inet_route_source(view->netlink, &device->record.chosen, view->lower.ifindex,
				      source) == 0)
			return 0;
		*source = (struct address){ 0 };
	}
	if (config->mode == CONFIG_GATEWAY)
		return inet_route_source(view->netlink, &device->record.chosen, view->lower.ifindex,
					 source);
	return address_is_set(source)
		       ? 0
		       : inet_primary_address(view->netlink, view->lower.ifindex, source);
}

/* No packet can leave: the reason. */
static void show_path(struct device *device, struct view *view, int error)
{
	const struct config *config = device->config;
	struct path path = {
		.link = config->link,
		.up = view->lower.flags & IFF_UP,
		.local = config->local,
		.error = error,
	};
	struct address primary;
	char text[sizeof(device->reason)];
	int via = 0;

	path.has_address = inet_primary_address(view->netlink, view->lower.ifindex, &primary) == 0;
	path.has_local = inet_is_local(view->netlink, &config->local);
	if (config->mode == CONFIG_GATEWAY) {
		path.relay = device->record.chosen;
		path.relay_is_here = inet_is_local(view->netlink, &path.relay);
		path.route_error = inet_route_interface(view->netlink, &path.relay, &via);
		if (via == 0 || !if_indextoname((unsigned int)via, path.via))
			path.via[0] = '\0';
	}
	path_explain(&path, text, sizeof(text));
	device_set_state(device, DEVICE_WAITING, "%s", text);
}

/* Fills view->want.local. */
static bool choose_local(struct device *device, struct view *view)
{
	const struct config *config = device->config;
	struct address source = { 0 };
	int r;

	if (config->local.family == AF_INET)
		source = config->local;
	r = find_source(device, view, &source);
	if (r < 0) {
		show_path(device, view, r);
		return false;
	}
	view->want.local = source;
	return true;
}

static void fill_want(const struct device *device, struct view *view)
{
	const struct config *config = device->config;
	struct amtlink *want = &view->want;

	strcpy(want->link.name, config->name);
	want->link.mtu = config->mtu;
	want->lower = view->lower.ifindex;
	want->max_tunnels = config->max_tunnels;
	want->gateway_port = device->port;
	/* The driver's socket binds the relay port even in gateway mode. */
	want->relay_port = device->port;
	if (config->mode == CONFIG_RELAY) {
		want->mode = AMT_MODE_RELAY;
		return;
	}
	want->mode = AMT_MODE_GATEWAY;
	/* Another relay needs no other device: the firewall redirects it. */
	want->discovery = view->have.link.ifindex != 0 && device->record.ifindex != 0
				  ? view->have.discovery
				  : device->record.chosen;
}

/* The name of the first attribute that differs and cannot be changed, or NULL. */
static const char *difference(const struct amtlink *want, const struct amtlink *have)
{
	if (want->mode != have->mode)
		return "mode";
	if (want->lower != have->lower)
		return "link";
	if (!address_equal(&want->local, &have->local))
		return "local address";
	if (want->relay_port != have->relay_port)
		return "port";
	if (want->mode == AMT_MODE_RELAY)
		return want->max_tunnels > 0 && want->max_tunnels != have->max_tunnels
			       ? "max_tunnels"
			       : NULL;
	if (want->gateway_port != have->gateway_port)
		return "gateway port";
	if (!address_equal(&want->discovery, &have->discovery))
		return "relay";
	return NULL;
}

/* Forget what was done to an interface that is gone. True when its tunnel was redirected: the
 * firewall has to drop that before a new one is created. */
static bool forget_interface(struct device *device)
{
	struct record *record = &device->record;
	bool redirected = address_is_set(&record->redirect) || address_is_set(&device->previous);

	record->created = false;
	record->ifindex = 0;
	record->address = (struct address){ 0 };
	record->discovery = (struct address){ 0 };
	record->remote = (struct address){ 0 };
	record->redirect = (struct address){ 0 };
	record->n_sysctls = 0;
	device->ifindex = 0;
	device->relay = (struct address){ 0 };
	device->previous = (struct address){ 0 };
	return redirected;
}

static bool read_have(struct device *device, struct view *view)
{
	int r;

	view->have = (struct amtlink){ 0 };
	r = amtlink_get(view->netlink, device->config->name, &view->have);
	if (r == -EMEDIUMTYPE) {
		device_set_state(
			device, DEVICE_FAILED,
			"an interface of this name exists, but is not an amt device; use another Name=, or remove that interface");
		return false;
	}
	if (r < 0 && r != -ENODEV) {
		device_set_state(device, DEVICE_FAILED, "cannot be read: %s",
				 netlink_error_text(view->netlink));
		return false;
	}
	if (device->record.ifindex != 0 && device->record.ifindex != view->have.link.ifindex &&
	    forget_interface(device)) {
		device->dirty = true;
		return false;
	}
	return true;
}

static void explain_create(struct device *device, struct view *view, int error)
{
	if (error == -EOPNOTSUPP)
		device_set_state(
			device, DEVICE_FAILED,
			"the kernel has no amt driver (%s); it needs Linux 5.16 or later with CONFIG_AMT; as a module: modprobe amt",
			netlink_error_text(view->netlink));
	else
		device_set_state(device, DEVICE_FAILED, "cannot be created: %s",
				 netlink_error_text(view->netlink));
}

static bool create(struct device *device, struct view *view)
{
	const char *differs;
	int r;

	r = amtlink_create(view->netlink, &view->want);
	if (r < 0) {
		explain_create(device, view, r);
		return false;
	}
	if (!read_have(device, view))
		return false;
	differs = view->have.link.ifindex != 0 ? difference(&view->want, &view->have) : "existence";
	if (differs) {
		device_set_state(device, DEVICE_FAILED,
				 "the kernel created it with another %s than requested", differs);
		return false;
	}
	device->record.created = true;
	device->record.ifindex = device->made = view->have.link.ifindex;
	device->relay = (struct address){ 0 };
	return true;
}

/* Does the interface match? If not, recreate it, if it is amtd's. */
static bool ensure_link(struct device *device, struct view *view)
{
	const char *differs;
	int r;

	if (view->have.link.ifindex == 0)
		return create(device, view);

	differs = difference(&view->want, &view->have);
	if (!differs) {
		if (device->record.ifindex == 0) {
			device->record.ifindex = view->have.link.ifindex;
			log_info(device->config->name, "adopted: it was there already and matches");
		}
		return true;
	}
	if (!device->record.created) {
		device_set_state(
			device, DEVICE_FAILED,
			"it exists, created by another program with another %s; `ip link del %s` removes it",
			differs, device->config->name);
		return false;
	}
	log_notice(device->config->name,
		   "recreated: the %s changes, and the driver cannot change it", differs);
	view->leaving(device, view->userdata);
	r = link_delete(view->netlink, view->have.link.ifindex);
	if (r < 0 && r != -ENODEV) {
		device_set_state(device, DEVICE_FAILED, "cannot be deleted: %s",
				 netlink_error_text(view->netlink));
		return false;
	}
	if (forget_interface(device)) {
		device->dirty = true; /* created in the next round of the pass */
		return false;
	}
	if (view->want.mode == AMT_MODE_GATEWAY)
		view->want.discovery = device->record.chosen;
	return create(device, view);
}

/* The driver follows a change of the link's MTU for one of its devices only (amt_device_event()),
 * and never raises what the device was created with. */
static bool ensure_mtu(struct device *device, struct view *view)
{
	uint32_t want = view->want.link.mtu;

	if (want == 0 && view->want.mode == AMT_MODE_GATEWAY && view->lower.mtu > GATEWAY_OVERHEAD)
		want = view->lower.mtu - GATEWAY_OVERHEAD;
	if (want == 0 || want == view->have.link.mtu)
		return true;
	if (link_set_mtu(view->netlink, view->have.link.ifindex, want) == 0 ||
	    view->want.link.mtu == 0)
		return true;
	device_set_state(device, DEVICE_FAILED, "MTUBytes=%u: %s; %s carries %u", want,
			 netlink_error_text(view->netlink), device->config->link, view->lower.mtu);
	return false;
}

/* A gateway has the tunnel's local address as its own, so that rp_filter=2 lets data in. */
static bool ensure_address(struct device *device, struct view *view)
{
	const struct address local = view->want.local;
	int r;

	if (view->want.mode != AMT_MODE_GATEWAY)
		return true;
	r = inet_add_address(view->netlink, view->have.link.ifindex, &local);
	if (r < 0) {
		device_set_state(device, DEVICE_FAILED, "cannot set its address: %s",
				 netlink_error_text(view->netlink));
		return false;
	}
	device->record.address = view->want.local;
	return true;
}

/* The device's MLD messages use LEAVE_HOST, an address whose memberships a Linux relay lets be
 * left; the kernel would use its generated one. [Sysctl] may override it, and without IPv6 there is
 * nothing to do. */
static void prevent_linklocal(const struct device *device, const struct view *view)
{
	if (view->want.mode == AMT_MODE_GATEWAY && device->record.created &&
	    !(view->have.link.flags & IFF_UP) &&
	    !tuning_value(device->config, "ipv6.addr_gen_mode"))
		(void)sysctl_write(device->config->name, "ipv6.addr_gen_mode", "1");
}

static void ensure_linklocal(const struct device *device, const struct view *view)
{
	const struct address host = { AF_INET6, { .in6 = LEAVE_HOST } };
	char mode[SYSCTL_VALUE_MAX];
	int r;

	if (view->want.mode != AMT_MODE_GATEWAY || !device->record.created ||
	    sysctl_read(device->config->name, "ipv6.addr_gen_mode", mode) < 0 ||
	    strcmp(mode, "1") != 0)
		return;
	r = inet_add_address(view->netlink, view->have.link.ifindex, &host);
	if (r < 0)
		log_debug(device->config->name, "no link-local address: %s",
			  netlink_error_text(view->netlink));
}

/* The firewall has to follow: in the next round of the pass. */
static void set_port_busy(struct device *device, bool busy)
{
	device->dirty = device->dirty || device->port_busy != busy;
	device->port_busy = busy;
}

/* 0, -EADDRINUSE (another port is to be drawn), or another errno: see the state. */
static int ensure_up(struct device *device, struct view *view)
{
	int r;

	r = view->have.link.flags & IFF_UP
		    ? 0
		    : link_set_up(view->netlink, view->have.link.ifindex, true);
	if (r == 0) {
		set_port_busy(device, false);
		return 0;
	}
	if (r == -EADDRINUSE && device->config->port == 0 && view->want.mode == AMT_MODE_GATEWAY &&
	    device->record.created) {
		(void)link_delete(view->netlink, view->have.link.ifindex);
		forget_interface(device);
		return r;
	}
	set_port_busy(device, r == -EADDRINUSE);
	if (r == -EADDRINUSE)
		device_set_state(
			device, DEVICE_FAILED,
			"UDP port %u is in use on this host (`ss -ulpn sport = :%u` shows by whom); choose another Port=",
			device->port, device->port);
	else
		device_set_state(device, DEVICE_FAILED, "cannot be set up: %s",
				 netlink_error_text(view->netlink));
	return -EIO;
}

static void take_view(struct device *device, const struct view *view)
{
	device->ifindex = view->have.link.ifindex;
	device->lower = view->lower.ifindex;
	device->local = view->want.local;
	device->record.discovery = view->want.discovery;
	if (address_is_set(&view->have.remote))
		device->record.remote = view->have.remote;
	if (!address_is_set(&device->record.redirect))
		device->relay = device->record.remote;
}

static const char *without_queue(const struct device *device)
{
	return device->config->n_rewrites > 0 ? "[Rewrite] has no effect" : "Queries are not seen";
}

static void set_working_state(struct device *device, const struct view *view)
{
	char relay[ADDRESS_TEXT_MAX];

	if (view->want.mode == AMT_MODE_RELAY) {
		device_set_state(
			device, DEVICE_RUNNING, "UDP port %u on %s%s%s", device->port,
			device->config->link,
			device->queue_error ? "; memberships of its gateways are not seen: " : "",
			device->queue_error ?: "");
		return;
	}
	/* The driver forgets it when it sends no Query. */
	if (device->queue_error && address_is_set(&view->have.remote)) {
		device_set_state(device, DEVICE_CONNECTED,
				 "the driver accepted %s as relay; %s: %s",
				 address_format(&device->relay, relay), without_queue(device),
				 device->queue_error);
		return;
	}
	if (device->queue_error) {
		device_set_state(device, DEVICE_DISCOVERING, "probing relay %s through %s; %s: %s",
				 address_format(&device->record.chosen, relay),
				 device->config->link, without_queue(device), device->queue_error);
		return;
	}
	if (device->state != DEVICE_WAITING && device->state != DEVICE_FAILED)
		return; /* the state from Queries stays */
	device_set_state(device, DEVICE_DISCOVERING, "probing relay %s through %s",
			 address_format(&device->record.chosen, relay), device->config->link);
}

static void save_record(struct device *device)
{
	int r;

	device->record.keep = device->config->keep;
	device->record.port = device->port;
	r = record_save(device->config->name, &device->record);
	if (r < 0)
		log_warning(
			device->config->name,
			"cannot write the state file, changes cannot be undone after a restart of amtd: %s",
			strerror(-r));
}

/* No relay is chosen any more: the tunnel ends. Memberships of the interface survive. */
static void leave_relay(struct device *device, struct view *view)
{
	if (device->record.ifindex == 0 || !(view->have.link.flags & IFF_UP))
		return;
	view->leaving(device, view->userdata);
	if (link_set_up(view->netlink, view->have.link.ifindex, false) < 0)
		log_error(device->config->name, "cannot be set down: %s",
			  netlink_error_text(view->netlink));
	device->relay = (struct address){ 0 };
}

/* As far as possible; the record in memory has what is left. */
static int reconcile(struct device *device, struct view *view)
{
	int r;

	if (!read_have(device, view) || !find_lower(device, view))
		return 0;
	if (device->config->mode == CONFIG_GATEWAY && !address_is_set(&device->record.chosen)) {
		leave_relay(device, view);
		if (device->state == DEVICE_WAITING || device->state == DEVICE_FAILED)
			device_set_state(device, DEVICE_DISCOVERING, "looking for a relay");
		return 0;
	}
	if (!choose_local(device, view))
		return 0;
	fill_want(device, view);
	if (!ensure_link(device, view) || !ensure_mtu(device, view) ||
	    !ensure_address(device, view))
		return 0;
	(void)tuning_apply(device->config, &device->record);
	prevent_linklocal(device, view);
	take_view(device, view);
	r = ensure_up(device, view);
	if (r < 0)
		return r == -EADDRINUSE ? r : 0;
	ensure_linklocal(device, view);
	set_working_state(device, view);
	return 0;
}

int reconcile_device(struct device *device, struct netlink *netlink, reconcile_leaving leaving,
		     void *userdata)
{
	struct view view = { .netlink = netlink, .leaving = leaving, .userdata = userdata };
	int r;

	if (device->config->mode == CONFIG_PROXY) {
		device_set_state(device, DEVICE_RUNNING, "it has no tunnel");
		return 0;
	}
	r = reconcile(device, &view);
	save_record(device);
	return r;
}

int reconcile_remove(const char *name, struct record *record, struct netlink *netlink)
{
	const struct address address = record->address;
	struct amtlink have;
	int r;

	r = amtlink_get(netlink, name, &have);
	if (r == 0 && have.link.ifindex == record->ifindex) {
		if (record->created) {
			r = link_delete(netlink, have.link.ifindex);
			if (r == -ENODEV)
				r = 0;
		} else {
			tuning_restore(name, record);
			if (address_is_set(&address))
				r = inet_remove_address(netlink, have.link.ifindex, &address);
		}
	} else if (r == 0 || r == -ENODEV || r == -EMEDIUMTYPE) {
		r = 0; /* gone, or another program's */
	}
	if (r == 0)
		(void)record_remove(name);
	return r;
}
