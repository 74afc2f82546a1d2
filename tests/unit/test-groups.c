/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void collect(const char *device, const struct address *group, void *userdata)
{
	char text[ADDRESS_TEXT_MAX], *seen = userdata;

	strcat(strcat(seen, device), " ");
	strcat(strcat(seen, address_format(group, text)), " ");
}

static bool collect_group(const char *device, const struct address *group, void *userdata)
{
	collect(device, group, userdata);
	return strcmp(device, "last") != 0;
}

static FILE *open_text(const char *text, char *seen)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");

	assert_non_null(file);
	seen[0] = '\0';
	return file;
}

static void read_groups(bool (*read)(FILE *, groups_handler, void *), const char *text, char *seen,
			bool all)
{
	FILE *file = open_text(text, seen);

	assert_int_equal(read(file, collect_group, seen), all);
	fclose(file);
}

/* As Linux 6.1 prints them on x86_64: 224.0.0.1 everywhere, 232.1.1.1 and 224.0.0.251 on amt0,
 * 239.1.2.3 on eth1. */
static void test_igmp(void **state)
{
	static const char text[] =
		"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
		"1\tlo        :     1      V3\n"
		"\t\t\t\t010000E0     1 0:00000000\t\t0\n"
		"7\tamt0      :     3      V3\n"
		"\t\t\t\t010101E8     1 0:00000000\t\t0\n"
		"\t\t\t\tFB0000E0     1 0:00000000\t\t0\n"
		"\t\t\t\t010000E0     1 0:00000000\t\t0\n"
		"8\tamtgateway12:     1      V3\n"
		"\t\t\t\t010101E8     1 0:00000000\t\t0\n"
		"9\teth1      :     2      V2\n"
		"\t\t\t\t030201EF     2 1:000000FF\t\t1\n"
		"\t\t\t\t010000E0     1 0:00000000\t\t0\n";
	char seen[128];

	read_groups(groups_read4, text, seen, true);
	assert_string_equal(seen, "amt0 232.1.1.1 amtgateway12 232.1.1.1 eth1 239.1.2.3 ");
}

static void test_igmp6(void **state)
{
	static const char text[] =
		"1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
		"1    lo              ff010000000000000000000000000001     1 00000008 0\n"
		"7    amt0            ff3e0000000000000000000080000001     1 00000004 0\n"
		"7    amt0            ff0200000000000000000001ff00dead     1 00000004 0\n"
		"9    eth1            ff150000000000000000000000000005     1 00000004 0\n";
	char seen[128];

	read_groups(groups_read6, text, seen, true);
	assert_string_equal(seen, "amt0 ff3e::8000:1 eth1 ff15::5 ");
}

static void test_junk(void **state)
{
	char seen[128];

	read_groups(groups_read4, "\t\t\t\t010101E8     1\nnonsense\n\n\tzz\n", seen, true);
	assert_string_equal(seen, "");
	read_groups(groups_read6, "7 amt0 ff3e 1\n\nx\n", seen, true);
	assert_string_equal(seen, "");
}

static void test_enough(void **state)
{
	char seen[128];

	read_groups(groups_read4,
		    "1\tlast      :     2      V3\n"
		    "\t\t\t\t010101E8     1 0:00000000\t\t0\n"
		    "\t\t\t\t020101E8     1 0:00000000\t\t0\n",
		    seen, false);
	assert_string_equal(seen, "last 232.1.1.1 ");
	read_groups(groups_read6,
		    "7    last            ff3e0000000000000000000080000001     1 00000004 0\n"
		    "7    last            ff3e0000000000000000000080000002     1 00000004 0\n",
		    seen, false);
	assert_string_equal(seen, "last ff3e::8000:1 ");
}

static void collect_source(int ifindex, const struct address *group, const struct address *source,
			   void *userdata)
{
	char text[ADDRESS_TEXT_MAX], *seen = userdata;

	sprintf(seen + strlen(seen), "%d ", ifindex);
	strcat(strcat(seen, address_format(group, text)), " ");
	strcat(strcat(seen, address_format(source, text)), "; ");
}

static void read_sources(void (*read)(FILE *, groups_source_handler, void *), const char *text,
			 char *seen)
{
	FILE *file = open_text(text, seen);

	read(file, collect_source, seen);
	fclose(file);
}

/* As Linux 6.1 prints them: of the third, a socket wants all but the source; an interface of six
 * bytes and one of more. */
static void test_sources(void **state)
{
	char seen[256];

	read_sources(groups_read_sources4,
		     "Idx Device        MCA        SRC    INC    EXC\n"
		     "  1     lo 0xe9fc0001 0x7f000001      1      0\n"
		     "  4     g0 0xe8010101 0xcb007102      2      0\n"
		     "  4     g0 0xe8010102 0xcb007102      0      1\n"
		     "105 enp0s1 0xe8010101 0xcb007103      1      1\n"
		     "  8 amtgat 0xe0000005 0xcb007102      1      0\n",
		     seen);
	assert_string_equal(seen, "1 233.252.0.1 127.0.0.1; 4 232.1.1.1 203.0.113.2; "
				  "105 232.1.1.1 203.0.113.3; 8 224.0.0.5 203.0.113.2; ");
}

static void test_sources6(void **state)
{
	char seen[256];

	read_sources(
		groups_read_sources6,
		"Idx Device                Multicast Address                   Source Address  "
		"  INC    EXC\n"
		"  4     g0 ff3e0000000000000000000080000001 20010db8000100000000000000000002     "
		" 1      0\n"
		"  4     g0 ff3e0000000000000000000080000002 20010db8000100000000000000000002     "
		" 0      1\n",
		seen);
	assert_string_equal(seen, "4 ff3e::8000:1 2001:db8:1::2; ");
}

static void test_sources_junk(void **state)
{
	char seen[128];

	read_sources(groups_read_sources4,
		     "\n4 g0 0xe8010101\n-1 g0 0xe8010101 0xcb007102 1 0\n"
		     "0 g0 0xe8010101 0xcb007102 1 0\n4 g0 zz 0xcb007102 1 0\n",
		     seen);
	assert_string_equal(seen, "");
	read_sources(groups_read_sources6,
		     "4 g0 ff3e 2001 1 0\n"
		     "4 g0 ff3e0000000000000000000080000001 20010db80001 1 0\n",
		     seen);
	assert_string_equal(seen, "");
}

static void test_routed(void **state)
{
	static const struct {
		const char *group;
		bool routed;
	} groups[] = {
		{ "224.0.0.251", false }, { "224.0.1.1", true }, { "232.0.0.1", true },
		{ "ff02::fb", false },	  { "ff31::1", false },	 { "ff3e::8000:1", true },
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct address group;

		assert_int_equal(address_parse(groups[i].group, &group), 0);
		assert_int_equal(groups_is_routed(&group), groups[i].routed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_igmp),	     cmocka_unit_test(test_igmp6),
		cmocka_unit_test(test_junk),	     cmocka_unit_test(test_enough),
		cmocka_unit_test(test_sources),	     cmocka_unit_test(test_sources6),
		cmocka_unit_test(test_sources_junk), cmocka_unit_test(test_routed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
