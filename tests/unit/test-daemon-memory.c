/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each allocation that amtd makes while it starts, creates, joins, reloads and deletes fails once:
 * amtd either does what it was asked, or says that it cannot and has changed nothing; the next try,
 * with memory, succeeds, and no other device was touched.
 */
#include "amtd/api/requests.h"
#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "amtd/core/lifecycle.h"
#include "amtd/core/load.h"
#include "amtd/core/manager.h"
#include "daemon-world.h"
#include "device/device.h"
#include "failing-memory.h"
#include "fake-kernel.h"

#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GATEWAY "[AMT]\nLink=up0\n[Relay]\nAddress=192.0.2.1\n"
#define PROXY	"[AMT]\nMode=proxy\n[Forward]\nUpstream=up0\nDownstream=lan0\n"
#define CHANNEL "203.0.113.5,232.1.1.1"

#define ALLOCATIONS_MAX 20000

/* ---- what amtd is asked --------------------------------------------------------------------- */

static struct failure failure;

static int do_create(void)
{
	char *json = NULL;
	int r = request_create(world_manager(), "amt1", GATEWAY "[AMT]\nPort=3001\n", &json,
			       &failure);

	free(json);
	return r;
}

static int do_join(void)
{
	char *json = NULL;
	int r = request_join(world_manager(), CHANNEL, "amt0", &json, &failure);

	free(json);
	return r;
}

static int do_reload(void)
{
	return load_reload(world_manager(), &failure);
}

static int do_delete(void)
{
	return lifecycle_delete(world_manager(), "amt1", &failure);
}

static int do_describe(void)
{
	char *json = NULL;
	int r = request_describe(world_manager(), "", &json, &failure);

	free(json);
	return r;
}

/* ---- what must hold ------------------------------------------------------------------------- */

static bool has_device(const char *name)
{
	return devices_find(world_manager(), name) && if_nametoindex(name) != 0;
}

static void require_untouched(void)
{
	struct device *device = devices_find(world_manager(), "amt0");

	assert_non_null(device);
	assert_true(if_nametoindex("amt0") != 0);
	assert_non_null(devices_find(world_manager(), "lan"));
}

static bool created(void)
{
	return has_device("amt1") && world_has("/run/amt/amt1.amt");
}

static bool not_created(void)
{
	return !devices_find(world_manager(), "amt1") && if_nametoindex("amt1") == 0 &&
	       !world_has("/run/amt/amt1.amt");
}

static bool joined(void)
{
	return world_file_shows(world_path("/run/amt/channels"), CHANNEL);
}

static bool always(void)
{
	return true;
}

/* What the next try, with memory, does. */
static const struct request {
	const char *name;
	int (*prepare)(void); /* NULL: nothing */
	int (*ask)(void);
	bool (*done)(void);
	bool (*undone)(void); /* after a failure */
} requests[] = {
	{ "create", NULL, do_create, created, not_created },
	{ "join", NULL, do_join, joined, always },
	{ "reload", NULL, do_reload, always, always },
	{ "describe", NULL, do_describe, always, always },
	{ "delete", do_create, do_delete, not_created, always },
};

static void clean(void)
{
	world_stop();
	world_shell("for i in amt0 amt1; do ip link del $i; done 2>/dev/null; rm -rf '%s'/*",
		    world_path("/run/amt"));
	fake_reset();
}

static void write_files(void)
{
	world_write("/etc/amt/amt0.amt", GATEWAY "[AMT]\nPort=3000\n");
	world_write("/etc/amt/lan.amt", PROXY);
}

/* Whether an allocation was left to fail. */
static bool try_request(const struct request *request, long n)
{
	int r;

	world_start();
	if (request->prepare)
		assert_int_equal(request->prepare(), 0);
	world_settle();

	allocation_failed = false;
	allocations_left = n;
	r = request->ask();
	world_settle();
	allocations_left = -1;

	require_untouched();
	if (r == 0 && !allocation_failed)
		assert_true(request->done());
	if (r < 0) {
		assert_true(allocation_failed);
		assert_string_not_equal(failure.text, "");
		if (!request->undone())
			fail_msg("%s, allocation %ld: half done: %s", request->name, n,
				 failure.text);
		r = request->ask();
		if (r < 0)
			fail_msg("%s, allocation %ld, once more: %s", request->name, n,
				 failure.text);
	}
	world_settle();
	if (r == 0 && !request->done()) /* what failed silently is tried again */
		UNTIL(request->done());
	clean();
	return allocation_failed;
}

static void test_requests(void **state)
{
	write_files();
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		long n = 0;

		while (try_request(&requests[i], n))
			assert_true(++n < ALLOCATIONS_MAX);
		print_message("%s: %ld allocations\n", requests[i].name, n);
		assert_true(n > 0);
	}
}

/* A start that fails leaves nothing running, and the next one finds all devices. */
static void test_start(void **state)
{
	long n = 0;

	write_files();
	do {
		int r;

		allocation_failed = false;
		allocations_left = n;
		r = world_try_start();
		if (r == 0)
			world_settle();
		allocations_left = -1;
		if (r == 0)
			world_stop();
		else
			assert_true(allocation_failed);
		world_start();
		UNTIL(has_device("amt0") && devices_find(world_manager(), "lan"));
		clean();
		assert_true(++n < ALLOCATIONS_MAX);
	} while (allocation_failed);
	print_message("start: %ld allocations\n", n - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_start, world_setup, world_teardown),
	};
	int failures;

	world_enter();
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failures;
}
