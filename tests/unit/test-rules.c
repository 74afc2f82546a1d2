/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices in, firewall rules out; and the ports that decide which device gets any. */
#include "addresses.h"
#include "amtd/core/rules.h"
#include "base/array.h"
#include "device/device.h"
#include "kernel/local-ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES_MAX 6

/* A device as a row of a table has it. */
struct row {
	const char *name; /* NULL ends the devices */
	enum config_mode mode;
	uint16_t port, relay_port;
	const char *redirect, *discovery, *remote, *previous, *linux_relay;
	bool strict, busy;
	uint32_t ttl;
	const char *upstream, *backup;
};

static struct address address_or_unset(const char *text)
{
	return text ? address_of(text) : (struct address){ 0 };
}

static struct device *make_device(const struct row *row)
{
	struct device *device = calloc(1, sizeof(*device));
	struct config *config = calloc(1, sizeof(*config));

	assert_non_null(device);
	assert_non_null(config);
	snprintf(config->name, sizeof(config->name), "%s", row->name);
	config->mode = row->mode;
	config->relay_port = row->relay_port;
	config->strict = row->strict;
	config->forward.ttl = row->ttl;
	if (row->upstream) {
		config->forward.upstreams = calloc(1, sizeof(*config->forward.upstreams));
		config->forward.n_upstreams = 1;
		strcpy(config->forward.upstreams[0].name, row->upstream);
	}
	if (row->backup)
		strcpy(config->forward.backup_upstream, row->backup);
	device->config = config;
	device->port = row->port;
	device->port_busy = row->busy;
	device->previous = address_or_unset(row->previous);
	device->record.redirect = address_or_unset(row->redirect);
	device->record.discovery = address_or_unset(row->discovery);
	device->record.remote = address_or_unset(row->remote);
	device->record.mld_linux = row->linux_relay;
	device->record.mld_relay = address_or_unset(row->linux_relay);
	return device;
}

/* The rules as text, a line each. */
static char *format_rules(const struct firewall_rules *rules)
{
	char a[ADDRESS_TEXT_MAX], b[ADDRESS_TEXT_MAX], c[ADDRESS_TEXT_MAX], *text = NULL;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	for (size_t i = 0; i < rules->n_gateways; i++)
		fprintf(f, "gateway %u -> %u%s\n", rules->gateways[i].port,
			rules->gateways[i].relay_port, rules->gateways[i].strict ? " strict" : "");
	for (size_t i = 0; i < rules->n_relay_devices; i++)
		fprintf(f, "relay %u\n", rules->relay_devices[i]);
	for (size_t i = 0; i < rules->n_redirects; i++)
		fprintf(f, "redirect %u %s discovery %s remote %s\n", rules->redirects[i].port,
			address_format(&rules->redirects[i].relay, a),
			address_format(&rules->redirects[i].discovery, b),
			address_format(&rules->redirects[i].remote, c));
	for (size_t i = 0; i < rules->n_previous_redirects; i++)
		fprintf(f, "previous %u %s as %s\n", rules->previous_redirects[i].port,
			address_format(&rules->previous_redirects[i].relay, a),
			address_format(&rules->previous_redirects[i].remote, b));
	for (size_t i = 0; i < rules->n_linux_relays; i++)
		fprintf(f, "linux %s\n", address_format(&rules->linux_relays[i], a));
	for (size_t i = 0; i < rules->n_ttls; i++)
		fprintf(f, "ttl %s %u\n", rules->ttls[i].interface, rules->ttls[i].ttl);
	fclose(f);
	return text;
}

static const struct {
	const char *what;
	struct row devices[DEVICES_MAX];
	const char *rules;
} table[] = {
	{ "nothing", { { NULL } }, "" },
	{ "a gateway, on its own port to the relay's",
	  { { "amt0", CONFIG_GATEWAY, 61000, 2268 } },
	  "gateway 61000 -> 2268\n" },
	{ "OnFailure=drop, RelayPort=",
	  { { "amt0", CONFIG_GATEWAY, 61000, 2300, .strict = true } },
	  "gateway 61000 -> 2300 strict\n" },
	{ "sorted by port, not by name; a relay beside",
	  { { "a", CONFIG_GATEWAY, 63000, 2268 },
	    { "b", CONFIG_RELAY, 2268 },
	    { "c", CONFIG_GATEWAY, 61000, 2268 } },
	  "gateway 61000 -> 2268\ngateway 63000 -> 2268\nrelay 2268\n" },
	{ "a device without a port has no rules, nor has a proxy",
	  { { "a", CONFIG_GATEWAY, 0, 2268 }, { "b", CONFIG_PROXY } },
	  "" },
	{ "two of one port: neither has rules, for neither may take the other's packets",
	  { { "a", CONFIG_GATEWAY, 5000, 2268 },
	    { "b", CONFIG_GATEWAY, 5000, 2268 },
	    { "c", CONFIG_GATEWAY, 5001, 2268 } },
	  "gateway 5001 -> 2268\n" },
	{ "redirected: discovery stands in for a remote that is not known",
	  { { "amt0", CONFIG_GATEWAY, 61000, 2268, .redirect = "192.0.2.2",
	      .discovery = "192.0.2.1" } },
	  "gateway 61000 -> 2268\n"
	  "redirect 61000 192.0.2.2 discovery 192.0.2.1 remote 192.0.2.1\n" },
	{ "redirected, with the driver's relay at another address than was asked",
	  { { "amt0", CONFIG_GATEWAY, 61000, 2268, .redirect = "192.0.2.2",
	      .discovery = "192.0.2.1", .remote = "192.0.2.9" } },
	  "gateway 61000 -> 2268\n"
	  "redirect 61000 192.0.2.2 discovery 192.0.2.1 remote 192.0.2.9\n" },
	{ "the previous relay is let in",
	  { { "amt0", CONFIG_GATEWAY, 61000, 2268, .redirect = "192.0.2.3",
	      .discovery = "192.0.2.1", .remote = "192.0.2.1", .previous = "192.0.2.2" } },
	  "gateway 61000 -> 2268\n"
	  "redirect 61000 192.0.2.3 discovery 192.0.2.1 remote 192.0.2.1\n"
	  "previous 61000 192.0.2.2 as 192.0.2.1\n" },
	{ "the driver's own relay is let in anyway, and so is the one in use",
	  { { "a", CONFIG_GATEWAY, 61000, 2268, .redirect = "192.0.2.2", .discovery = "192.0.2.1",
	      .previous = "192.0.2.1" },
	    { "b", CONFIG_GATEWAY, 61001, 2268, .redirect = "192.0.2.2", .discovery = "192.0.2.1",
	      .previous = "192.0.2.2" } },
	  "gateway 61000 -> 2268\ngateway 61001 -> 2268\n"
	  "redirect 61000 192.0.2.2 discovery 192.0.2.1 remote 192.0.2.1\n"
	  "redirect 61001 192.0.2.2 discovery 192.0.2.1 remote 192.0.2.1\n" },
	{ "Linux relays: once each, sorted",
	  { { "a", CONFIG_GATEWAY, 61000, 2268, .linux_relay = "192.0.2.7" },
	    { "b", CONFIG_GATEWAY, 61001, 2268, .linux_relay = "192.0.2.3" },
	    { "c", CONFIG_GATEWAY, 61002, 2268, .linux_relay = "192.0.2.7" } },
	  "gateway 61000 -> 2268\ngateway 61001 -> 2268\ngateway 61002 -> 2268\n"
	  "linux 192.0.2.3\nlinux 192.0.2.7\n" },
	{ "a port that another socket has",
	  { { "a", CONFIG_GATEWAY, 61000, 2268, .busy = true },
	    { "b", CONFIG_RELAY, 2268, .busy = true },
	    { "c", CONFIG_GATEWAY, 61001, 2268 } },
	  "gateway 61001 -> 2268\n" },
	{ "TTL=: of an upstream of several devices the highest; the backup, too",
	  { { "a", CONFIG_PROXY, .ttl = 5, .upstream = "eth1" },
	    { "b", CONFIG_PROXY, .ttl = 9, .upstream = "eth1", .backup = "eth0" },
	    { "c", CONFIG_PROXY, .upstream = "eth2" } },
	  "ttl eth0 9\nttl eth1 9\n" },
};

static void test_rules(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct device *devices[DEVICES_MAX];
		struct firewall_rules rules;
		struct ports *ports;
		size_t n = 0;
		char *text;

		assert_int_equal(ports_new(&ports), 0);
		for (; n < DEVICES_MAX && table[i].devices[n].name; n++) {
			devices[n] = make_device(&table[i].devices[n]);
			assert_int_equal(ports_claim(ports, devices[n]), 0);
		}
		assert_int_equal(rules_build(ports, devices, n, &rules), 0);
		text = format_rules(&rules);
		if (strcmp(text, table[i].rules) != 0)
			fail_msg("%s: expected\n%s, got\n%s", table[i].what, table[i].rules, text);
		free(text);
		rules_clear(&rules);
		while (n > 0) {
			ports_release(ports, devices[--n]);
			device_free(devices[n]);
		}
		ports_free(ports);
	}
}

static void test_ports(void **state)
{
	const struct row rows[] = {
		{ "a", CONFIG_GATEWAY, 5000 },
		{ "b", CONFIG_GATEWAY, 5000 },
	};
	struct device *a = make_device(&rows[0]), *b = make_device(&rows[1]);
	struct ports *ports;

	assert_int_equal(ports_new(&ports), 0);
	assert_null(ports_device(ports, 5000));
	assert_int_equal(ports_claim(ports, a), 0);
	assert_ptr_equal(ports_device(ports, 5000), a);
	assert_false(ports_taken(ports, a, 5000));
	assert_true(ports_taken(ports, b, 5000));
	assert_int_equal(ports_claim(ports, b), 0);
	assert_true(ports_taken(ports, a, 5000));

	/* Another port gives the old one back. */
	b->port = 5001;
	assert_int_equal(ports_claim(ports, b), 0);
	assert_false(ports_taken(ports, a, 5000));
	assert_ptr_equal(ports_device(ports, 5001), b);
	b->port = 0;
	assert_int_equal(ports_claim(ports, b), 0);
	assert_null(ports_device(ports, 5001));
	ports_release(ports, a);
	ports_release(ports, a);
	assert_null(ports_device(ports, 5000));
	ports_free(ports);
	device_free(a);
	device_free(b);
}

static uint16_t bound; /* by a socket, in these tests */

static bool is_bound(uint16_t port)
{
	return port == bound;
}

/* 256 ports outside of the ephemeral ones are room enough; the last of them, and those that
 * devices have, are not. */
static void test_room(void **state)
{
	static const struct row row = { "amt0", CONFIG_GATEWAY, 40000 };
	struct device *device = make_device(&row);
	struct local_ports local;
	struct ports *ports;
	bool ephemeral = false;

	assert_int_equal(ports_new(&ports), 0);
	local_ports_fill(&local, "1024 65279", NULL, NULL);
	assert_true(ports_have_room(ports, &local));
	bound = 65280;
	for (int i = 0; i < 2000; i++)
		assert_in_range(ports_draw(ports, &local, is_bound), 65281, 65535);
	assert_int_equal(ports_claim(ports, device), 0);
	assert_false(ports_have_room(ports, &local));
	for (int i = 0; i < 2000; i++)
		ephemeral |= ports_draw(ports, &local, is_bound) < 65280;
	assert_true(ephemeral);
	ports_release(ports, device);
	device_free(device);
	ports_free(ports);
}

/* Each gateway gets one of its own, all of them are drawn in the end, and no other. */
static void test_draw(void **state)
{
	static const struct row row = { "amt", CONFIG_GATEWAY };
	struct device *devices[600] = { 0 };
	struct local_ports local;
	struct ports *ports;
	size_t n = 0;

	assert_int_equal(ports_new(&ports), 0);
	local_ports_fill(&local, "1024 65535", "1024-65000,65010", NULL);
	bound = 65011;
	for (; n < ARRAY_SIZE(devices); n++) {
		uint16_t port = ports_draw(ports, &local, is_bound);

		if (port == 0)
			break;
		assert_in_range(port, 65001, 65535);
		assert_int_not_equal(port, 65010);
		assert_int_not_equal(port, bound);
		assert_null(ports_device(ports, port));
		devices[n] = make_device(&row);
		devices[n]->port = port;
		assert_int_equal(ports_claim(ports, devices[n]), 0);
	}
	assert_int_equal(n, 533);
	while (n > 0) {
		ports_release(ports, devices[--n]);
		device_free(devices[n]);
	}
	ports_free(ports);
}

/* The port of a gateway that went is known by its name, of the latest 256; not one of a user's. */
static void test_remember(void **state)
{
	struct row row = { "amt0", CONFIG_GATEWAY, 40000 };
	struct ports *ports;

	assert_int_equal(ports_new(&ports), 0);
	assert_int_equal(ports_remembered(ports, "amt0"), 0);
	for (unsigned int i = 0; i < 1000; i++) {
		char name[IFNAMSIZ];
		struct device *device;

		snprintf(name, sizeof(name), "amt%u", i % 500);
		row.name = name;
		row.port = 40000 + i;
		device = make_device(&row);
		ports_remember(ports, device);
		assert_int_equal(ports_remembered(ports, name), row.port);
		device->config->mode = i % 2 ? CONFIG_RELAY : CONFIG_GATEWAY;
		device->config->port = i % 2 ? 0 : device->port + 1;
		device->port++;
		ports_remember(ports, device);
		assert_int_equal(ports_remembered(ports, name), row.port);
		device_free(device);
	}
	assert_int_equal(ports_remembered(ports, "amt244"), 40744);
	assert_int_equal(ports_remembered(ports, "amt499"), 40999);
	assert_int_equal(ports_remembered(ports, "amt243"), 0);
	ports_free(ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),	 cmocka_unit_test(test_ports),
		cmocka_unit_test(test_room),	 cmocka_unit_test(test_draw),
		cmocka_unit_test(test_remember),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
