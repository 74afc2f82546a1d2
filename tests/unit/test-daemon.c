/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd as a whole, by its files and its bus: devices come, change and go as amt(5), amtd(8) and
 * amtctl(1) have it.
 */
#include "amtd/api/bus.h"
#include "amtd/core/devices.h"
#include "amtd/core/manager.h"
#include "daemon-client.h"
#include "device/device.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define PROXY "[AMT]\nMode=proxy\n[Forward]\nUpstream=up0\nDownstream=lan0\n"

static void test_nothing(void **state)
{
	world_start();
	client_open();
	assert_int_equal(json_array_size(ask("Describe", "s", "")->json), 0);
	assert_int_equal(json_array_size(ask("Channels", "")->json), 0);
	assert_refused(ask("Describe", "s", "amt7"), BUS_ERROR_NO_SUCH_DEVICE, "no device");
	assert_string_equal(look_into(ask("Daemon", "")->json, "version"), AMTD_VERSION);
	assert_string_equal(look_daemon("devices"), "0");
	assert_string_equal(look_daemon("broken_files"), "0");
	assert_string_equal(look_daemon("channels"), "0");
	assert_string_equal(look_daemon("prober.sent"), "0");
	assert_string_equal(look_daemon("queue.packets"), "0");
	assert_string_equal(look_daemon("queue_error"), "");
	assert_refused(ask("Dance", ""), "org.freedesktop.DBus.Error.UnknownMethod", "Dance");
	assert_refused(ask("Describe", "u", 7), "org.freedesktop.DBus.Error.InvalidArgs", "");
	client_close();
	world_stop();
}

/* amtctl(1): "Write the device file /run/amt/name.amt and make the device"; "Remove that file and
 * the device". */
static void test_create_delete(void **state)
{
	const struct answer *answer;

	world_start();
	client_open();
	answer = ask("Create", "ss", "p0", PROXY "[AMT]\nDescription=the LAN\n");
	assert_granted(answer);
	assert_string_equal(look_into(answer->json, "ifname"), "p0");
	assert_string_equal(look_into(answer->json, "mode"), "proxy");
	assert_string_equal(look_into(answer->json, "description"), "the LAN");
	assert_string_equal(look_into(answer->json, "state"), "running");
	assert_string_equal(look_into(answer->json, "file"), world_path("/run/amt/p0.amt"));
	assert_string_equal(look_into(answer->json, "port"), "0");
	assert_string_equal(world_read("/run/amt/p0.amt"), PROXY "[AMT]\nDescription=the LAN\n");

	UNTIL(event_looks("created", "p0", "mode", "proxy"));
	assert_string_equal(event_look("created", "p0", "file"), world_path("/run/amt/p0.amt"));
	UNTIL(event_looks("state", "p0", "state", "running"));
	/* "but for the first one of a device" */
	assert_string_equal(event_look("state", "p0", "former_state"), "");
	assert_string_equal(look_daemon("devices"), "1");

	answer = ask("Describe", "s", "");
	assert_int_equal(json_array_size(answer->json), 1);
	assert_string_equal(look_into(answer->json, "0.ifname"), "p0");

	assert_refused(ask("Create", "ss", "p0", PROXY), BUS_ERROR_EXISTS,
		       world_path("/run/amt/p0.amt"));
	assert_granted(ask("Delete", "s", "p0"));
	UNTIL(event_count("removed") == 1);
	assert_string_equal(event_look("removed", NULL, "ifname"), "p0");
	assert_false(world_has("/run/amt/p0.amt"));
	assert_refused(ask("Delete", "s", "p0"), BUS_ERROR_NO_SUCH_DEVICE, "no device");
	assert_refused(ask("Describe", "s", "p0"), BUS_ERROR_NO_SUCH_DEVICE, "no device");
	client_close();
	world_stop();
}

/* Whatever is wrong with what was asked for, nothing is left of it. */
static void test_create_refused(void **state)
{
	static const struct {
		const char *name, *text, *error, *words;
	} cases[] = {
		{ "a/b", PROXY, BUS_ERROR_INVALID, "interface name" },
		{ "sixteen-bytes-it", PROXY, BUS_ERROR_INVALID, "interface name" },
		{ "p0", PROXY "[AMT]\nName=p1\n", BUS_ERROR_INVALID, "Name=" },
		{ "p0", PROXY "Upstraem=eth0\n", BUS_ERROR_INVALID, "Upstraem" },
		{ "p0", "[AMT]\nMode=bridge\n", BUS_ERROR_INVALID, "bridge" },
		{ "p0", "[AMT]\nMode=relay\n", BUS_ERROR_INVALID, "Link=" },
		{ "p0", "[AMT]\nLink=up0\n", BUS_ERROR_INVALID, "Address=" },
		{ "p0", PROXY "[Match]\nHost=!*\n", BUS_ERROR_INVALID, "[Match]" },
		{ "p0", "[AMT]\nLink=eth9\n[Relay]\nAddress=192.0.2.1\n", BUS_ERROR_FAILED,
		  "eth9" },
		{ "p0", "[AMT]\nLink=lo\n[Relay]\nAddress=192.0.2.1\n", BUS_ERROR_FAILED, "lo" },
	};
	char name[300], path[64];

	world_start();
	client_open();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_refused(ask("Create", "ss", cases[i].name, cases[i].text), cases[i].error,
			       cases[i].words);
		snprintf(path, sizeof(path), "/run/amt/%s.amt", cases[i].name);
		assert_false(world_has(path));
		assert_string_equal(look_daemon("devices"), "0");
	}
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_refused(ask("Create", "ss", name, PROXY), BUS_ERROR_INVALID, "name");

	/* Where the file is there and not in use, it may not be replaced. */
	world_write("/etc/amt/p0.amt", "");
	assert_refused(ask("Create", "ss", "p0", PROXY), BUS_ERROR_EXISTS,
		       world_path("/etc/amt/p0.amt"));
	client_close();
	world_stop();
}

/* A file that cannot be written: the device goes again. */
static void test_unwritable(void **state)
{
	world_start();
	client_open();
	world_shell("rm -rf '%s' && ln -s /proc/nowhere '%s'", world_path("/run/amt"),
		    world_path("/run/amt"));
	assert_refused(ask("Create", "ss", "p0", PROXY), BUS_ERROR_FAILED, "p0.amt");
	assert_string_equal(look_daemon("devices"), "0");
	client_close();
	world_kill();
}

/* amtctl(1), delete; amtd(8): files elsewhere are somebody else's. */
static void test_delete_foreign(void **state)
{
	world_write("/etc/amt/p0.amt", PROXY);
	world_start();
	client_open();
	assert_refused(ask("Delete", "s", "p0"), BUS_ERROR_FAILED, world_path("/etc/amt/p0.amt"));
	assert_true(world_has("/etc/amt/p0.amt"));
	assert_looks("p0", "state", "running");
	client_close();
	world_stop();
}

/* amt(5): which file counts, drop-ins, masks, broken ones. */
static void test_files(void **state)
{
	world_write("/usr/lib/amt/p0.amt", PROXY "[AMT]\nDescription=vendor\n");
	world_write("/etc/amt/p0.amt", PROXY "[AMT]\nDescription=admin\n");
	world_write("/usr/lib/amt/p1.amt", PROXY);
	world_write("/etc/amt/p1.amt", "");
	world_write("/run/amt/p2.amt", "[AMT]\nMode=proxy\nName=other\n[Forward]\nUpstream=up0\n");
	world_write("/etc/amt/p2.amt.d/text.conf", "[AMT]\nDescription=dropped in\n");
	world_write("/etc/amt/p3.amt", "[AMT]\nMode=relay\n"); /* a key that must be there is not */
	world_write("/etc/amt/p4.amt", PROXY "[Match]\nHost=!*\n");
	world_write("/etc/amt/p5.amt", PROXY "[AMT]\nName=other\n"); /* taken */
	world_start();
	assert_string_equal(look_daemon("devices"), "2");
	assert_string_equal(look_daemon("broken_files"), "1");
	assert_looks("p0", "description", "admin");
	assert_looks("p0", "dropins", "[]");
	assert_looks("other", "description", "dropped in");
	assert_looks("other", "file", world_path("/run/amt/p2.amt"));
	assert_looks("other", "dropins.0", world_path("/etc/amt/p2.amt.d/text.conf"));
	world_stop();
}

/* amtctl(1): "Read all device files again and apply what changed." */
static void test_reload(void **state)
{
	char since[32];

	world_write("/etc/amt/p0.amt", PROXY);
	world_write("/etc/amt/p1.amt", PROXY "[AMT]\nDescription=before\n");
	world_write("/etc/amt/p2.amt", PROXY);
	world_write("/etc/amt/p3.amt", PROXY "[AMT]\nDescription=whole\n");
	world_start();
	client_open();
	snprintf(since, sizeof(since), "%s", look("p0", "state_since_usec"));

	world_write("/etc/amt/p1.amt", PROXY "[AMT]\nDescription=after\n");
	world_remove("/etc/amt/p2.amt");
	world_write("/etc/amt/p3.amt", "[AMT]\nMode=relay\n"); /* broken now */
	world_write("/etc/amt/p4.amt", PROXY);
	assert_granted(ask("Reload", ""));
	assert_looks("p0", "state_since_usec", since);
	assert_looks("p1", "description", "after");
	assert_looks("p2", "ifname", "");
	/* "A broken file leaves its device as it is." */
	assert_looks("p3", "description", "whole");
	assert_looks("p3", "mode", "proxy");
	assert_looks("p4", "state", "running");
	assert_string_equal(look_daemon("broken_files"), "1");
	assert_string_equal(look_daemon("devices"), "4");
	UNTIL(event_count("created") == 1 && event_count("removed") == 1);
	assert_string_equal(event_look("created", NULL, "ifname"), "p4");
	assert_string_equal(event_look("removed", NULL, "ifname"), "p2");

	world_remove("/etc/amt/p3.amt");
	assert_granted(ask("Reload", ""));
	assert_looks("p3", "ifname", "");
	assert_string_equal(look_daemon("broken_files"), "0");
	client_close();
	world_stop();
}

/* What was created stays over a restart, for its file does. */
static void test_restart(void **state)
{
	world_start();
	client_open();
	assert_granted(ask("Create", "ss", "p0", PROXY));
	client_close();
	world_kill();
	world_start();
	assert_looks("p0", "state", "running");
	world_stop();
	world_start();
	assert_looks("p0", "state", "running");
	world_stop();
}

/* ---- the bus -------------------------------------------------------------------------------- */

static void test_socket(void **state)
{
	struct stat info;
	struct bus *bus;
	char path[300];

	world_start();
	/* amtd(8): "only root may use it" */
	assert_int_equal(stat(world_bus(), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(bus_listen(world_event(), world_bus(), world_manager(), &bus),
			 -EADDRINUSE);
	assert_true(world_has("/run/amt/bus"));
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(bus_listen(world_event(), path, world_manager(), &bus), -ENAMETOOLONG);
	assert_int_equal(
		bus_listen(world_event(), world_path("/nowhere/bus"), world_manager(), &bus),
		-ENOENT);
	world_stop();
	assert_false(world_has("/run/amt/bus"));
}

/* What a killed amtd leaves is in nobody's way. */
static void test_stale_socket(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world_bus());
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	world_start();
	client_open();
	assert_granted(ask("Daemon", ""));
	client_close();
	world_stop();
}

/* amtctl(1): "As many events as 'count' were not read fast enough; those that came before were
 * told". */
static void test_lost_events(void **state)
{
	const unsigned int n = 6000;
	struct device *device;
	size_t told;

	world_write("/etc/amt/r0.amt", "[AMT]\nMode=relay\nLink=eth9\n");
	world_start();
	client_open();
	world_settle();
	device = devices_find(world_manager(), "r0");
	events_forget();
	for (unsigned int i = 0; i < n; i++)
		device_set_state(device, DEVICE_WAITING, "change %u", i);
	UNTIL(event_count("lost") == 1);
	told = event_count("state");
	assert_true(told > 0);
	assert_int_equal(told + strtoul(event_look("lost", NULL, "count"), NULL, 10), n);
	assert_string_equal(event_look("lost", NULL, "ifname"), "");

	/* From then on all is told again. */
	device_set_state(device, DEVICE_RUNNING, "at last");
	UNTIL(event_looks("state", "r0", "reason", "at last"));
	assert_string_equal(event_look("state", "r0", "former_state"), "waiting");
	client_close();
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_create_delete, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_create_refused, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_unwritable, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_delete_foreign, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_files, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_reload, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_restart, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_socket, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_stale_socket, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_lost_events, world_setup, world_teardown),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
	world_leave();
	return failed;
}
