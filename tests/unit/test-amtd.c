/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program amtd, amtd(8): options, signals, what it tells the service manager and what that
 * keeps for it. $AMTD is the program.
 */
#include "base/file.h"
#include "daemon-world.h"

#include <amt/bus.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

#define PROXY	 "[AMT]\nMode=proxy\n[Forward]\nUpstream=up0\n"
#define ARGS_MAX 8
#define JOINED	 "0xe8010101 0xc0000207"

/* ---- a service manager ---------------------------------------------------------------------- */

static struct {
	int socket;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char told[4096]; /* all of it */
	int kept;	 /* the last descriptor; -1: none */
	char kept_name[128];
} manager;

static void manager_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	manager.kept = -1;
	manager.told[0] = '\0';
	snprintf(manager.path, sizeof(manager.path), "%s", world_path("/notify"));
	memcpy(address.sun_path, manager.path, sizeof(address.sun_path));
	manager.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(manager.socket, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void manager_close(void)
{
	close(manager.socket);
	if (manager.kept >= 0)
		close(manager.kept);
}

/* sd_pid_notify_with_fds(3): FDSTORE=1 and FDNAME= with a descriptor */
static void take_descriptor(const char *text, struct msghdr *header)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(header);
	const char *name = strstr(text, "FDNAME=");
	int fd;

	if (!control || control->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	if (manager.kept >= 0)
		close(manager.kept);
	manager.kept = -1;
	if (!strstr(text, "FDSTORE=1") || !name) {
		close(fd);
		return;
	}
	manager.kept = fd;
	snprintf(manager.kept_name, sizeof(manager.kept_name), "%.*s", (int)strcspn(name + 7, "\n"),
		 name + 7);
}

static bool was_told(const char *words)
{
	char text[1024], control[256];
	ssize_t n;

	for (;;) {
		struct iovec part = { .iov_base = text, .iov_len = sizeof(text) - 1 };
		struct msghdr header = { .msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control) };
		size_t used = strlen(manager.told);

		n = recvmsg(manager.socket, &header, MSG_CMSG_CLOEXEC);
		if (n <= 0)
			return strstr(manager.told, words);
		text[n] = '\0';
		take_descriptor(text, &header);
		snprintf(manager.told + used, sizeof(manager.told) - used, "%s\n", text);
	}
}

/* ---- the program ---------------------------------------------------------------------------- */

static void run_program(char *const arguments[])
{
	int output;
	char path[PATH_MAX];

	/* The arguments may be in what world_path() returned. */
	if (file_path(path, "/output") < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(99);
	output = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (output < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(99);
	(void)signal(SIGINT, SIG_DFL); /* the shell may have had it ignored */
	execv(getenv("AMTD"), arguments);
	_exit(99);
}

/* keeps: what the manager has is handed over, sd_listen_fds_with_names(3). */
static pid_t start(bool keeps, const char *argument, ...)
{
	char *arguments[ARGS_MAX] = { (char *)"amtd" };
	size_t n = 1;
	va_list rest;
	pid_t child;
	char pid[32];

	va_start(rest, argument);
	for (; argument && n < ARGS_MAX - 1; argument = va_arg(rest, const char *))
		arguments[n++] = (char *)argument;
	va_end(rest);
	child = fork();
	assert_true(child >= 0);
	if (child > 0)
		return child;
	if (manager.path[0] != '\0')
		(void)setenv("NOTIFY_SOCKET", manager.path, 1);
	if (keeps && dup2(manager.kept, 3) == 3) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		(void)setenv("LISTEN_PID", pid, 1);
		(void)setenv("LISTEN_FDS", "1", 1);
		(void)setenv("LISTEN_FDNAMES", manager.kept_name, 1);
	}
	run_program(arguments);
	return -1;
}

static bool has_ended(pid_t child, int *ret_status)
{
	return waitpid(child, ret_status, WNOHANG) == child;
}

static int end_of(pid_t child)
{
	int status = 0;

	UNTIL(has_ended(child, &status));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool said(const char *words)
{
	return strstr(world_read("/output"), words);
}

/* The answer to a method with a string, "": it was refused. */
static const char *call(const char *socket, const char *method, const char *types, ...)
{
	sd_bus_message *message = NULL, *reply = NULL;
	static char text[8192];
	char address[PATH_MAX + 16];
	sd_bus *bus = NULL;
	const char *json;
	va_list arguments;

	text[0] = '\0';
	snprintf(address, sizeof(address), "unix:path=%s", socket);
	assert_int_equal(sd_bus_new(&bus), 0);
	assert_true(sd_bus_set_address(bus, address) >= 0);
	assert_true(sd_bus_start(bus) >= 0);
	assert_true(sd_bus_message_new_method_call(bus, &message, NULL, BUS_PATH, BUS_INTERFACE,
						   method) >= 0);
	va_start(arguments, types);
	assert_true(sd_bus_message_appendv(message, types, arguments) >= 0);
	va_end(arguments);
	if (sd_bus_call(bus, message, 0, NULL, &reply) >= 0 &&
	    sd_bus_message_read(reply, "s", &json) >= 0)
		snprintf(text, sizeof(text), "%s", json);
	sd_bus_message_unref(reply);
	sd_bus_message_unref(message);
	sd_bus_close_unref(bus);
	return text;
}

static int setup(void **state)
{
	manager.path[0] = '\0';
	return world_setup(state);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_options(void **state)
{
	static const struct {
		const char *options[2];
		int status;
		const char *words;
	} cases[] = {
		{ { "--help" }, 0, "--log-level LEVEL" },
		{ { "-h" }, 0, "--queue NUMBER" },
		{ { "--version" }, 0, "amtd " AMTD_VERSION "\n" },
		{ { "--queue", "many" }, 2, "--queue many" },
		{ { "--queue", "65530" }, 2, "--queue 65530" }, /* ten of them do not fit */
		{ { "--log-level", "loud" }, 2, "--log-level loud" },
		{ { "--dance" }, 2, "--dance" },
		{ { "--bus" }, 2, "--bus" },
		{ { "now" }, 2, "now" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t child = start(false, cases[i].options[0], cases[i].options[1], NULL);

		assert_int_equal(end_of(child), cases[i].status);
		if (!said(cases[i].words))
			fail_msg("'%s' lacks '%s'", world_read("/output"), cases[i].words);
	}
}

/* Nowhere to put its files. */
static void test_no_place(void **state)
{
	pid_t child;

	world_shell("rm -rf '%s' && ln -s /proc/nowhere '%s'", world_path("/run"),
		    world_path("/run"));
	child = start(false, NULL);
	assert_int_equal(end_of(child), 1);
	assert_true(said("cannot be created"));
	world_shell("rm '%s'", world_path("/run"));
}

/* "tells systemd(1) when it is ready"; SIGHUP: "Read the device files again and apply what
 * changed"; SIGTERM: "Stop." */
static void test_service(void **state)
{
	pid_t child, second;

	manager_open();
	world_write("/etc/amt/p0.amt", PROXY);
	child = start(false, "--log-level", "debug", "--queue", "3000", NULL);
	UNTIL(was_told("READY=1"));
	assert_non_null(strstr(call(world_bus(), "Describe", "s", "p0"), "\"ifname\":\"p0\""));

	second = start(false, NULL);
	assert_int_equal(end_of(second), 1);
	assert_true(said("another amtd is running"));
	assert_true(world_has("/run/amt/bus"));

	world_write("/etc/amt/p1.amt", PROXY);
	assert_int_equal(kill(child, SIGHUP), 0);
	UNTIL(was_told("RELOADING=1"));
	UNTIL(*call(world_bus(), "Describe", "s", "p1") != '\0');
	assert_string_equal(call(world_bus(), "Describe", "s", "p2"), "");
	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(end_of(child), 0);
	assert_true(was_told("STOPPING=1"));
	assert_false(world_has("/run/amt/bus"));
	manager_close();
}

static void test_bus(void **state)
{
	char path[PATH_MAX];
	pid_t child;

	snprintf(path, sizeof(path), "%s", world_path("/other"));
	child = start(false, "--bus", path, "--log-level", "err", NULL);
	UNTIL(world_has("/other"));
	UNTIL(strcmp(call(path, "Describe", "s", ""), "[]") == 0);
	assert_false(world_has("/run/amt/bus"));
	assert_int_equal(kill(child, SIGINT), 0);
	assert_int_equal(end_of(child), 0);

	child = start(false, "--bus", world_path("/nowhere/bus"), NULL);
	assert_int_equal(end_of(child), 1);
	assert_true(said("cannot listen"));
}

/* Memberships outlive amtd: the service manager has a copy of the socket meanwhile, and the next
 * amtd takes it up. */
static void test_kept(void **state)
{
	pid_t child;

	manager_open();
	child = start(false, NULL);
	UNTIL(was_told("READY=1"));
	assert_string_not_equal(call(world_bus(), "Join", "ss", "192.0.2.7,232.1.1.1", "up0"), "");
	UNTIL(was_told("FDSTORE=1") && manager.kept >= 0);
	assert_true(world_file_shows("/proc/net/mcfilter", JOINED));
	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(end_of(child), 0);
	assert_true(world_file_shows("/proc/net/mcfilter", JOINED));

	manager.told[0] = '\0';
	child = start(true, NULL);
	UNTIL(was_told("READY=1"));
	/* The manager's own is of no use any more; the new amtd has its membership. */
	close(manager.kept);
	manager.kept = -1;
	assert_true(world_file_shows("/proc/net/mcfilter", JOINED));
	(void)call(world_bus(), "Leave", "ss", "192.0.2.7,232.1.1.1", "up0");
	assert_string_equal(call(world_bus(), "Channels", ""), "[]");
	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(end_of(child), 0);
	assert_false(world_file_shows("/proc/net/mcfilter", JOINED));
	manager_close();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_options), TEST(test_no_place), TEST(test_service),
		TEST(test_bus),	    TEST(test_kept),
	};
	int failed;

	if (!getenv("AMTD")) {
		fputs("AMTD is not set: the program amtd to test\n", stderr);
		return 77;
	}
	world_enter();
	failed = cmocka_run_group_tests_name("amtd", tests, NULL, NULL);
	world_leave();
	return failed;
}
