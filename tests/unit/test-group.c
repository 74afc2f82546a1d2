/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "base/group.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* RFC 5771, 4 (Local Network Control Block); RFC 4291, 2.7 (scopes); RFC 4607, 1; RFC 2365 and 7346
 * (local scopes). */
static const struct {
	const char *text;
	bool valid, routable, source_specific, local;
} groups[] = {
	{ "223.255.255.255", false, false, false },
	{ "224.0.0.0", true, false, false },
	{ "224.0.0.255", true, false, false },
	{ "224.0.1.0", true, true, false },
	{ "231.255.255.255", true, true, false },
	{ "232.0.0.0", true, true, true },
	{ "232.255.255.255", true, true, true },
	{ "233.0.0.0", true, true, false },
	{ "239.254.255.255", true, true, false },
	{ "239.255.0.0", true, true, false, true },
	{ "239.255.255.255", true, true, false, true },
	{ "240.0.0.0", false, false, false },
	{ "0.0.0.0", false, false, false },
	{ "::", false, false, false },
	{ "fe80::1", false, false, false },
	{ "ff00::1", true, false, false },
	{ "ff30::1", true, false, true },
	{ "ff01::1", true, false, false },
	{ "ff02::1", true, false, false },
	{ "ff32::1", true, false, true },
	{ "ff12::1", true, false, false },
	{ "ff03::1", true, true, false, true },
	{ "ff33::8000:1", true, true, true, true },
	{ "ff0e::1", true, true, false },
	{ "ff3e::8000:1", true, true, true },
	{ "ff3e:0:ffff::1", true, true, true },
	{ "ff3e:1::1", true, true, false },
	{ "ff3e:40:2001:db8::1", true, true, false },
	{ "ff7e::1", true, true, false },
};

static void test_kinds(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		struct address group = { .family =
						 strchr(groups[i].text, ':') ? AF_INET6 : AF_INET };

		print_message("    %s\n", groups[i].text);
		assert_int_equal(inet_pton(group.family, groups[i].text, &group.in6), 1);
		assert_int_equal(group_valid(&group), groups[i].valid);
		assert_int_equal(group_routable(&group), groups[i].routable);
		assert_int_equal(group_source_specific(&group), groups[i].source_specific);
		if (groups[i].valid)
			assert_int_equal(group_local(&group), groups[i].local);
	}
}

static void test_none(void **state)
{
	struct address none = { .family = AF_UNSPEC };

	assert_false(group_valid(&none));
	assert_false(group_routable(&none));
	assert_false(group_source_specific(&none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
