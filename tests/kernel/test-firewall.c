/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/firewall.h"
#include "net.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BASE	 7000
#define PORT	 40000
#define RELAYING 2268 /* where the host's own relay device would listen */

static struct firewall_gateway gateways[] = {
	{ .port = PORT, .relay_port = 2268 },
	{ .port = PORT + 1, .relay_port = 2269, .strict = true },
	{ .port = PORT + 2, .relay_port = 2268 },
};
static uint16_t relay_devices[] = { RELAYING };
static struct address linux_relays[1];

static struct firewall_rules two_gateways(void)
{
	assert_int_equal(address_parse(NET_RELAY2, &linux_relays[0]), 0);
	return (struct firewall_rules){
		.gateways = gateways,
		.n_gateways = 2,
		.relay_devices = relay_devices,
		.n_relay_devices = 1,
		.linux_relays = linux_relays,
		.n_linux_relays = 1,
	};
}

static void commit(struct firewall *firewall, const struct firewall_rules *rules)
{
	char *words = NULL;
	int r = firewall_commit(firewall, rules, &words);

	if (r < 0)
		errx(1, "firewall_commit: %d: %s", r, words ? words : "no words");
}

static struct firewall *new_firewall(void)
{
	struct firewall *firewall;

	assert_int_equal(firewall_new(BASE, &firewall), 0);
	return firewall;
}

/* The kernel's ruleset, as nft prints it. */
static json_t *list_table(void)
{
	json_error_t error;
	json_t *root;
	FILE *f;

	f = popen("nft -j list table ip amtd", "re");
	if (!f)
		err(1, "nft");
	root = json_loadf(f, 0, &error);
	if (pclose(f) != 0 || !root)
		errx(1, "nft list: %s", error.text);
	return root;
}

static json_t *find_named(json_t *root, const char *type, const char *name)
{
	json_t *object, *body;
	size_t i;

	json_array_foreach (json_object_get(root, "nftables"), i, object) {
		body = json_object_get(object, type);
		if (body && strcmp(json_string_value(json_object_get(body, "name")), name) == 0)
			return body;
	}
	errx(1, "no %s %s in the table", type, name);
}

static void assert_elements(const char *type, const char *name, const char *wanted)
{
	json_t *root = list_table(), *expected = json_loads(wanted, 0, NULL), *seen;

	assert_non_null(expected);
	seen = json_object_get(find_named(root, type, name), "elem");
	if (!json_equal(seen, expected))
		errx(1, "%s: expected %s, saw %s", name, wanted,
		     seen ? json_dumps(seen, JSON_COMPACT) : "nothing");
	json_decref(expected);
	json_decref(root);
}

static long long table_handle(void)
{
	json_t *root = list_table();
	long long handle =
		json_integer_value(json_object_get(find_named(root, "table", "amtd"), "handle"));

	json_decref(root);
	return handle;
}

/* Does this kernel have nft_queue? Tested with nft, not with the code under test. */
static bool kernel_has_queue(void)
{
	return system("nft 'table ip probe { chain c { queue to 9; }; }' 2>/dev/null") == 0 &&
	       system("nft delete table ip probe") == 0;
}

static int setup(void **state)
{
	net_setup();
	return 0;
}

static void test_whole(void **state)
{
	struct firewall *firewall = new_firewall();
	struct firewall_rules rules = two_gateways();
	json_t *root, *chain;

	commit(firewall, &rules);
	assert_int_equal(firewall_has_queue(firewall), kernel_has_queue());
	assert_elements("map", "ports",
			"[[2268,{\"goto\":{\"target\":\"relay\"}}],"
			"[40000,{\"goto\":{\"target\":\"gateway\"}}],"
			"[40001,{\"goto\":{\"target\":\"gateway-strict\"}}]]");
	assert_elements("map", "relay_ports", "[[40000,2268],[40001,2269]]");
	assert_elements("set", "gateways", "[40000,40001]");
	assert_elements("set", "relay_devices", "[2268]");
	assert_elements("set", "linux_relays", "[\"10.1.0.3\"]");

	root = list_table();
	chain = find_named(root, "chain", "input");
	assert_int_equal(json_integer_value(json_object_get(chain, "prio")), -150);
	chain = find_named(root, "chain", "output");
	assert_int_equal(json_integer_value(json_object_get(chain, "prio")), -300);
	assert_string_equal(json_string_value(json_object_get(chain, "type")), "route");
	if (kernel_has_queue()) {
		chain = find_named(root, "chain", "asked");
		assert_int_equal(json_integer_value(json_object_get(chain, "prio")), -299);
	}
	json_decref(root);
	firewall_free(firewall);
}

static void test_difference(void **state)
{
	struct firewall *firewall = new_firewall(), *watcher = new_firewall();
	struct firewall_rules rules = two_gateways();
	struct firewall_gateway changed[] = {
		{ .port = PORT + 1, .relay_port = 2270 },
		{ .port = PORT + 2, .relay_port = 2268 },
	};
	long long handle;

	commit(firewall, &rules);
	handle = table_handle();
	(void)firewall_dispatch(watcher); /* the creation of the table */

	commit(firewall, &rules);
	assert_false(net_readable(firewall_fd(watcher), 0)); /* nothing was written */

	rules.gateways = changed;
	rules.n_linux_relays = 0;
	commit(firewall, &rules);
	assert_int_equal(table_handle(), handle);
	assert_int_equal(firewall_dispatch(watcher), FIREWALL_REMOVED);
	assert_elements("map", "ports",
			"[[2268,{\"goto\":{\"target\":\"relay\"}}],"
			"[40001,{\"goto\":{\"target\":\"gateway\"}}],"
			"[40002,{\"goto\":{\"target\":\"gateway\"}}]]");
	assert_elements("map", "relay_ports", "[[40001,2270],[40002,2268]]");

	/* Other chains: a new table. */
	rules.n_relay_devices = 0;
	commit(firewall, &rules);
	assert_true(table_handle() != handle);
	assert_elements("map", "ports",
			"[[40001,{\"goto\":{\"target\":\"gateway\"}}],"
			"[40002,{\"goto\":{\"target\":\"gateway\"}}]]");
	firewall_free(watcher);
	firewall_free(firewall);
}

/* A table of an earlier amtd is replaced, whatever it contains. */
static void test_takes_over(void **state)
{
	struct firewall *firewall = new_firewall();
	struct firewall_rules rules = two_gateways();

	net_shell("nft 'table ip amtd { map ports { type inet_service : verdict; "
		  "elements = { 9 : drop }; }; chain mine { }; }'");
	commit(firewall, &rules);
	assert_elements("map", "relay_ports", "[[40000,2268],[40001,2269]]");
	assert_int_not_equal(system("nft list chain ip amtd mine 2>/dev/null"), 0);
	firewall_free(firewall);
}

static void test_behind_its_back(void **state)
{
	static const char *const harms[] = {
		"nft flush ruleset",
		"nft delete table ip amtd",
		"nft flush chain ip amtd output",
		"nft 'delete element ip amtd ports { 40000 }'",
	};
	struct firewall *firewall = new_firewall();
	struct firewall_rules rules = two_gateways();
	size_t i;

	commit(firewall, &rules);
	for (i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
		net_shell(harms[i]);
		assert_true(net_readable(firewall_fd(firewall), 5000));
		assert_int_equal(firewall_dispatch(firewall), FIREWALL_REMOVED);
		commit(firewall, &rules);
		assert_elements("map", "relay_ports", "[[40000,2268],[40001,2269]]");
		/* The commit is no event of its own. */
		assert_int_equal(firewall_dispatch(firewall), 0);
		assert_false(net_readable(firewall_fd(firewall), 0));
	}

	net_shell("nft 'table inet other { chain c { }; }' && nft delete table inet other && "
		  "nft 'table ip6 amtd { chain c { }; }' && nft delete table ip6 amtd && "
		  "nft add rule ip amtd sent counter");
	assert_int_equal(firewall_dispatch(firewall), 0);

	/* The event is not read in time: a commit of differences finds no table. */
	net_shell("nft flush ruleset");
	rules.n_gateways = 3;
	commit(firewall, &rules);
	assert_elements("map", "relay_ports", "[[40000,2268],[40001,2269],[40002,2268]]");
	firewall_free(firewall);
}

/* More events than the socket holds: it is unknown whether any concerned the table. */
static void test_overrun(void **state)
{
	struct firewall *firewall = new_firewall();
	struct firewall_rules rules = two_gateways();
	int size = 1;

	commit(firewall, &rules);
	if (setsockopt(firewall_fd(firewall), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
		err(1, "SO_RCVBUF");
	net_shell("for i in 1 2 3 4 5 6 7 8; do nft add table inet other$i; done");
	assert_int_equal(firewall_dispatch(firewall), FIREWALL_LOST);
	assert_int_equal(firewall_dispatch(firewall), 0);
	net_shell("for i in 1 2 3 4 5 6 7 8; do nft add table inet more$i; done; "
		  "nft delete table ip amtd");
	assert_int_equal(firewall_dispatch(firewall), FIREWALL_LOST);
	commit(firewall, &rules);
	assert_elements("map", "relay_ports", "[[40000,2268],[40001,2269]]");

	net_shell("nft delete table ip amtd");
	assert_int_equal(firewall_dispatch(firewall), FIREWALL_REMOVED);
	firewall_free(firewall);
}

static void test_remove(void **state)
{
	struct firewall *firewall = new_firewall();
	struct firewall_rules rules = two_gateways();
	char *words = NULL;

	assert_int_equal(firewall_remove(firewall, &words), 0);
	commit(firewall, &rules);
	assert_int_equal(firewall_remove(firewall, &words), 0);
	assert_int_not_equal(system("nft list table ip amtd 2>/dev/null"), 0);
	assert_int_equal(firewall_dispatch(firewall), 0);
	commit(firewall, &rules);
	assert_elements("map", "relay_ports", "[[40000,2268],[40001,2269]]");
	firewall_free(firewall);
}

static void test_no_permission(void **state)
{
	struct firewall_rules rules = two_gateways();
	struct firewall *firewall = new_firewall();
	char *words = NULL;

	if (seteuid(65534) < 0)
		err(1, "seteuid");
	assert_int_equal(firewall_commit(firewall, &rules, &words), -EPERM);
	if (seteuid(0) < 0)
		err(1, "seteuid");
	assert_string_equal(words, "Operation not permitted");
	free(words);
	commit(firewall, &rules);
	firewall_free(firewall);
}

/* Packets sent, and expected to arrive, with no process on the queues. */
struct passage {
	const char *what;
	uint16_t port;
	uint8_t sent[2];
	int arrives; /* byte 1, or -1: nothing */
};

static const struct passage inward[] = {
	{ "Query", PORT, { 4, 0 }, 0 },
	{ "Query, G", PORT, { 4, 1 }, 0 },
	{ "Query, L", PORT, { 4, 2 }, 0 },
	{ "Query, L and G", PORT, { 4, 3 }, 0 },
	{ "Query, reserved bits", PORT, { 4, 4 }, 4 },
	{ "Query, G where the driver has it", PORT, { 4, 0x80 }, 0x80 },
	{ "Query of version 1", PORT, { 0x14, 1 }, 1 },
	{ "Query to a strict gateway", PORT + 1, { 4, 3 }, 0 },
	{ "Query to another port", PORT + 2, { 4, 3 }, 3 },
	{ "Query to a relay device", RELAYING, { 4, 1 }, 1 },
	{ "Advertisement", PORT, { 2, 0 }, 0 },
	{ "Advertisement, reserved bits", PORT, { 2, 1 }, 1 },
	{ "Advertisement to a strict gateway", PORT + 1, { 2, 0 }, -1 },
	{ "Data to a strict gateway", PORT + 1, { 6, 1 }, 1 },
	{ "Data", PORT, { 6, 2 }, 2 },
	{ "Request, P", RELAYING, { 3, 1 }, 0x80 },
	{ "Request, P where the driver has it", RELAYING, { 3, 0x80 }, 0x80 },
	{ "Request for IGMP", RELAYING, { 3, 0 }, 0 },
	{ "Request, reserved bits", RELAYING, { 3, 3 }, 3 },
	{ "Request to a gateway", PORT, { 3, 1 }, 1 },
	{ "Update to a relay device", RELAYING, { 5, 0 }, 0 },
	{ "Update, reserved bits", RELAYING, { 5, 1 }, 1 },
	{ "Teardown to a relay device", RELAYING, { 7, 0 }, 0 },
	{ "Data to a relay device", RELAYING, { 6, 0 }, 0 },
	{ "Update to a gateway", PORT, { 5, 1 }, 1 },
};

static void check_passage(const struct passage *passage, int to, int from_udp, int from_raw)
{
	static const uint8_t sentinel[] = { 0x47, 1, 2, 3 };
	uint8_t sent[44], seen[64];
	size_t i, n;
	int raw;

	memcpy(sent, passage->sent, 2);
	for (i = 2; i < sizeof(sent); i++)
		sent[i] = 0xa0 + i;
	for (raw = 0; raw < 2; raw++) {
		if (raw)
			net_send_raw(from_raw, NET_RELAY, 2268, NET_HOST, passage->port, sent,
				     sizeof(sent));
		else
			net_send(from_udp, NET_HOST, passage->port, sent, sizeof(sent));
		net_send(from_udp, NET_HOST, passage->port, sentinel, sizeof(sentinel));

		n = net_receive(to, seen, sizeof(seen), NULL);
		if (passage->arrives >= 0) {
			if (n != sizeof(sent) || seen[0] != sent[0] ||
			    seen[1] != passage->arrives || memcmp(seen + 2, sent + 2, n - 2) != 0)
				errx(1, "%s: sent %02x%02x, saw %02x%02x, %zu bytes", passage->what,
				     sent[0], sent[1], seen[0], seen[1], n);
			n = net_receive(to, seen, sizeof(seen), NULL);
		}
		if (n != sizeof(sentinel) || memcmp(seen, sentinel, n) != 0)
			errx(1, "%s: saw %02x%02x, %zu bytes, for the packet behind it",
			     passage->what, seen[0], seen[1], n);
	}
}

static void test_inward(void **state)
{
	struct firewall *firewall = new_firewall();
	struct firewall_rules rules = two_gateways();
	int from_udp = net_udp(RELAY, 2268), from_raw = net_raw(RELAY), to;
	size_t i;

	commit(firewall, &rules);
	firewall_free(firewall); /* the table stays */
	for (i = 0; i < sizeof(inward) / sizeof(inward[0]); i++) {
		to = net_udp(HOST, inward[i].port);
		check_passage(&inward[i], to, from_udp, from_raw);
		close(to);
	}
	close(from_raw);
	close(from_udp);
}

static void check_outward(const char *to, uint16_t from_port, uint8_t type, uint8_t flags,
			  int receiver, uint8_t wanted)
{
	uint8_t sent[8] = { type, flags, 3, 4, 5, 6, 7, 8 }, seen[64];
	int raw = net_raw(HOST);
	uint16_t port;
	size_t n;

	/* The driver's destination port equals its own local port. */
	net_send_raw(raw, NET_HOST, from_port, to, from_port, sent, sizeof(sent));
	n = net_receive(receiver, seen, sizeof(seen), &port);
	if (n != sizeof(sent) || seen[0] != type || seen[1] != wanted || port != from_port ||
	    memcmp(seen + 2, sent + 2, 6) != 0)
		errx(1, "type %u flags %#x to %s: saw type %u flags %#x, %zu bytes from port %u",
		     type, flags, to, seen[0], seen[1], n, port);
	close(raw);
}

static void test_outward(void **state)
{
	struct firewall *firewall = new_firewall();
	struct firewall_rules rules = two_gateways();
	int on_2268 = net_udp(RELAY, 2268), on_2269 = net_udp(RELAY, 2269);
	int on_9 = net_udp(RELAY, PORT + 2);

	commit(firewall, &rules);
	check_outward(NET_RELAY, PORT, 1, 0, on_2268, 0);
	check_outward(NET_RELAY, PORT, 3, 0, on_2268, 0);
	check_outward(NET_RELAY, PORT, 3, 0x80, on_2268, 0x01);
	check_outward(NET_RELAY2, PORT, 3, 0x80, on_2268, 0x80);
	check_outward(NET_RELAY, PORT + 1, 3, 0x80, on_2269, 0x01);
	check_outward(NET_RELAY, PORT + 1, 5, 0x80, on_2269, 0x80);
	check_outward(NET_RELAY, PORT + 1, 7, 0, on_2269, 0);
	check_outward(NET_RELAY, PORT + 2, 3, 0x80, on_9, 0x80); /* an unused port */
	check_outward(NET_RELAY, RELAYING, 4, 0, on_2268, 0);
	check_outward(NET_RELAY, RELAYING, 3, 0x80, on_2268, 0x80);

	/* A relay recognized as a Linux one, and one that no longer is. */
	rules.n_linux_relays = 0;
	commit(firewall, &rules);
	check_outward(NET_RELAY2, PORT, 3, 0x80, on_2268, 0x01);
	firewall_free(firewall);
	close(on_9);
	close(on_2269);
	close(on_2268);
}

/* A relay device alone needs no rule of gateways. */
static void test_relay_alone(void **state)
{
	struct firewall *firewall = new_firewall();
	struct firewall_rules rules = two_gateways();
	int on_2268 = net_udp(RELAY, 2268);

	rules.n_gateways = 0;
	commit(firewall, &rules);
	assert_elements("map", "ports", "[[2268,{\"goto\":{\"target\":\"relay\"}}]]");
	assert_elements("set", "relay_devices", "[2268]");
	check_outward(NET_RELAY, RELAYING, 4, 0, on_2268, 0);
	check_outward(NET_RELAY, RELAYING, 2, 0, on_2268, 0);
	close(on_2268);
	firewall_free(firewall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_whole, setup),
		cmocka_unit_test_setup(test_difference, setup),
		cmocka_unit_test_setup(test_takes_over, setup),
		cmocka_unit_test_setup(test_behind_its_back, setup),
		cmocka_unit_test_setup(test_overrun, setup),
		cmocka_unit_test_setup(test_remove, setup),
		cmocka_unit_test_setup(test_no_permission, setup),
		cmocka_unit_test_setup(test_inward, setup),
		cmocka_unit_test_setup(test_outward, setup),
		cmocka_unit_test_setup(test_relay_alone, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("firewall", tests, NULL, NULL);
}
