/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "base/match.h"

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

static void test_version(void **state)
{
	static const struct {
		const char *expression;
		int expected;
	} cases[] = {
		/* against 6.1.0-13-amd64 */
		{ "6.1.0-13-amd64", 1 },
		{ "6.1.*", 1 },
		{ "6.2.*", 0 },
		{ "*-amd64", 1 },
		{ "!*-amd64", 0 },
		{ "! *-arm64", 1 },
		{ "[5-7].*", 1 },
		{ "$=6.1.*", 1 },
		{ "!$=6.1.*", 0 },
		{ "!$=6.2.*", 1 },
		{ "<6.1", 0 },
		{ "<6.2", 1 },
		{ "<6.10", 1 },
		{ ">6.9", 0 },
		{ "<5.19", 0 },
		{ ">5.19", 1 },
		{ ">=6.1", 1 },
		{ ">= 6.1", 1 },
		{ ">=6.1.0-13-amd64", 1 },
		{ ">6.1.0-13-amd64", 0 },
		{ "<=6.1.0-13-amd64", 1 },
		{ ">=6.1.0-9-amd64", 1 },
		{ "<6.1.0-9-amd64", 0 },
		{ "==6.1.0-13-amd64", 1 },
		{ "==6.1", 0 },
		{ "<>6.1", 1 },
		{ "<>6.1.0-13-amd64", 0 },
		{ "=6.1.0-13-amd64", 1 },
		{ "=6.1.*", 0 },
		{ "!=6.1.0-13-amd64", 0 },
		{ "!=6.1.0-14-amd64", 1 },
		{ ">=5.16 <6.5", 1 },
		{ ">=5.16   <6.0", 0 },
		{ ">= 5.16 < 6.5 *-amd64", 1 },
		{ "!>=5.16 <6.0", 1 },
		{ "!= 6.0 != 6.2", 1 },
		{ "\">=5.16\" '<6.5'", 1 },
		{ "\">= 5.16\"", 1 },
		{ "  >=5.16 ", 1 },
		{ "", -EINVAL },
		{ " ", -EINVAL },
		{ "!", -EINVAL },
		{ ">=", -EINVAL },
		{ "6.1.* >", -EINVAL },
		{ ">= >= 6.1", -EINVAL },
		{ "=>6.1", -EINVAL },
		{ ">>6.1", -EINVAL },
		{ ">=new", -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = match_version("6.1.0-13-amd64", cases[i].expression);

		if (r != cases[i].expected)
			fail_msg("\"%s\": %d", cases[i].expression, r);
	}
	assert_int_equal(match_version("6.1-rc8", "<6.1.1"), 1);
	assert_int_equal(match_version("6.1-rc8", "<6.10"), 1);
	assert_int_equal(match_version("5.16.0", ">=5.16"), 1);
}

static void test_kernel_version(void **state)
{
	char expression[2 * sizeof(struct utsname)];
	struct utsname uts;

	assert_int_equal(uname(&uts), 0);
	assert_int_equal(match_kernel_version(uts.release), 1);
	assert_int_equal(match_kernel_version(">=3"), 1);
	assert_int_equal(match_kernel_version("<3"), 0);
	snprintf(expression, sizeof(expression), "!=%s", uts.release);
	assert_int_equal(match_kernel_version(expression), 0);
	assert_int_equal(match_kernel_version(">="), -EINVAL);
}

static void test_host(void **state)
{
	char pattern[2 * sizeof(struct utsname)];
	struct utsname uts;
	size_t i;

	assert_int_equal(uname(&uts), 0);
	assert_int_equal(match_host(uts.nodename), 1);
	assert_int_equal(match_host("*"), 1);
	assert_int_equal(match_host("!*"), 0);
	assert_int_equal(match_host("no-such-host"), 0);
	assert_int_equal(match_host("! no-such-host"), 1);
	assert_int_equal(match_host("00000000000000000000000000000001"), 0);
	assert_int_equal(match_host(""), -EINVAL);
	assert_int_equal(match_host("!"), -EINVAL);

	snprintf(pattern, sizeof(pattern), "!%s", uts.nodename);
	assert_int_equal(match_host(pattern), 0);
	snprintf(pattern, sizeof(pattern), "%c*", uts.nodename[0]);
	assert_int_equal(match_host(pattern), 1);
	snprintf(pattern, sizeof(pattern), "%s?", uts.nodename);
	assert_int_equal(match_host(pattern), 0);

	for (i = 0; uts.nodename[i] != '\0'; i++)
		pattern[i] = (char)toupper((unsigned char)uts.nodename[i]);
	pattern[i] = '\0';
	assert_int_equal(match_host(pattern), 1);
}

static void test_machine_id(void **state)
{
	char id[64] = "", pattern[66];
	FILE *file;

	file = fopen("/etc/machine-id", "re");
	if (!file)
		skip();
	if (fscanf(file, "%32s", id) != 1 || strlen(id) != 32) {
		fclose(file);
		skip();
	}
	fclose(file);

	assert_int_equal(match_host(id), 1);
	snprintf(pattern, sizeof(pattern), "!%s", id);
	assert_int_equal(match_host(pattern), 0);
	id[31] = id[31] == '0' ? '1' : '0';
	assert_int_equal(match_host(id), 0);
}

/* The first line that the command prints, "" when it cannot be run. */
static void ask(const char *command, char *buf, int size)
{
	FILE *pipe = popen(command, "re");

	assert_non_null(pipe);
	buf[0] = '\0';
	if (fgets(buf, size, pipe))
		buf[strcspn(buf, "\n")] = '\0';
	pclose(pipe);
}

static void test_virtualization(void **state)
{
	char kind[64], container[64], pattern[66];
	int is_virtual, is_container;

	ask("systemd-detect-virt", kind, sizeof(kind));
	ask("systemd-detect-virt --container", container, sizeof(container));
	if (kind[0] == '\0')
		skip();
	is_virtual = strcmp(kind, "none") != 0;
	is_container = strcmp(container, "none") != 0;

	assert_int_equal(match_virtualization("yes"), is_virtual);
	assert_int_equal(match_virtualization("no"), !is_virtual);
	assert_int_equal(match_virtualization("!yes"), !is_virtual);
	assert_int_equal(match_virtualization("container"), is_container);
	assert_int_equal(match_virtualization("!container"), !is_container);
	assert_int_equal(match_virtualization("vm"), is_virtual && !is_container);
	assert_int_equal(match_virtualization("bochs"), strcmp(kind, "bochs") == 0);
	assert_int_equal(match_virtualization("docker"), strcmp(kind, "docker") == 0);
	assert_in_range(match_virtualization("private-users"), 0, 1);
	if (is_virtual) {
		assert_int_equal(match_virtualization(kind), 1);
		snprintf(pattern, sizeof(pattern), "!%s", kind);
		assert_int_equal(match_virtualization(pattern), 0);
	}

	assert_int_equal(match_virtualization(""), -EINVAL);
	assert_int_equal(match_virtualization("!"), -EINVAL);
	assert_int_equal(match_virtualization("none"), -EINVAL);
	assert_int_equal(match_virtualization("dock"), -EINVAL);
	assert_int_equal(match_virtualization("docker\npodman"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),	       cmocka_unit_test(test_kernel_version),
		cmocka_unit_test(test_host),	       cmocka_unit_test(test_machine_id),
		cmocka_unit_test(test_virtualization),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
