/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each byte, at each place of a name, in nft's text and in paths of sysctls. What nft makes of the
 * names, tests/kernel shows. */
#include "../names.h"
#include "kernel/firewall-rules.h"
#include "kernel/nft-name.h"
#include "kernel/sysctl.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ASCII that is seen, without what ends a string, matches more, or escapes. */
static bool is_plain(const char *name)
{
	const char plain[] = "!#$%&'()+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`"
			     "abcdefghijklmnopqrstuvwxyz{|}~";

	return *name != '\0' && strspn(name, plain) == strlen(name);
}

static char *table_for(const char *name)
{
	struct firewall_ttl ttl = { .ttl = 64 };
	const struct firewall_rules rules = { .ttls = &ttl, .n_ttls = 1 };
	char *text = NULL;

	strcpy(ttl.interface, name);
	assert_int_equal(firewall_rules_replace(&rules, 0, true, false, &text), 0);
	return text;
}

/* The table without the lines that name an interface; the number of those is counted. */
static char *without_rules(char *table, size_t *ret_n)
{
	char *from = table, *to = table, *end;

	*ret_n = 0;
	for (; *from; from = end) {
		end = strchr(from, '\n') + 1;
		if (strncmp(from, "\t\tiifname \"", 11) == 0) {
			(*ret_n)++;
			continue;
		}
		memmove(to, from, (size_t)(end - from));
		to += end - from;
	}
	*to = '\0';
	return table;
}

static void test_bytes(void **state)
{
	size_t n;
	char *frame = without_rules(table_for("eth0"), &n);

	assert_int_equal(n, 2); /* IPv4 and IPv6 */
	for (int byte = 1; byte < 256; byte++)
		for (int place = 0; place < NAME_PLACES; place++) {
			char name[IFNAMSIZ], rule[64], *table;

			name_with(name, byte, place);
			if (nft_name_valid(name) != is_plain(name))
				fail_msg("byte 0x%02x at place %d: valid is %d", byte, place,
					 nft_name_valid(name));
			table = table_for(name);
			snprintf(rule, sizeof(rule), "\t\tiifname \"%s\" ip daddr ", name);
			assert_true(!strstr(table, rule) == !is_plain(name));
			assert_string_equal(without_rules(table, &n), frame);
			assert_int_equal(n, is_plain(name) ? 2 : 0);
			free(table);
		}
	free(frame);
}

static void test_lengths(void **state)
{
	assert_false(nft_name_valid(""));
	assert_true(nft_name_valid("123456789012345"));
	assert_false(nft_name_valid("1234567890123456"));
}

/* No path leaves the directory of the interface, whatever its name. */
static void test_sysctl_paths(void **state)
{
	static const char *const names[] = { "",	  ".",	     "..",
					     "all",	  "default", "../../kernel",
					     "lo/../all", "a b" };
	char value[SYSCTL_VALUE_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(sysctl_read(names[i], "ipv4.forwarding", value), -EINVAL);
		assert_int_equal(sysctl_write(names[i], "ipv4.forwarding", "0"), -EINVAL);
	}
	assert_int_equal(sysctl_read("lo", "ipv4.forwarding", value), 0);
	assert_int_equal(sysctl_read("no.such", "ipv4.forwarding", value), -ENOENT);
	for (int byte = 1; byte < 256; byte++)
		for (int place = 0; place < NAME_PLACES; place++) {
			char name[IFNAMSIZ];
			int r;

			name_with(name, byte, place);
			r = sysctl_read(name, "ipv4.forwarding", value);
			if (r != -ENOENT && r != -EINVAL)
				fail_msg("byte 0x%02x at place %d: %d", byte, place, r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_sysctl_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
