/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/error-text.h"
#include "kernel/joins.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_remedies(void **state)
{
	static const struct {
		const char *(*text)(int error, sa_family_t family);
		int error;
		const char *inet, *inet6; /* what to turn, for each */
	} table[] = {
		{ joins_error_text, JOINS_WIDER, "net.ipv4.igmp_max_msf", "net.ipv6.mld_max_msf" },
		{ joins_error_text, -ENOBUFS, "igmp_max_memberships", "mld_max_msf" },
		{ joins_error_text, -ENOMEM, "igmp_max_memberships", "mld_max_msf" },
		{ joins_error_text, -EMFILE, "LimitNOFILE=", "LimitNOFILE=" },
		{ joins_error_text, -ENFILE, "fs.file-max", "fs.file-max" },
		{ joins_error_text, -EADDRNOTAVAIL, "has no IPv4", "disable_ipv6" },
		{ mroute_error_text, -EADDRINUSE, "igmpproxy", "mcproxy" },
		{ mroute_error_text, -EPROTONOSUPPORT, "CONFIG_IP_MROUTE", "CONFIG_IPV6_MROUTE" },
		{ mroute_error_text, -EOPNOTSUPP, "IP_MROUTE_MULTIPLE_TABLES",
		  "IPV6_MROUTE_MULTIPLE_TABLES" },
		{ mroute_error_text, -EACCES, "CAP_NET_RAW", "CAP_NET_RAW" },
		{ mroute_error_text, -ENOSPC, "at most 32", "at most 32" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *inet = table[i].text(table[i].error, AF_INET);
		const char *inet6 = table[i].text(table[i].error, AF_INET6);

		assert_non_null(strstr(inet, table[i].inet));
		assert_non_null(strstr(inet6, table[i].inet6));
	}
	assert_null(strstr(joins_error_text(-EMFILE, AF_INET6), "ipv4"));
}

static void test_others(void **state)
{
	assert_string_equal(joins_error_text(-EIO, AF_INET), "Input/output error");
	assert_string_equal(mroute_error_text(-EIO, AF_INET6), "Input/output error");
	assert_string_equal(joins_error_text(0, AF_INET), "Success");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remedies),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
