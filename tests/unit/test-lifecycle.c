/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that are created, deleted and loaded, with every step failing once: what failed leaves
 * neither file nor device, and whoever heard that a device is there hears that it went.
 */
#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "amtd/core/hooks.h"
#include "amtd/core/lifecycle.h"
#include "amtd/core/load.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "base/file.h"
#include "device/device.h"
#include "device/event.h"
#include "device/reconcile.h"
#include "failing-memory.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT                                                                          \
	"[AMT]\nLink=eth0\nDescription=Sport\n[Relay]\nAddress=192.0.2.1 192.0.2.2\n" \
	"[Membership]\nJoin=198.51.100.1,232.1.1.1\n"
#define ALLOCATIONS_MAX 2000

static struct {
	struct manager manager;
	void *states[1];
	int added_error; /* of device_added */
	int removed;	 /* calls of device_removed */
	bool pass_fails, link_missing;
	int interfaces; /* of devices, as the pass made them */
	char events[256];
} world;

static char root[] = "/tmp/amtd-lifecycle-XXXXXX"; /* base/conf.h keeps the first one */

/* ---- what the core calls -------------------------------------------------------------------- */

void pass_run(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (device->ifindex == 0)
			world.interfaces++;
		device->ifindex = 7;
		device->link_missing = world.link_missing;
		if (world.pass_fails)
			device_set_state(device, DEVICE_FAILED, "no amt in this kernel");
		else if (world.link_missing)
			device_set_state(device, DEVICE_WAITING, "there is no interface eth0 yet");
		else
			device_set_state(device, DEVICE_DISCOVERING, "made");
	}
}

int reconcile_remove(const char *name, struct record *record, struct netlink *netlink)
{
	world.interfaces--;
	return 0;
}

static int on_added(struct manager *manager, struct device *device)
{
	return world.added_error;
}

static void on_removed(struct manager *manager, struct device *device)
{
	world.removed++;
}

static const struct wing wing = {
	.name = "test",
	.device_private_size = 8,
	.device_added = on_added,
	.device_removed = on_removed,
};
static const struct wing *const wings[] = { &wing };

static void on_event(const struct event *event, void *userdata)
{
	if (event->kind != EVENT_CREATED && event->kind != EVENT_REMOVED)
		return;
	strcat(world.events, event->kind == EVENT_CREATED ? "+" : "-");
	strcat(world.events, event->device->config->name);
	strcat(world.events, " ");
}

static const char *path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/run/amt%s%s", root, *name ? "/" : "", name);
	return path;
}

static void begin(void)
{
	memset(&world, 0, sizeof(world));
	allocations_left = -1;
	world.manager =
		(struct manager){ .wings = wings, .n_wings = 1, .wing_states = world.states };
	assert_int_equal(file_make_directory(path_of(""), 0755), 0);
	event_observe(on_event, NULL);
}

/* Files of run/amt, but for what is there of devices' states. */
static unsigned int count_files(void)
{
	DIR *directory = opendir(path_of(""));
	unsigned int n = 0;

	for (struct dirent *entry; directory && (entry = readdir(directory));)
		n += entry->d_name[0] != '.';
	if (directory)
		closedir(directory);
	return n;
}

static void end(void)
{
	char command[128];

	while (world.manager.n_devices > 0)
		devices_forget(&world.manager, world.manager.devices[0]);
	free(world.manager.devices);
	event_observe(NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s/run", root);
	assert_int_equal(system(command), 0);
}

static int create(struct failure *failure)
{
	struct device *device;

	world.events[0] = '\0';
	return lifecycle_create(&world.manager, "amt0", TEXT, &device, failure);
}

/* events: what was told meanwhile, "" or created and removed. */
static void assert_nothing_left(const char *events)
{
	assert_string_equal(world.events, events);
	assert_int_equal(world.manager.n_devices, 0);
	assert_null(devices_find(&world.manager, "amt0"));
	assert_int_equal(count_files(), 0);
	assert_int_equal(world.interfaces, 0);
}

static void write_file(const char *name, const char *text)
{
	assert_int_equal(file_write(path_of(name), text, strlen(text), 0644), 0);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_create_and_delete(void **state)
{
	struct failure failure = { 0 };

	begin();
	assert_int_equal(create(&failure), 0);
	assert_string_equal(world.events, "+amt0 ");
	assert_int_equal(access(path_of("amt0.amt"), F_OK), 0);
	assert_int_equal(count_files(), 1);
	assert_int_equal(create(&failure), -1);
	assert_int_equal(failure.kind, FAILURE_EXISTS);
	assert_string_equal(world.events, "");
	assert_int_equal(world.manager.n_devices, 1);

	assert_int_equal(lifecycle_delete(&world.manager, "amt0", &failure), 0);
	assert_nothing_left("-amt0 ");
	assert_int_equal(lifecycle_delete(&world.manager, "amt0", &failure), -1);
	assert_int_equal(failure.kind, FAILURE_NO_DEVICE);
	end();
}

static void test_refused(void **state)
{
	struct failure failure = { 0 };
	struct device *device;

	begin();
	assert_int_equal(
		lifecycle_create(&world.manager, "a/b", "[AMT]\nLink=eth0\n", &device, &failure),
		-1);
	assert_int_equal(failure.kind, FAILURE_INVALID);
	assert_int_equal(
		lifecycle_create(&world.manager, "amt0", "[AMT]\nLnk=eth0\n", &device, &failure),
		-1);
	assert_int_equal(failure.kind, FAILURE_INVALID);
	assert_int_equal(lifecycle_create(&world.manager, "amt0", "[AMT]\nName=amt1\n" TEXT,
					  &device, &failure),
			 -1);
	assert_int_equal(failure.kind, FAILURE_INVALID);
	assert_nothing_left("");
	/* A file that is not in use keeps its name. */
	write_file("amt0.amt", "");
	assert_int_equal(create(&failure), -1);
	assert_int_equal(failure.kind, FAILURE_EXISTS);
	assert_int_equal(count_files(), 1);
	assert_int_equal(world.manager.n_devices, 0);
	end();
}

/* A wing that does not take the device: nobody ever hears of it. */
static void test_wing_fails(void **state)
{
	struct failure failure = { 0 };

	begin();
	world.added_error = -ENOMEM;
	assert_int_equal(create(&failure), -1);
	assert_int_equal(failure.kind, FAILURE_FAILED);
	assert_string_equal(failure.text, "Cannot allocate memory");
	assert_int_equal(world.removed, 1);
	assert_nothing_left("");
	world.added_error = 0;
	assert_int_equal(create(&failure), 0);
	end();
}

/* The kernel does not make it, or its Link= is not there. */
static void test_pass_fails(void **state)
{
	struct failure failure = { 0 };

	begin();
	world.pass_fails = true;
	assert_int_equal(create(&failure), -1);
	assert_string_equal(failure.text, "no amt in this kernel");
	assert_nothing_left("+amt0 -amt0 ");
	world.pass_fails = false;
	world.link_missing = true;
	assert_int_equal(create(&failure), -1);
	assert_string_equal(failure.text, "there is no interface eth0 yet");
	assert_nothing_left("+amt0 -amt0 ");
	assert_int_equal(world.removed, 2);
	end();
}

static void test_file_fails(void **state)
{
	struct failure failure = { 0 };

	begin();
	assert_int_equal(rmdir(path_of("")), 0);
	assert_int_equal(create(&failure), -1);
	assert_non_null(strstr(failure.text, "amt0.amt cannot be written: No such file"));
	assert_nothing_left("+amt0 -amt0 ");
	end();
}

/* Each allocation fails once. It is made as it was asked for, since only a line of the log was
 * lost, or not at all. */
static void test_without_memory(void **state)
{
	struct failure failure = { 0 };
	bool enough = false;
	unsigned int failed = 0;

	begin();
	for (long n = 0; n < ALLOCATIONS_MAX && !enough; n++) {
		const struct device *device;
		int r;

		allocations_left = n;
		r = create(&failure);
		enough = allocations_left >= 0;
		allocations_left = -1;
		if (r < 0) {
			failed++;
			if (strcmp(world.events, "+amt0 -amt0 ") == 0)
				world.events[0] = '\0';
			assert_nothing_left("");
			continue;
		}
		device = devices_find(&world.manager, "amt0");
		assert_string_equal(device->config->description, "Sport");
		assert_int_equal(device->config->n_relays, 2);
		assert_int_equal(device->config->n_joins, 1);
		assert_int_equal(lifecycle_delete(&world.manager, "amt0", &failure), 0);
	}
	assert_true(enough);
	assert_in_range(failed, 5, ALLOCATIONS_MAX);
	end();
}

/* devices_add(): on failure the configuration is the caller's still. */
static void test_add_fails(void **state)
{
	struct config *config = calloc(1, sizeof(*config));
	struct device *device = NULL;
	long n;

	begin();
	strcpy(config->name, "amt0");
	for (n = 0; n < 20; n++) {
		allocations_left = n;
		if (devices_add(&world.manager, config, &device) == 0)
			break;
		allocations_left = -1;
		assert_nothing_left("");
		assert_string_equal(config->name, "amt0");
	}
	allocations_left = -1;
	assert_in_range(n, 3, 19); /* the array, once; the device; the wings' memory: two */
	assert_ptr_equal(device->config, config);
	assert_string_equal(world.events, "+amt0 ");
	end();
}

/* Sorted by name, whatever the order in which they come. */
static void test_sorted(void **state)
{
	static const char *const names[] = { "m", "z", "a", "n", "b" };
	const char *sorted = "abmnz";
	struct device *device;

	begin();
	for (size_t i = 0; i < 5; i++) {
		struct config *config = calloc(1, sizeof(*config));

		strcpy(config->name, names[i]);
		assert_int_equal(devices_add(&world.manager, config, &device), 0);
		assert_ptr_equal(devices_find(&world.manager, names[i]), device);
	}
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(world.manager.devices[i]->config->name[0], sorted[i]);
	devices_forget(&world.manager, devices_find(&world.manager, "m"));
	assert_null(devices_find(&world.manager, "m"));
	assert_string_equal(world.manager.devices[2]->config->name, "n");
	assert_int_equal(world.manager.n_devices, 4);
	end();
}

/* Files come, change, break and go. */
static void test_load(void **state)
{
	begin();
	write_file("amt0.amt", TEXT);
	write_file("amt1.amt", TEXT);
	assert_int_equal(load_files(&world.manager), 0);
	assert_string_equal(world.events, "+amt0 +amt1 ");
	world.events[0] = '\0';
	/* A broken file leaves its device as it is; one that is gone does not. */
	write_file("amt0.amt", "[AMT]\nMode=nonsense\n");
	assert_int_equal(unlink(path_of("amt1.amt")), 0);
	assert_int_equal(load_files(&world.manager), 0);
	assert_string_equal(world.events, "-amt1 ");
	assert_int_equal(world.manager.broken, 1);
	assert_string_equal(devices_find(&world.manager, "amt0")->config->description, "Sport");
	/* Two files of one name: the second is skipped. */
	world.events[0] = '\0';
	write_file("amt0.amt", TEXT);
	write_file("b.amt", "[AMT]\nName=amt0\nLink=eth1\n[Relay]\nAddress=192.0.2.1\n");
	assert_int_equal(load_files(&world.manager), 0);
	assert_string_equal(world.events, "");
	assert_string_equal(devices_find(&world.manager, "amt0")->config->link, "eth0");
	assert_int_equal(world.manager.broken, 0);
	end();
}

/* A load without memory: nothing is there twice or half, and the next load does all. */
static void test_load_without_memory(void **state)
{
	long n;
	int r = -1;

	begin();
	write_file("amt0.amt", TEXT);
	write_file("amt1.amt", TEXT);
	for (n = 0; n < ALLOCATIONS_MAX; n++) {
		allocations_left = n;
		world.events[0] = '\0';
		r = load_files(&world.manager);
		if (allocations_left >= 0)
			break; /* none failed */
		allocations_left = -1;
		if (r < 0)
			assert_int_equal(r, -ENOMEM);
		assert_int_equal(load_files(&world.manager), 0);
		assert_string_equal(world.events, "+amt0 +amt1 ");
		assert_int_equal(world.manager.n_devices, 2);
		while (world.manager.n_devices > 0)
			devices_forget(&world.manager, world.manager.devices[0]);
	}
	allocations_left = -1;
	assert_in_range(n, 10, ALLOCATIONS_MAX - 1);
	assert_int_equal(r, 0);
	assert_string_equal(world.events, "+amt0 +amt1 ");
	end();
}

static int make_root(void **state)
{
	return mkdtemp(root) ? setenv("AMTD_ROOT", root, 1) : -1;
}

static int remove_root(void **state)
{
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_and_delete),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_wing_fails),
		cmocka_unit_test(test_pass_fails),
		cmocka_unit_test(test_file_fails),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_add_fails),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_without_memory),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
