/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * joins_set() compared with the kernel's memberships in /proc/net, on two interfaces of a separate
 * network namespace.
 */
#include "kernel/error-text.h"
#include "kernel/joins.h"
#include "net.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include <cmocka.h>

#define GROUPS	 8
#define SOURCES	 40
#define STEPS	 400
#define ENOUGH	 1000
#define LINE_MAX 256
#define WORD_MAX 32

static const struct family {
	sa_family_t family;
	const char *filters, *groups;
} families[] = {
	{ AF_INET, "/proc/net/mcfilter", "/proc/net/igmp" },
	{ AF_INET6, "/proc/net/mcfilter6", "/proc/net/igmp6" },
};

static struct {
	const char *path;
	int fd;
	char before[WORD_MAX];
} shared[] = {
	{ "/proc/sys/net/ipv6/mld_max_msf" },
	{ "/proc/sys/net/core/optmem_max" },
};

#define N_SHARED (sizeof(shared) / sizeof(shared[0]))

static const char *const devices[] = { "d0", "d1" };

static struct address numbered(const struct family *f, bool group, unsigned int n)
{
	char text[ADDRESS_TEXT_MAX];
	struct address a;

	snprintf(text, sizeof(text),
		 f->family == AF_INET ? group ? "232.1.%u.%u" : "10.9.%u.%u"
		 : group	      ? "ff3e::8000:%x:%x"
				      : "2001:db8::%x:%x",
		 n / 200, n % 200 + 1);
	assert_int_equal(address_parse(text, &a), 0);
	return a;
}

/* In the form of /proc/net. */
static void hex(const struct address *a, char text[static 33])
{
	if (a->family == AF_INET)
		snprintf(text, 33, "0x%08x", ntohl(a->in.s_addr));
	else
		for (size_t i = 0; i < 16; i++)
			snprintf(text + 2 * i, 3, "%02x", a->in6.s6_addr[i]);
}

/* The kernel's INCLUDE or EXCLUDE counts of the group's sources. */
static size_t kernel_sources(const struct family *f, const char *device,
			     const struct address *group, const struct filter *expected)
{
	char line[LINE_MAX], dev[IFNAMSIZ], g[36], s[36], want_g[33], want_s[33];
	size_t n = 0, i;
	FILE *file = fopen(f->filters, "re");

	assert_non_null(file);
	hex(group, want_g);
	while (fgets(line, sizeof(line), file)) {
		unsigned long included, excluded;

		if (sscanf(line, "%*d %15s %35s %35s %lu %lu", dev, g, s, &included, &excluded) !=
			    5 ||
		    strcmp(dev, device) != 0 || strcmp(g, want_g) != 0)
			continue;
		for (i = 0; i < expected->n; i++) {
			hex(&expected->sources[i], want_s);
			if (strcmp(s, want_s) == 0)
				break;
		}
		if (i == expected->n)
			fail_msg("%s has %s of %s, which nobody wants", device, s, g);
		assert_int_equal(included, expected->mode == FILTER_INCLUDE);
		assert_int_equal(excluded, expected->mode == FILTER_EXCLUDE);
		n++;
	}
	fclose(file);
	return n;
}

/* Any membership of the group there? */
static bool kernel_joined(const struct family *f, const char *device, const struct address *group)
{
	char line[LINE_MAX], dev[IFNAMSIZ] = "", wanted[33], word[36];
	bool found = false;
	FILE *file = fopen(f->groups, "re");

	assert_non_null(file);
	if (f->family == AF_INET)
		snprintf(wanted, sizeof(wanted), "%08X", group->in.s_addr);
	else
		hex(group, wanted);
	while (fgets(line, sizeof(line), file)) {
		if (f->family == AF_INET && line[0] != '\t')
			sscanf(line, "%*d %15s", dev);
		else if (f->family == AF_INET ? sscanf(line, "%35s", word) == 1
					      : sscanf(line, "%*d %15s %35s", dev, word) == 2)
			found |= strcmp(dev, device) == 0 && strcmp(word, wanted) == 0;
	}
	fclose(file);
	return found;
}

static void check(const struct family *f, const char *device, const struct address *group,
		  const struct filter *expected)
{
	size_t n = kernel_sources(f, device, group, expected);

	if (n != expected->n) {
		char text[33];

		hex(group, text);
		fail_msg("%s has %zu sources of %s, not %zu, mode %d", device, n, text, expected->n,
			 expected->mode);
	}
	assert_int_equal(n, expected->n);
	assert_int_equal(kernel_joined(f, device, group), !filter_empty(expected));
}

static struct filter random_filter(const struct family *f, size_t max_excluded)
{
	struct filter filter = { .mode = random() % 3 == 0 ? FILTER_EXCLUDE : FILTER_INCLUDE };
	size_t n = random() % (filter.mode == FILTER_EXCLUDE ? max_excluded + 1 : SOURCES);

	for (size_t i = 0; i < n; i++) {
		struct address source = numbered(f, false, random() % SOURCES);

		assert_int_equal(filter_add(&filter, &source), 0);
	}
	return filter;
}

/* After any sequence of changes the kernel has the last filter. Sources that remain wanted are
 * never removed, which is not visible in the counts but in the kernel's timers. */
static void any_order(const struct family *f, size_t max_excluded)
{
	struct filter model[2][GROUPS] = { 0 };
	struct joins *joins;
	size_t sockets;

	assert_int_equal(joins_open(f->family, &joins), 0);
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int d = random() % 2, g = random() % GROUPS;
		struct address group = numbered(f, true, g);
		struct filter filter = random_filter(f, max_excluded);

		if (step >= STEPS - 2 * GROUPS) { /* at the end none */
			filter_clear(&filter);
			d = (STEPS - 1 - step) % 2;
			g = (STEPS - 1 - step) / 2;
			group = numbered(f, true, g);
		}
		assert_int_equal(joins_set(joins, if_nametoindex(devices[d]), &group, &filter), 0);
		filter_clear(&model[d][g]);
		model[d][g] = filter;
		check(f, devices[d], &group, &model[d][g]);
		for (unsigned int s = 0; s < SOURCES; s++) {
			struct address source = numbered(f, false, s);

			assert_int_equal(
				joins_has(joins, if_nametoindex(devices[d]), &group, &source),
				model[d][g].mode == FILTER_EXCLUDE ||
					filter_wants(&model[d][g], &source));
		}
		if (step % 40 == 0)
			for (g = 0; g < GROUPS; g++) {
				group = numbered(f, true, g);
				check(f, devices[0], &group, &model[0][g]);
				check(f, devices[1], &group, &model[1][g]);
			}
	}
	assert_int_equal(joins_count(joins, &sockets), 0);
	assert_int_equal(sockets, 0);
	joins_close(joins);
}

static void test_any_order(void **state)
{
	for (size_t i = 0; i < 2; i++)
		any_order(&families[i], 10);
}

/* Limits shared by all network namespaces are visible in the initial one only. */
static void open_limits(void)
{
	for (size_t i = 0; i < N_SHARED; i++) {
		shared[i].fd = open(shared[i].path, O_RDWR | O_CLOEXEC);
		if (shared[i].fd < 0 || read(shared[i].fd, shared[i].before, WORD_MAX - 1) <= 0)
			err(1, "%s", shared[i].path);
	}
}

static void set_limit(size_t i, const char *value)
{
	if (pwrite(shared[i].fd, value, strlen(value), 0) < 0)
		err(1, "%s", shared[i].path);
}

static int restore_limits(void **state)
{
	for (size_t i = 0; i < N_SHARED; i++)
		set_limit(i, shared[i].before);
	return 0;
}

static void test_small_limits(void **state)
{
	net_shell("cd /proc/sys/net; echo 3 >ipv4/igmp_max_memberships; echo 2 >ipv4/igmp_max_msf");
	set_limit(0, "2");
	set_limit(1, "1500");
	for (size_t i = 0; i < 2; i++)
		any_order(&families[i], 2);
}

/* More sources than a list may hold: the group is joined from any source. */
static void test_wider(void **state)
{
	for (const struct family *f = families; f < families + 2; f++) {
		struct filter filter = { .mode = FILTER_EXCLUDE }, any = { .mode = FILTER_EXCLUDE };
		struct address group = numbered(f, true, 0);
		struct joins *joins;

		for (unsigned int i = 0; i < 3; i++) {
			struct address source = numbered(f, false, i);

			assert_int_equal(filter_add(&filter, &source), 0);
		}
		assert_int_equal(joins_open(f->family, &joins), 0);
		assert_int_equal(joins_set(joins, if_nametoindex("d0"), &group, &filter),
				 JOINS_WIDER);
		assert_non_null(strstr(joins_error_text(JOINS_WIDER, f->family), "max_msf"));
		check(f, "d0", &group, &any);
		joins_close(joins);
		filter_clear(&filter);
	}
}

/* Over the limit even in a socket of its own. */
static void test_refused(void **state)
{
	struct filter filter = { .mode = FILTER_INCLUDE }, none = { 0 };
	const struct family *f = &families[0];
	struct address group = numbered(f, true, 0), source = numbered(f, false, 0);
	struct joins *joins;
	size_t sockets;

	net_shell("echo 0 >/proc/sys/net/ipv4/igmp_max_memberships");
	assert_int_equal(filter_add(&filter, &source), 0);
	assert_int_equal(joins_open(f->family, &joins), 0);
	assert_int_equal(joins_set(joins, if_nametoindex("d0"), &group, &filter), -ENOBUFS);
	assert_non_null(strstr(joins_error_text(-ENOBUFS, f->family), "igmp_max_memberships"));
	assert_int_equal(joins_count(joins, &sockets), 0);
	assert_int_equal(sockets, 0);
	check(f, "d0", &group, &none);
	net_shell("cd /proc/sys/net; echo 20 >ipv4/igmp_max_memberships;"
		  "echo 10 >ipv4/igmp_max_msf");
	restore_limits(NULL);
	assert_int_equal(joins_set(joins, if_nametoindex("d0"), &group, &filter), 0);
	check(f, "d0", &group, &filter);
	assert_int_equal(joins_set(joins, 99, &group, &filter), -ENODEV);
	joins_close(joins);
	filter_clear(&filter);
}

/* An interface is removed and comes back among many memberships. */
static void test_vanishing(void **state)
{
	for (const struct family *f = families; f < families + 2; f++) {
		struct filter filter = { .mode = FILTER_INCLUDE };
		struct address source = numbered(f, false, 1), group;
		int first = if_nametoindex("d0"), second = if_nametoindex("d1");
		struct joins *joins;
		size_t sockets;

		assert_int_equal(filter_add(&filter, &source), 0);
		assert_int_equal(joins_open(f->family, &joins), 0);
		for (unsigned int i = 0; i < ENOUGH; i++) {
			group = numbered(f, true, i);
			assert_int_equal(joins_set(joins, first, &group, &filter), 0);
			assert_int_equal(joins_set(joins, second, &group, &filter), 0);
		}
		assert_int_equal(joins_count(joins, &sockets), 2 * ENOUGH);
		assert_in_range(sockets, 2 * ENOUGH / 128, 2 * ENOUGH / 20);
		net_shell("ip link del d1");
		joins_forget(joins, second);
		assert_int_equal(joins_count(joins, &sockets), ENOUGH);
		net_shell("ip link add d1 type dummy && ip link set d1 up");
		second = if_nametoindex("d1");
		for (unsigned int i = 0; i < ENOUGH; i++) {
			group = numbered(f, true, i);
			assert_int_equal(joins_set(joins, second, &group, &filter), 0);
		}
		check(f, "d0", &group, &filter);
		check(f, "d1", &group, &filter);
		assert_int_equal(joins_count(joins, &sockets), 2 * ENOUGH);
		/* The removed memberships no longer count. */
		assert_in_range(sockets, 2 * ENOUGH / 128, 2 * ENOUGH / 20);
		joins_close(joins);
		filter_clear(&filter);
	}
}

static void note_fd(int fd, uint32_t id, bool kept, void *userdata)
{
	*(int *)userdata = fd;
}

/* Thousands of sockets leave the descriptors below FD_SETSIZE free if there are more; none is
 * lost. */
static void test_select(void **state)
{
	static const rlim_t limits[] = { FD_SETSIZE + 16, FD_SETSIZE };
	struct address group = numbered(&families[0], true, 0);
	struct filter any = { .mode = FILTER_EXCLUDE };
	struct rlimit before;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (size_t i = 0; i < 2; i++) {
		const struct rlimit limit = { limits[i], before.rlim_max };
		struct joins *joins;
		int fd = -1;

		assert_int_equal(joins_open(AF_INET, &joins), 0);
		joins_keep(joins, note_fd, &fd);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_int_equal(joins_set(joins, if_nametoindex("d0"), &group, &any), 0);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(fd >= FD_SETSIZE, limits[i] > FD_SETSIZE);
		check(&families[0], "d0", &group, &any);
		joins_close(joins);
	}
}

/* The files in /proc/net begin with the first interface whose newest group has sources and omit
 * those before (igmp_mcf_get_first(), igmp6_mcf_get_first()): lo must be the first. */
static int anchor(void **state)
{
	for (const struct family *f = families; f < families + 2; f++) {
		struct filter filter = { .mode = FILTER_INCLUDE };
		struct address source = numbered(f, false, ENOUGH),
			       group = numbered(f, true, ENOUGH);
		struct joins *joins;

		assert_int_equal(filter_add(&filter, &source), 0);
		assert_int_equal(joins_open(f->family, &joins), 0);
		assert_int_equal(joins_set(joins, if_nametoindex("lo"), &group, &filter), 0);
		filter_clear(&filter);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order), cmocka_unit_test(test_small_limits),
		cmocka_unit_test(test_wider),	  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_vanishing), cmocka_unit_test(test_select),
	};

	open_limits();
	if (unshare(CLONE_NEWNET) < 0)
		err(1, "unshare");
	net_shell("ip link add d0 type dummy && ip link add d1 type dummy && ip link set d0 up && "
		  "ip link set d1 up && ip link set lo up");
	srandom(1);
	return cmocka_run_group_tests(tests, anchor, restore_limits);
}
