/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order in which wings are called, and that a failure undoes what was done before it. */
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "device/device.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
	char calls[512]; /* "open-a open-b " */
	const char *failing;
	long allocations; /* until one fails; below 0: none does */
	bool due;
} world;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return world.allocations-- == 0 ? NULL : __real_calloc(n, size);
}

static int called(const char *what)
{
	strcat(strcat(world.calls, what), " ");
	return world.failing && strcmp(world.failing, what) == 0 ? -EBADF : 0;
}

/* Every hook of the wing says its name. */
#define HOOK(hook, wing)                                   \
	static void hook##_##wing(struct manager *manager) \
	{                                                  \
		called(#hook "-" #wing);                   \
	}
#define DEVICE_HOOK(hook, wing)                                                   \
	static void hook##_##wing(struct manager *manager, struct device *device) \
	{                                                                         \
		called(#hook "-" #wing);                                          \
	}
#define WING(w, size)                                                                   \
	static int open_##w(struct manager *manager)                                    \
	{                                                                               \
		return called("open-" #w);                                              \
	}                                                                               \
	static int added_##w(struct manager *manager, struct device *device)            \
	{                                                                               \
		return called("added-" #w);                                             \
	}                                                                               \
	static void configured_##w(struct manager *manager, struct device *device,      \
				   const struct config *previous)                       \
	{                                                                               \
		called("configured-" #w);                                               \
	}                                                                               \
	static bool link_##w(struct manager *manager, const struct link_change *change) \
	{                                                                               \
		called("link-" #w);                                                     \
		return world.due && #w[0] == 'a';                                       \
	}                                                                               \
	HOOK(start, w)                                                                  \
	HOOK(reload, w)                                                                 \
	HOOK(stop, w)                                                                   \
	HOOK(close, w)                                                                  \
	HOOK(leaving_done, w)                                                           \
	HOOK(devices_changed, w)                                                        \
	HOOK(pass_done, w)                                                              \
	HOOK(settled, w)                                                                \
	DEVICE_HOOK(leaving, w)                                                         \
	DEVICE_HOOK(removed, w)                                                         \
	DEVICE_HOOK(reconciled, w)                                                      \
	static const struct wing wing_##w = {                                           \
		.name = #w,                                                             \
		.open = open_##w,                                                       \
		.start = start_##w,                                                     \
		.reload = reload_##w,                                                   \
		.stop = stop_##w,                                                       \
		.close = close_##w,                                                     \
		.device_private_size = size,                                            \
		.device_added = added_##w,                                              \
		.device_configured = configured_##w,                                    \
		.device_leaving = leaving_##w,                                          \
		.leaving_done = leaving_done_##w,                                       \
		.device_removed = removed_##w,                                          \
		.devices_changed = devices_changed_##w,                                 \
		.link_changed = link_##w,                                               \
		.reconciled = reconciled_##w,                                           \
		.pass_done = pass_done_##w,                                             \
		.settled = settled_##w,                                                 \
		.takes_packets = #w[0] != 'b',                                          \
		.mode = #w[0] == 'c' ? CONFIG_RELAY : CONFIG_GATEWAY,                   \
	};

WING(a, 16)
WING(b, 0)
WING(c, 4000)

static const struct wing wing_empty = { .name = "empty" };
static const struct wing *const wings[] = { &wing_a, &wing_empty, &wing_b, &wing_c };
static void *states[4];

static struct manager begin(void)
{
	memset(&world, 0, sizeof(world));
	world.allocations = -1;
	memset(states, 0, sizeof(states));
	return (struct manager){ .wings = wings, .n_wings = 4, .wing_states = states };
}

static void assert_calls(const char *expected)
{
	assert_string_equal(world.calls, expected);
	world.calls[0] = '\0';
}

/* In the order of registration; stop, close and device_removed in reverse. */
static void test_order(void **state)
{
	const struct link_change change = { .name = "" };
	struct manager manager = begin();
	struct device device = { 0 };

	assert_int_equal(hooks_open(&manager), 0);
	assert_calls("open-a open-b open-c ");
	hooks_start(&manager);
	assert_calls("start-a start-b start-c ");
	hooks_reload(&manager);
	assert_calls("reload-a reload-b reload-c ");
	assert_int_equal(hooks_device_added(&manager, &device), 0);
	assert_calls("added-a added-b added-c ");
	hooks_device_configured(&manager, &device, NULL);
	assert_calls("configured-a configured-b configured-c ");
	hooks_reconciled(&manager, &device);
	assert_calls("reconciled-a reconciled-b reconciled-c ");
	hooks_pass_done(&manager);
	assert_calls("pass_done-a pass_done-b pass_done-c ");
	hooks_settled(&manager);
	assert_calls("settled-a settled-b settled-c ");
	hooks_devices_changed(&manager);
	assert_calls("devices_changed-a devices_changed-b devices_changed-c ");

	/* All hear of it, and one is enough for a pass. */
	assert_false(hooks_link_changed(&manager, &change));
	world.due = true;
	assert_true(hooks_link_changed(&manager, &change));
	assert_calls("link-a link-b link-c link-a link-b link-c ");

	hooks_device_leaving(&manager, &device);
	hooks_leaving_done(&manager);
	assert_calls("leaving-a leaving-b leaving-c "
		     "leaving_done-a leaving_done-b leaving_done-c ");
	hooks_device_removed(&manager, &device);
	assert_calls("removed-c removed-b removed-a ");
	assert_null(device.wing_memory);
	hooks_stop(&manager);
	assert_calls("stop-c stop-b stop-a ");
	hooks_close(&manager);
	assert_calls("close-c close-b close-a ");
	hooks_close(&manager);
	assert_calls("");
}

/* Those that were opened are closed, and the one that failed, too. */
static void test_open_fails(void **state)
{
	struct manager manager = begin();

	world.failing = "open-b";
	assert_int_equal(hooks_open(&manager), -EBADF);
	hooks_close(&manager);
	assert_calls("open-a open-b close-b close-a ");
}

static void test_device_added_fails(void **state)
{
	struct manager manager = begin();
	struct device device = { 0 };

	world.failing = "added-b";
	assert_int_equal(hooks_device_added(&manager, &device), -EBADF);
	assert_calls("added-a added-b removed-b removed-a ");
	assert_null(device.wing_memory);
	world.failing = "added-a";
	assert_int_equal(hooks_device_added(&manager, &device), -EBADF);
	assert_calls("added-a removed-a ");
	world.failing = "added-c";
	assert_int_equal(hooks_device_added(&manager, &device), -EBADF);
	assert_calls("added-a added-b added-c removed-c removed-b removed-a ");
	assert_null(device.wing_memory);
}

/* Without memory no wing hears of the device: three blocks are taken, two of them the wings'. */
static void test_without_memory(void **state)
{
	struct manager manager = begin();
	struct device device = { 0 };

	for (long i = 0; i < 3; i++) {
		world.allocations = i;
		assert_int_equal(hooks_device_added(&manager, &device), -ENOMEM);
		assert_calls("");
		assert_null(device.wing_memory);
	}
	world.allocations = 3;
	assert_int_equal(hooks_device_added(&manager, &device), 0);
	hooks_device_removed(&manager, &device);
}

/* A wing's memory of a device is its own, and zeroed. */
static void test_memory(void **state)
{
	static const char zeros[4000];
	struct manager manager = begin();
	struct device x = { 0 }, y = { 0 };

	assert_int_equal(hooks_device_added(&manager, &x), 0);
	memset(wing_data(&x, &wing_c), 0xff, 4000);
	memset(wing_data(&x, &wing_a), 0xff, 16);
	assert_null(wing_data(&x, &wing_b));
	assert_int_equal(hooks_device_added(&manager, &y), 0);
	assert_memory_equal(wing_data(&y, &wing_a), zeros, 16);
	assert_memory_equal(wing_data(&y, &wing_c), zeros, 4000);
	hooks_device_removed(&manager, &x);
	hooks_device_removed(&manager, &y);

	assert_null(wing_state(&manager, &wing_b));
	wing_set_state(&manager, &wing_b, &x);
	wing_set_state(&manager, &wing_c, &y);
	assert_ptr_equal(wing_state(&manager, &wing_b), &x);
	assert_ptr_equal(wing_state(&manager, &wing_c), &y);
	assert_null(wing_state(&manager, &wing_a));
}

static void test_packet_wing(void **state)
{
	struct manager manager = begin();

	assert_ptr_equal(hooks_packet_wing(&manager, CONFIG_GATEWAY), &wing_a);
	assert_ptr_equal(hooks_packet_wing(&manager, CONFIG_RELAY), &wing_c);
	assert_null(hooks_packet_wing(&manager, CONFIG_PROXY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_open_fails),
		cmocka_unit_test(test_device_added_fails),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_packet_wing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
