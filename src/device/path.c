/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/path.h"

#include "base/array.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What texts are made of. */
struct words {
	const struct path *path;
	char relay[ADDRESS_TEXT_MAX], local[ADDRESS_TEXT_MAX];
	char *text;
	size_t size;
};

static bool is_down(const struct path *path)
{
	return !path->up;
}

static void explain_down(const struct words *words)
{
	snprintf(words->text, words->size, "interface %s (Link=) is down; `ip link set %s up`",
		 words->path->link, words->path->link);
}

static bool lacks_local(const struct path *path)
{
	return path->local.family == AF_INET && !path->has_local;
}

static void explain_local(const struct words *words)
{
	snprintf(words->text, words->size,
		 "this host has no address %s (Local=) yet; `ip address` shows those it has",
		 words->local);
}

static bool lacks_address(const struct path *path)
{
	return !path->has_address;
}

static void explain_address(const struct words *words)
{
	snprintf(words->text, words->size,
		 "interface %s (Link=) has no IPv4 address yet; DHCP or `ip address add` gives one",
		 words->path->link);
}

static bool is_to_itself(const struct path *path)
{
	return path->relay_is_here;
}

static void explain_itself(const struct words *words)
{
	snprintf(words->text, words->size,
		 "the relay %s is an address of this host, which needs no tunnel; change Address=",
		 words->relay);
}

/* Of the types of a route these are the errors (net/ipv4/fib_semantics.c, fib_props). */
static bool is_forbidden(const struct path *path)
{
	return path->route_error == -EACCES || path->route_error == -EHOSTUNREACH ||
	       path->route_error == -EINVAL;
}

static void explain_forbidden(const struct words *words)
{
	snprintf(
		words->text, words->size,
		"a route of this host forbids packets to %s (%s): `ip route get %s`; remove it, or add a better one",
		words->relay, strerror(-words->path->route_error), words->relay);
}

static bool lacks_route(const struct path *path)
{
	return path->route_error < 0;
}

static void explain_route(const struct words *words)
{
	snprintf(words->text, words->size,
		 "this host has no route to %s yet; add one through %s (Link=)", words->relay,
		 words->path->link);
}

static bool leads_elsewhere(const struct path *path)
{
	return strcmp(path->via, path->link) != 0;
}

static void explain_elsewhere(const struct words *words)
{
	snprintf(
		words->text, words->size,
		"the route to %s leads through %s, not %s; change Link=, or add a route through %s",
		words->relay, words->path->via, words->path->link, words->path->link);
}

static bool is_other_source(const struct path *path)
{
	return path->local.family == AF_INET;
}

static void explain_source(const struct words *words)
{
	snprintf(words->text, words->size,
		 "no route from %s (Local=) to %s through %s: %s; `ip route get %s from %s oif %s`",
		 words->local, words->relay, words->path->link, strerror(-words->path->error),
		 words->relay, words->local, words->path->link);
}

static bool always(const struct path *path)
{
	return true;
}

static void explain_other(const struct words *words)
{
	if (words->path->relay.family != AF_INET) {
		snprintf(words->text, words->size, "interface %s (Link=): its address: %s",
			 words->path->link, strerror(-words->path->error));
		return;
	}
	snprintf(words->text, words->size,
		 "no route to %s through %s: %s; `ip route get %s oif %s`", words->relay,
		 words->path->link, strerror(-words->path->error), words->relay, words->path->link);
}

/* In the order in which a packet needs them. */
static const struct condition {
	bool (*holds)(const struct path *path);
	void (*explain)(const struct words *words);
	bool gateway; /* needs a relay to go to */
} conditions[] = {
	{ is_down, explain_down },
	{ lacks_local, explain_local },
	{ lacks_address, explain_address },
	{ is_to_itself, explain_itself, .gateway = true },
	{ is_forbidden, explain_forbidden, .gateway = true },
	{ lacks_route, explain_route, .gateway = true },
	{ leads_elsewhere, explain_elsewhere, .gateway = true },
	{ is_other_source, explain_source, .gateway = true },
	{ always, explain_other },
};

void path_explain(const struct path *path, char *ret, size_t size)
{
	struct words words = { .path = path, .text = ret, .size = size };

	address_format(&path->relay, words.relay);
	address_format(&path->local, words.local);
	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		if ((conditions[i].gateway && path->relay.family != AF_INET) ||
		    !conditions[i].holds(path))
			continue;
		conditions[i].explain(&words);
		return;
	}
}
