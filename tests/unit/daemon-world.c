/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon-world.h"

#include "../become-root.h"
#include "amtd/api/bus.h"
#include "amtd/channels/wing.h"
#include "amtd/core/daemon.h"
#include "amtd/core/manager.h"
#include "amtd/forward/wing.h"
#include "amtd/gateway/wing.h"
#include "amtd/relay/wing.h"
#include "base/clock.h"
#include "base/file.h"
#include "fake-kernel.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SKIPPED	    77 /* for meson */
#define QUEUE_BASE  2268
#define PATIENCE    (60 * USEC_PER_SEC) /* User-Mode Linux is slow */
#define TURN_USEC   (5 * USEC_PER_MSEC)
#define LINKS	    3
#define READ_MAX    (1024 * 1024)
#define OTHERS_MAX  8
#define COMMAND_MAX 2048

static const struct wing *const wings[] = {
	&gateway_wing, &channels_wing, &forward_wing, &relay_wing, NULL,
};

static struct {
	char root[64];
	char bus_path[PATH_MAX];
	int host, peer; /* network namespaces */
	sd_event *event;
	struct manager *manager;
	struct bus *bus;
	char *read;
	struct {
		void (*serve)(void *userdata);
		void *userdata;
	} others[OTHERS_MAX];
	size_t n_others;
} world = { .host = -1, .peer = -1 };

/* ---- namespaces ----------------------------------------------------------------------------- */

/* What the host is made of, and what is asked about it. */
static void need(const char *command)
{
	if (system(command) == 0)
		return;
	fprintf(stderr, "skipped, for this fails: %s\n", command);
	exit(SKIPPED);
}

void world_enter(void)
{
	if (!become_root()) {
		warn("no user namespace");
		exit(SKIPPED);
	}
	if (unshare(CLONE_NEWNET) < 0) {
		warn("no network namespace");
		exit(SKIPPED);
	}
	need("ip link add up0 type veth peer name upp");
	need("nft list tables");
	snprintf(world.root, sizeof(world.root), "/tmp/amtd-unit-XXXXXX");
	if (!mkdtemp(world.root) || setenv("AMTD_ROOT", world.root, 1) < 0)
		err(1, "%s", world.root);
	(void)unsetenv("NOTIFY_SOCKET");
	if (file_path(world.bus_path, BUS_SOCKET) < 0)
		errx(1, "%s", world.root);
}

void world_leave(void)
{
	char command[COMMAND_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s'", world.root);
	if (system(command) != 0)
		warnx("%s is left", world.root);
	free(world.read);
	world.read = NULL;
}

static int new_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		err(1, "unshare");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "/proc/self/ns/net");
	return fd;
}

static void go_to(int namespace)
{
	if (setns(namespace, CLONE_NEWNET) < 0)
		err(1, "setns");
}

static void run_command(const char *command)
{
	int status = system(command);

	if (status != 0)
		fail_msg("'%s' failed: %#x", command, (unsigned int)status);
}

#define FORMAT_COMMAND(command, format)                                  \
	do {                                                             \
		va_list arguments_;                                      \
		va_start(arguments_, format);                            \
		vsnprintf(command, sizeof(command), format, arguments_); \
		va_end(arguments_);                                      \
	} while (0)

void world_shell(const char *format, ...)
{
	char command[COMMAND_MAX];

	FORMAT_COMMAND(command, format);
	run_command(command);
}

void world_peer_shell(const char *format, ...)
{
	char command[COMMAND_MAX];

	FORMAT_COMMAND(command, format);
	go_to(world.peer);
	run_command(command);
	go_to(world.host);
}

int world_peer_socket(int family, int type, int protocol)
{
	int fd;

	go_to(world.peer);
	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	go_to(world.host);
	if (fd < 0)
		err(1, "socket");
	return fd;
}

/* Addresses of IPv6 are there at once. */
#define PROMPT_ADDRESSES \
	"for i in all default; do echo 0 >/proc/sys/net/ipv6/conf/$i/accept_dad; done"

/* How many links have a queue to send by: the kernel makes it after the carrier is there. */
static unsigned int count_up(void)
{
	static const char command[] = "ip -o link show up | grep -c 'state UP'";
	FILE *stream = popen(command, "re");
	unsigned int n = 0;

	if (!stream || fscanf(stream, "%u", &n) != 1)
		err(1, "%s", command);
	(void)pclose(stream);
	return n;
}

void world_links_up(void)
{
	uint64_t end = world_deadline();
	bool up;

	do {
		up = count_up() >= LINKS;
		go_to(world.peer);
		up = up && count_up() >= LINKS;
		go_to(world.host);
		assert_true(clock_monotonic() < end);
	} while (!up);
}

/* Both ends of a link have other indexes, or the kernel takes a second to see the carrier
 * (linkwatch_urgent_event() in net/core/link_watch.c). */
static void make_host(void)
{
	world.peer = new_namespace();
	run_command(PROMPT_ADDRESSES "; ip link set lo up");
	world.host = new_namespace();
	world_shell(
		PROMPT_ADDRESSES
		"; { echo link set lo up; n=10; for i in up alt lan; do n=$((n + 1)); "
		"echo link add ${i}0 index $n type veth peer name ${i}p netns /proc/%d/fd/%d; done; "
		"echo address add 192.0.2.2/24 dev up0; "
		"echo address add 198.51.100.2/24 dev alt0; "
		"echo address add 10.9.0.1/24 dev lan0; "
		"for i in up alt lan; do echo link set ${i}0 up; done; } | ip -batch -",
		getpid(), world.peer);
	world_peer_shell("echo 1 >/proc/sys/net/ipv6/conf/lanp/disable_ipv6; { "
			 "echo address add 192.0.2.1/24 dev upp; "
			 "echo address add 192.0.2.3/24 dev upp; "
			 "echo address add 198.51.100.1/24 dev altp; "
			 "for i in up alt lan; do echo link set ${i}p up; done; } | ip -batch -");
	world_links_up();
}

int world_setup(void **state)
{
	fake_reset();
	world_shell("rm -rf '%s'/*; mkdir -p '%s'/etc/amt '%s'/run/amt", world.root, world.root,
		    world.root);
	make_host();
	return 0;
}

int world_teardown(void **state)
{
	if (world.manager)
		world_kill();
	close(world.host);
	close(world.peer);
	world.host = world.peer = -1;
	world.n_others = 0;
	return 0;
}

/* ---- amtd ----------------------------------------------------------------------------------- */

int world_try_start(void)
{
	int r;

	r = sd_event_new(&world.event);
	if (r >= 0)
		r = daemon_new(world.event, QUEUE_BASE, wings, &world.manager);
	if (r >= 0)
		r = bus_listen(world.event, world.bus_path, world.manager, &world.bus);
	if (r >= 0)
		r = daemon_start(world.manager);
	if (r < 0)
		world_kill();
	return r;
}

void world_start(void)
{
	assert_int_equal(world_try_start(), 0);
}

void world_kill(void)
{
	bus_close(world.bus);
	daemon_free(world.manager);
	sd_event_unref(world.event);
	world.bus = NULL;
	world.manager = NULL;
	world.event = NULL;
}

void world_stop(void)
{
	daemon_stop(world.manager);
	world_kill();
}

struct manager *world_manager(void)
{
	return world.manager;
}

sd_event *world_event(void)
{
	return world.event;
}

const char *world_bus(void)
{
	return world.bus_path;
}

uint64_t world_deadline(void)
{
	return clock_monotonic() + PATIENCE;
}

void world_turn(uint64_t end, const char *condition, const char *file, int line)
{
	if (clock_monotonic() > end) {
		print_error("never came true: %s\n", condition);
		_fail(file, line);
	}
	for (size_t i = 0; i < world.n_others; i++)
		world.others[i].serve(world.others[i].userdata);
	if (world.event)
		(void)sd_event_run(world.event, TURN_USEC);
	else
		usleep(TURN_USEC);
}

void world_each_turn(void (*serve)(void *userdata), void *userdata)
{
	assert_true(world.n_others < OTHERS_MAX);
	world.others[world.n_others].serve = serve;
	world.others[world.n_others++].userdata = userdata;
}

void world_no_turn(void *userdata)
{
	for (size_t i = 0; i < world.n_others; i++)
		if (world.others[i].userdata == userdata) {
			world.others[i] = world.others[--world.n_others];
			return;
		}
}

void world_settle(void)
{
	while (sd_event_run(world.event, 0) > 0)
		;
}

/* ---- files ---------------------------------------------------------------------------------- */

const char *world_path(const char *path)
{
	static char full[PATH_MAX];

	assert_int_equal(file_path(full, "%s", path), 0);
	return full;
}

void world_write(const char *path, const char *text)
{
	char *directory = strdup(world_path(path));

	assert_non_null(directory);
	*strrchr(directory, '/') = '\0';
	assert_int_equal(file_make_directory(directory, 0755), 0);
	free(directory);
	assert_int_equal(file_write(world_path(path), text, strlen(text), 0644), 0);
}

void world_remove(const char *path)
{
	assert_int_equal(unlink(world_path(path)), 0);
}

bool world_has(const char *path)
{
	return access(world_path(path), F_OK) == 0;
}

const char *world_read(const char *path)
{
	size_t length;

	free(world.read);
	world.read = NULL;
	if (file_read(world_path(path), READ_MAX, &world.read, &length) < 0)
		world.read = NULL;
	return world.read ?: "";
}

static bool stream_shows(FILE *stream, const char *text)
{
	bool found = false;
	char line[1024];

	while (fgets(line, sizeof(line), stream))
		found = found || strstr(line, text);
	return found;
}

bool world_file_shows(const char *path, const char *text)
{
	FILE *stream = fopen(path, "re");
	bool found = stream && stream_shows(stream, text);

	if (stream)
		fclose(stream);
	return found;
}

bool world_shows(const char *command, const char *text)
{
	FILE *stream = popen(command, "re");
	bool found;

	if (!stream)
		err(1, "%s", command);
	found = stream_shows(stream, text);
	if (pclose(stream) != 0)
		fail_msg("'%s' failed", command);
	return found;
}
