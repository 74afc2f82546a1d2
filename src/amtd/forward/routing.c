/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/routing.h"

#include "amtd/core/keep.h"
#include "amtd/forward/vifs.h"
#include "base/array.h"
#include "base/log.h"
#include "kernel/error-text.h"
#include "kernel/mrule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Packets without a route that are handled before other events get their turn. */
#define UPCALLS_AT_ONCE 256

static void on_upcall(enum mroute_upcall upcall, int ifindex, const struct address *source,
		      const struct address *group, void *userdata)
{
	struct routing *routing = userdata;

	if (ifindex != 0)
		routing->missing(routing, upcall, ifindex, source, group);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct mroute *mroute = userdata;
	int r;

	r = mroute_dispatch(mroute, UPCALLS_AT_ONCE);
	if (r < 0)
		log_error(NULL, "cannot read the multicast routing socket: %s", strerror(-r));
	return 0;
}

static void on_vifs(const int interfaces[static MROUTE_INTERFACES], void *userdata)
{
	const struct routing_family *family = userdata;
	int r;

	r = vifs_save(family->name, interfaces);
	if (r < 0)
		log_warning(family->name,
			    "cannot write its interfaces: %s; a restart of amtd interrupts streams",
			    strerror(-r));
}

/* A previous amtd's table, with its routes. */
static int adopt_table(struct routing *routing, enum family family)
{
	struct keep *keep = routing->forwarding->manager->keep;
	const char *name = routing->families[family].name;
	int interfaces[MROUTE_INTERFACES], fd, r;

	fd = keep_take(keep, name);
	if (fd < 0)
		return fd;
	r = vifs_load(name, interfaces);
	if (r == 0) {
		r = mroute_adopt(family_to_af(family), fd, interfaces, on_upcall, routing,
				 &routing->mroutes[family]);
		routing->families[family].adopted = r == 0;
		return r;
	}
	log_warning(name, "cannot read its interfaces: %s; routes are made anew", strerror(-r));
	r = mroute_adopt(family_to_af(family), fd, (int[MROUTE_INTERFACES]){ 0 }, on_upcall,
			 routing, &routing->mroutes[family]);
	if (r == 0) {
		mroute_flush(routing->mroutes[family]);
		mroute_close(routing->mroutes[family]);
		routing->mroutes[family] = NULL;
	}
	keep_forget(keep, name);
	return -ENOENT;
}

static int open_table(struct routing *routing, enum family family)
{
	struct routing_family *state = &routing->families[family];
	struct mroute **mroute = &routing->mroutes[family];
	int r;

	state->routing = routing;
	snprintf(state->name, sizeof(state->name), KEEP_OTHERS "%d-%u",
		 family == FAMILY_IPV6 ? 6 : 4, routing->table);
	r = adopt_table(routing, family);
	if (r == -ENOENT) {
		r = mroute_open(family_to_af(family), routing->table, on_upcall, routing, mroute);
		if (r == 0 && vifs_save(state->name, mroute_interfaces(*mroute)) == 0)
			keep_store(routing->forwarding->manager->keep, state->name,
				   mroute_fd(*mroute));
	}
	if (r == 0)
		mroute_record(*mroute, on_vifs, state);
	return r;
}

static void open_family(struct routing *routing, enum family family)
{
	char *error = routing->errors[family];
	size_t size = sizeof(routing->errors[family]);
	int r;

	r = open_table(routing, family);
	if (r < 0) {
		snprintf(error, size, "%s", mroute_error_text(r, family_to_af(family)));
		return;
	}
	r = sd_event_add_io(routing->forwarding->manager->event, &routing->sources[family],
			    mroute_fd(routing->mroutes[family]), EPOLLIN, on_readable,
			    routing->mroutes[family]);
	if (r < 0) {
		mroute_close(routing->mroutes[family]);
		routing->mroutes[family] = NULL;
		snprintf(error, size, "event loop: %s", strerror(-r));
		return;
	}
	error[0] = '\0';
}

/* NULL: not in use. */
static struct routing_interface *find_interface(struct routing *routing, int ifindex)
{
	for (size_t i = 0; i < routing->n_interfaces; i++)
		if (routing->interfaces[i].ifindex == ifindex)
			return &routing->interfaces[i];
	return NULL;
}

/* A table other than the main one needs a rule for each interface. */
static int add_rule(struct routing *routing, enum family family, const char *name)
{
	return routing->table == 0 || routing->quiet
		       ? 0
		       : mrule_add(routing->forwarding->manager->netlink, family_to_af(family),
				   name, routing->table);
}

static int add_interface(struct routing *routing, enum family family,
			 const struct routing_interface *interface)
{
	int r;

	r = mroute_add_interface(routing->mroutes[family], interface->ifindex);
	return r < 0 ? r : add_rule(routing, family, interface->name);
}

/* Routes missed while another program had the table are requested by the kernel, packet by
 * packet. */
void routing_retry(struct routing *routing)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		if (routing->mroutes[family])
			continue;
		open_family(routing, family);
		if (!routing->mroutes[family])
			continue;
		log_notice(NULL, "%s multicast routing available again",
			   family == FAMILY_IPV6 ? "IPv6" : "IPv4");
		for (size_t i = 0; i < routing->n_interfaces; i++) {
			const struct routing_interface *interface = &routing->interfaces[i];
			int r = add_interface(routing, family, interface);

			if (r < 0 && r != -EADDRNOTAVAIL)
				log_error(interface->name, "%s",
					  mroute_error_text(r, family_to_af(family)));
		}
	}
}

void routing_drop_interfaces(struct routing *routing)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		const int *interfaces;

		if (!routing->mroutes[family] || !routing->families[family].adopted)
			continue;
		interfaces = mroute_interfaces(routing->mroutes[family]);
		for (int i = 0; i < MROUTE_INTERFACES; i++)
			if (interfaces[i] != 0 && !find_interface(routing, interfaces[i]))
				(void)mroute_remove_interface(routing->mroutes[family],
							      interfaces[i]);
		routing->families[family].adopted = false;
	}
}

void routing_set_quiet(struct routing *routing, bool quiet)
{
	routing->quiet = quiet;
	for (int family = 0; family < _FAMILY_MAX && !quiet; family++)
		for (size_t i = 0; i < routing->n_interfaces && routing->mroutes[family]; i++)
			(void)add_rule(routing, family, routing->interfaces[i].name);
}

int routing_add(struct routing *routing, const char *name, int ifindex,
		int results[static _FAMILY_MAX])
{
	struct routing_interface *interface = find_interface(routing, ifindex);
	if (!interface) {
		if (!GROW(routing->interfaces, routing->n_interfaces, routing->interfaces_size))
			return -ENOMEM;
		interface = &routing->interfaces[routing->n_interfaces++];
		*interface = (struct routing_interface){ .ifindex = ifindex };
		snprintf(interface->name, sizeof(interface->name), "%s", name);
	}
	interface->users++;
	for (int family = 0; family < _FAMILY_MAX; family++) {
		if (!routing->mroutes[family]) {
			results[family] = -EADDRINUSE;
			continue;
		}
		results[family] = add_interface(routing, family, interface);
	}
	return 0;
}

void routing_remove(struct routing *routing, int ifindex)
{
	struct routing_interface *interface = find_interface(routing, ifindex);
	const struct keep *keep = routing->forwarding->manager->keep;

	if (!interface || --interface->users > 0)
		return;
	for (int family = 0; family < _FAMILY_MAX; family++) {
		if (!routing->mroutes[family])
			continue;
		/* The rule first: packets go to the table that is next. */
		if (routing->table != 0 && !keep_hands_over(keep))
			(void)mrule_remove(routing->forwarding->manager->netlink,
					   family_to_af(family), interface->name, routing->table);
		if (!keep_is_released(keep)) /* else it goes with the last socket */
			(void)mroute_remove_interface(routing->mroutes[family], ifindex);
	}
	*interface = routing->interfaces[--routing->n_interfaces];
}

static bool keep_rule(sa_family_t family, const char *device, uint32_t table, void *userdata)
{
	const struct forwarding *forwarding = userdata;

	for (const struct routing *routing = forwarding->routings; routing; routing = routing->next)
		for (size_t i = 0; routing->table == table && i < routing->n_interfaces; i++)
			if (strcmp(routing->interfaces[i].name, device) == 0)
				return true;
	return false;
}

void routing_clean(struct forwarding *forwarding)
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		int r = mrule_clean(forwarding->manager->netlink, family_to_af(family), keep_rule,
				    forwarding);

		if (r < 0)
			log_debug(NULL, "cannot clean up rules of a previous amtd: %s",
				  strerror(-r));
	}
}

int routing_get(struct forwarding *forwarding, uint32_t table, routing_missing missing,
		struct routing **ret)
{
	struct routing *routing;

	for (routing = forwarding->routings; routing; routing = routing->next)
		if (routing->table == table) {
			routing->users++;
			*ret = routing;
			return 0;
		}
	routing = calloc(1, sizeof(*routing));
	if (!routing)
		return -ENOMEM;
	routing->forwarding = forwarding;
	routing->table = table;
	routing->missing = missing;
	routing->users = 1;
	routing->next = forwarding->routings;
	forwarding->routings = routing;
	for (int family = 0; family < _FAMILY_MAX; family++)
		open_family(routing, family);
	*ret = routing;
	return 0;
}

static void close_table(struct routing *routing, enum family family)
{
	struct keep *keep = routing->forwarding->manager->keep;
	struct mroute *mroute = routing->mroutes[family];

	/* The service manager's copy must not keep the table. */
	if (mroute && !keep_is_released(keep)) {
		mroute_flush(mroute);
		keep_forget(keep, routing->families[family].name);
		vifs_remove(routing->families[family].name);
	}
	mroute_close(mroute);
}

void routing_put(struct routing *routing)
{
	struct routing **link;

	if (!routing || --routing->users > 0)
		return;
	for (link = &routing->forwarding->routings; *link != routing; link = &(*link)->next)
		;
	*link = routing->next;
	for (int family = 0; family < _FAMILY_MAX; family++) {
		sd_event_source_disable_unref(routing->sources[family]);
		close_table(routing, family);
	}
	free(routing->interfaces);
	free(routing);
}
