/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses in the text of the nftables table. What the kernel makes of it, tests/kernel shows. */
#include "addresses.h"
#include "base/array.h"
#include "kernel/firewall-rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void assert_has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no '%s' in:\n%s", line, text);
}

/* A gateway whose tunnel leads to 192.0.2.1, and led to 192.0.2.4, of which the driver expects
 * what is given. free() the text. */
static char *build(struct address discovery, struct address remote)
{
	struct firewall_gateway gateway = { .port = 61000, .relay_port = 2268 };
	struct firewall_redirect redirect = { 61000, address_of("192.0.2.1"), discovery, remote };
	struct firewall_redirect previous = { 61000, address_of("192.0.2.4"), discovery, remote };
	struct address linux_relay = address_of("192.0.2.5");
	const struct firewall_rules rules = {
		.gateways = &gateway,
		.n_gateways = 1,
		.redirects = &redirect,
		.n_redirects = 1,
		.previous_redirects = &previous,
		.n_previous_redirects = 1,
		.linux_relays = &linux_relay,
		.n_linux_relays = 1,
	};
	char *text = NULL;

	assert_int_equal(firewall_rules_replace(&rules, 0, true, false, &text), 0);
	assert_has(text, "add element ip amtd redirects { 61000 : 192.0.2.1 }\n");
	assert_has(text, "add element ip amtd linux_relays { 192.0.2.5 }\n");
	return text;
}

static void test_redirects(void **state)
{
	char *text = build(address_of("192.0.2.2"), address_of("192.0.2.3"));

	assert_has(text, "add element ip amtd discoveries { 192.0.2.1 . 61000 : 192.0.2.2 }\n");
	assert_has(text, "add element ip amtd remotes { 192.0.2.1 . 61000 : 192.0.2.3 }\n");
	assert_has(text, "add element ip amtd remotes { 192.0.2.4 . 61000 : 192.0.2.3 }\n");
	free(text);
}

/* What is forwarded is not amtd's: no rule at a hook that sees it. */
static void test_hooks(void **state)
{
	uint16_t relay_device = 2268;
	struct firewall_gateway gateway = { .port = 61000, .relay_port = 2268 };
	struct firewall_redirect redirect = { 61000, address_of("192.0.2.1"),
					      address_of("192.0.2.2"), address_of("192.0.2.2") };
	const struct firewall_rules rules = {
		.gateways = &gateway,
		.n_gateways = 1,
		.redirects = &redirect,
		.n_redirects = 1,
		.relay_devices = &relay_device,
		.n_relay_devices = 1,
	};
	char *text = NULL;
	size_t n = 0;

	assert_int_equal(firewall_rules_replace(&rules, 0, true, false, &text), 0);
	for (const char *at = text; (at = strstr(at, " hook ")); n++) {
		at += strlen(" hook ");
		assert_true(strncmp(at, "input ", 6) == 0 || strncmp(at, "output ", 7) == 0);
	}
	assert_true(n >= 3);
	free(text);
}

/* A device that could not be set up has a redirect before amtd knows what its driver expects. */
static void test_unknown(void **state)
{
	char *text = build((struct address){ 0 }, (struct address){ 0 });

	assert_has(text, "add element ip amtd discoveries { 192.0.2.1 . 61000 : 0.0.0.0 }\n");
	assert_has(text, "add element ip amtd remotes { 192.0.2.1 . 61000 : 0.0.0.0 }\n");
	assert_has(text, "add element ip amtd remotes { 192.0.2.4 . 61000 : 0.0.0.0 }\n");
	free(text);
}

/* The table is one of IPv4: an IPv6 address in any place is refused, with or without a table that
 * is there already. */
static void test_ipv6(void **state)
{
	static const struct firewall_rules none;
	struct firewall_redirect redirect = {
		.port = 61000,
		.relay = address_of("192.0.2.1"),
		.discovery = address_of("192.0.2.2"),
		.remote = address_of("192.0.2.3"),
	};
	struct address linux_relay = address_of("192.0.2.5");
	struct address *const places[] = { &redirect.relay, &redirect.discovery, &redirect.remote,
					   &linux_relay };
	struct firewall_rules all[] = {
		{ .redirects = &redirect, .n_redirects = 1 },
		{ .previous_redirects = &redirect, .n_previous_redirects = 1 },
		{ .linux_relays = &linux_relay, .n_linux_relays = 1 },
	};
	char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct address ipv4 = *places[i];

		*places[i] = address_of("2001:db8::1");
		for (size_t j = 0; j < ARRAY_SIZE(all); j++) {
			if ((places[i] == &linux_relay) != (all[j].n_linux_relays > 0))
				continue;
			assert_int_equal(firewall_rules_replace(&all[j], 0, true, false, &text),
					 -EAFNOSUPPORT);
			assert_int_equal(firewall_rules_difference(&none, &all[j], &text),
					 -EAFNOSUPPORT);
			assert_null(text);
		}
		*places[i] = ipv4;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
