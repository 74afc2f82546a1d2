/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memberships that outlive amtd: what is said to the service manager, and what it hands back. */
#include "addresses.h"
#include "amtd/core/keep.h"
#include "base/timer.h"
#include "kernel/joins.h"
#include "virtual-clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define HELD 3

static struct {
	char names[HELD][32]; /* "": no more */
	char said[1024];
	int fd;
	joins_keeper keeper;
	void *keeper_userdata;
	unsigned int expired;
	bool held_at_expiry;
	struct keep *keep;
} world;

int sd_listen_fds_with_names(int unset_environment, char ***names)
{
	int n = 0;

	if (world.names[0][0] == '\0')
		return 0;
	*names = calloc(HELD + 1, sizeof(**names));
	for (; n < HELD && world.names[n][0] != '\0'; n++) {
		(*names)[n] = strdup(world.names[n]);
		assert_int_equal(dup2(world.fd, SD_LISTEN_FDS_START + n), SD_LISTEN_FDS_START + n);
	}
	return n;
}

int sd_notify(int unset_environment, const char *text)
{
	strcat(world.said, text);
	return 1;
}

int sd_pid_notify_with_fds(pid_t pid, int unset_environment, const char *text, const int *fds,
			   unsigned int n)
{
	assert_int_equal(n, 1);
	assert_int_equal(*fds, 42);
	strcat(world.said, text);
	return 1;
}

int sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock,
			       uint64_t usec, uint64_t accuracy, sd_event_time_handler_t handler,
			       void *userdata)
{
	int r = timer_add(event, ret, accuracy, handler, userdata);

	timer_arm_relative(*ret, usec);
	return r;
}

int joins_open(sa_family_t family, struct joins **ret)
{
	*ret = (struct joins *)&world;
	return family == AF_INET ? 0 : -EAFNOSUPPORT;
}

void joins_close(struct joins *joins)
{
}

void joins_keep(struct joins *joins, joins_keeper keeper, void *userdata)
{
	world.keeper = keeper;
	world.keeper_userdata = userdata;
}

sa_family_t joins_family(const struct joins *joins)
{
	return AF_INET;
}

bool joins_has(const struct joins *joins, int ifindex, const struct address *group,
	       const struct address *source)
{
	return ifindex == 7;
}

static void on_expiry(void *userdata)
{
	world.expired++;
	world.held_at_expiry = keep_holds(world.keep);
}

static void begin(const char *first, const char *second, const char *third)
{
	memset(&world, 0, sizeof(world));
	strcpy(world.names[0], first);
	strcpy(world.names[1], second);
	strcpy(world.names[2], third);
	world.fd = fcntl(open("/dev/null", O_RDONLY), F_DUPFD_CLOEXEC, 100);
	assert_true(world.fd >= 100);
	assert_int_equal(keep_open(NULL, on_expiry, NULL, &world.keep), 0);
}

static void end(void)
{
	keep_close(world.keep);
	close(world.fd);
	assert_int_equal(virtual_timers(), 0);
}

/* For 30 s the copies are held; then whoever wants something has joined it, and they go. */
static void test_held(void **state)
{
	begin("joins-old-0-1", "somebody-else", "joins-old-1-1");
	assert_true(keep_holds(world.keep));
	assert_int_equal(fcntl(SD_LISTEN_FDS_START + 1, F_GETFD), -1); /* nobody's: closed */
	assert_string_equal(world.said, "");
	virtual_run_for(29900 * USEC_PER_MSEC);
	assert_true(keep_holds(world.keep));
	assert_int_equal(world.expired, 0);
	virtual_run_for(200 * USEC_PER_MSEC);
	assert_int_equal(world.expired, 1);
	assert_true(world.held_at_expiry); /* told before they are dropped */
	assert_false(keep_holds(world.keep));
	assert_string_equal(world.said, "FDSTOREREMOVE=1\nFDNAME=joins-old-0-1\n"
					"FDSTOREREMOVE=1\nFDNAME=joins-old-1-1\n");
	end();
}

/* A routing socket is the caller's once it is taken; nobody's goes with the memberships. */
static void test_others(void **state)
{
	int fd;

	begin("mroute-4-0", "mroute-6-77", "joins-old-0-1");
	fd = keep_take(world.keep, "mroute-4-0");
	assert_true(fd >= 0);
	assert_int_equal(keep_take(world.keep, "mroute-4-0"), -ENOENT);
	assert_int_equal(keep_take(world.keep, "mroute-6-0"), -ENOENT);
	assert_true(keep_holds(world.keep));
	keep_store(world.keep, "mroute-4-5", 42);
	keep_forget(world.keep, "mroute-4-5");
	assert_string_equal(world.said, "FDSTORE=1\nFDPOLL=0\nFDNAME=mroute-4-5\n"
					"FDSTOREREMOVE=1\nFDNAME=mroute-4-5\n");
	world.said[0] = '\0';
	virtual_run_for(31 * USEC_PER_SEC);
	assert_non_null(strstr(world.said, "FDSTOREREMOVE=1\nFDNAME=mroute-6-77\n"));
	assert_null(strstr(world.said, "mroute-4-0"));
	assert_int_not_equal(fcntl(fd, F_GETFD), -1);
	close(fd);
	keep_release(world.keep);
	world.said[0] = '\0';
	keep_forget(world.keep, "mroute-4-0");
	assert_string_equal(world.said, "");
	setenv("NOTIFY_SOCKET", "/nowhere", 1);
	unsetenv("INVOCATION_ID");
	assert_false(keep_hands_over(world.keep));
	setenv("FDSTORE", "8192", 1);
	assert_true(keep_hands_over(world.keep));
	end();
}

/* amtd ends before that: the service manager's copies stay. */
static void test_held_at_end(void **state)
{
	begin("joins-old-0-1", "", "");
	keep_close(world.keep);
	assert_string_equal(world.said, "");
	close(world.fd);
	assert_int_equal(virtual_timers(), 0);
}

static void test_nothing_held(void **state)
{
	begin("", "", "");
	assert_false(keep_holds(world.keep));
	virtual_run_for(31 * USEC_PER_SEC);
	assert_int_equal(world.expired, 1);
	assert_string_equal(world.said, "");
	end();
}

/* sd_pid_notify_with_fds(3), FDSTORE=: a name of its own for each socket, taken back when it is
 * closed, but not when amtd ends. */
static void test_sockets(void **state)
{
	char stored[64], removed[128], *name, *end_of_name;
	struct joins *joins;

	begin("", "", "");
	assert_int_equal(keep_joins_open(world.keep, AF_INET6, &joins), -EAFNOSUPPORT);
	assert_int_equal(keep_joins_open(world.keep, AF_INET, &joins), 0);
	world.keeper(42, 1, true, world.keeper_userdata);
	assert_int_equal(strncmp(world.said, "FDSTORE=1\nFDPOLL=0\nFDNAME=joins-", 32), 0);
	name = strstr(world.said, "FDNAME=") + 7;
	end_of_name = strchr(name, '\n');
	*end_of_name = '\0';
	strcpy(stored, name);
	world.said[0] = '\0';
	world.keeper(42, 2, true, world.keeper_userdata);
	assert_null(strstr(world.said, stored));
	world.said[0] = '\0';
	world.keeper(42, 1, false, world.keeper_userdata);
	snprintf(removed, sizeof(removed), "FDSTOREREMOVE=1\nFDNAME=%s\n", stored);
	assert_string_equal(world.said, removed);

	world.said[0] = '\0';
	assert_false(keep_is_released(world.keep));
	keep_release(world.keep);
	assert_true(keep_is_released(world.keep));
	world.keeper(42, 2, false, world.keeper_userdata);
	assert_string_equal(world.said, "");
	keep_joins_close(world.keep, joins);
	end();
}

static void test_has(void **state)
{
	const struct address group = address_of("232.1.1.1"), source = address_of("192.0.2.1");
	const struct address group6 = address_of("ff3e::1");
	struct joins *joins;

	begin("", "", "");
	assert_false(keep_has(world.keep, 7, &group, &source));
	assert_int_equal(keep_joins_open(world.keep, AF_INET, &joins), 0);
	assert_true(keep_has(world.keep, 7, &group, &source));
	assert_false(keep_has(world.keep, 8, &group, &source));
	assert_false(keep_has(world.keep, 7, &group6, &source)); /* of the other family */
	keep_joins_close(world.keep, joins);
	assert_false(keep_has(world.keep, 7, &group, &source));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_others),	    cmocka_unit_test(test_held),
		cmocka_unit_test(test_held_at_end), cmocka_unit_test(test_nothing_held),
		cmocka_unit_test(test_sockets),	    cmocka_unit_test(test_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
