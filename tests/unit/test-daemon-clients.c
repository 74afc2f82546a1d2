/* SPDX-License-Identifier: GPL-2.0-or-later */
/* amtd's socket under programs gone wild: too many, without end, and such that never read. */
#include "amtd/api/clients.h"
#include "base/clock.h"
#include "daemon-client.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

#define DEVICES 100 /* some 300 bytes of an answer each */
#define CALLS	100000
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define KEPT_MAX                                                                         \
	(24 * 1024) /* kB: what a client that does not read may cost, and malloc's slack \
		     */

static int connect_client(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world_bus());
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool is_hung_up(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK) == 0;
}

static bool has_ended(pid_t pid, int *ret_status)
{
	return waitpid(pid, ret_status, WNOHANG) == pid;
}

/* Another client is served. */
static void check_served(void)
{
	client_open();
	assert_granted(ask("Daemon", ""));
	client_close();
}

/* A script gone wild does not keep others out for good. All of them are of one user here. */
static void test_many_clients(void **state)
{
	int fds[CLIENTS_OF_USER], one_more;

	world_start();
	for (size_t i = 0; i < CLIENTS_OF_USER; i++) {
		fds[i] = connect_client();
		world_settle();
	}
	for (int i = 0; i < 10; i++) {
		one_more = connect_client();
		UNTIL(is_hung_up(one_more));
		close(one_more);
	}
	for (size_t i = 0; i < CLIENTS_OF_USER; i++) {
		assert_false(is_hung_up(fds[i]));
		close(fds[i]);
	}
	world_settle();
	check_served();
	world_stop();
}

static uint64_t cpu_usec(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return (uint64_t)usage.ru_utime.tv_sec * USEC_PER_SEC + (uint64_t)usage.ru_utime.tv_usec +
	       (uint64_t)usage.ru_stime.tv_sec * USEC_PER_SEC + (uint64_t)usage.ru_stime.tv_usec;
}

static bool is_past(uint64_t end)
{
	return clock_monotonic() > end;
}

/* The lowest free descriptor. */
static int lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

/* Clients wait while amtd has no descriptors for them, and it does nothing meanwhile; the next that
 * is free is theirs. spare: so many are left, which amtd needs for itself. */
static void check_exhausted(int spare)
{
	struct rlimit before, limit;
	uint64_t cpu, end;
	int fds[20];

	world_start();
	for (size_t i = 0; i < 20; i++)
		fds[i] = connect_client();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)(lowest_free() + spare);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

	world_settle();
	cpu = cpu_usec();
	end = clock_monotonic() + 3 * USEC_PER_SEC;
	UNTIL(is_past(end));
	cpu = cpu_usec() - cpu;
	if (cpu > 3 * USEC_PER_SEC / 20)
		fail_msg("%llu us of CPU time in 3 s", (unsigned long long)cpu);
	for (size_t i = 0; i < 20; i++)
		assert_false(is_hung_up(fds[i]));

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	check_served();
	for (size_t i = 0; i < 20; i++)
		close(fds[i]);
	world_stop();
}

static void test_no_descriptors(void **state)
{
	check_exhausted(0);
}

static void test_spare_descriptors(void **state)
{
	check_exhausted(CLIENTS_SPARE);
}

/* amtd(8): "only root, and the user that amtd runs as, may use it". Others are not let in, so no
 * method is theirs. */
static void test_other_user(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int status, fd;
	pid_t pid;

	world_start();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world_bus());
	world_shell("chmod 755 %s", world_path("/"));
	world_shell("chmod 755 %s", world_path("/run"));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
			_exit(77);
		if (access(address.sun_path, F_OK) < 0)
			_exit(2); /* it is the socket that refuses, not a directory above */
		_exit(connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
				      errno == EACCES
			      ? 0
			      : 1);
	}
	UNTIL(has_ended(pid, &status));
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) != 77) /* a user namespace of one user */
		assert_int_equal(WEXITSTATUS(status), 0);
	world_stop();
}

/* A free descriptor goes to one that waits at once, not after some time. */
static void test_next(void **state)
{
	struct rlimit before, limit;
	int first, second;
	uint64_t end;

	world_start();
	first = connect_client();
	world_settle();
	second = connect_client();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)(lowest_free() + CLIENTS_SPARE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	world_settle();
	end = clock_monotonic() + 100 * USEC_PER_MSEC;
	assert_int_equal(write(second, "\0AUTH\r\n", 7), 7);
	close(first);
	UNTIL(recv(second, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1);
	assert_false(is_past(end));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(second);
	world_stop();
}

/* ---- clients that do not read --------------------------------------------------------------- */

/* Calls, until amtd hangs up: 0. */
static int call_on(const char *interface, const char *method, const char *argument)
{
	sd_bus_message *message;
	char address[256];
	sd_bus *bus;
	int r;

	snprintf(address, sizeof(address), "unix:path=%s", world_bus());
	if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 || sd_bus_start(bus) < 0)
		return 2;
	while (sd_bus_is_ready(bus) == 0)
		if (sd_bus_process(bus, NULL) < 0)
			return 3;
	for (int i = 0; i < CALLS; i++) {
		r = sd_bus_message_new_method_call(bus, &message, NULL, BUS_PATH, interface,
						   method);
		if (r >= 0 && argument)
			r = sd_bus_message_append(message, "s", argument);
		if (r >= 0)
			r = sd_bus_send(bus, message, &(uint64_t){ 0 });
		sd_bus_message_unref(message);
		if (r >= 0)
			r = sd_bus_flush(bus);
		if (r < 0)
			return 0;
	}
	return 1;
}

static unsigned long resident_kb(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
	fclose(file);
	return pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}

static void check_dropped(const char *interface, const char *method, const char *argument)
{
	unsigned long before = resident_kb(), after;
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(call_on(interface, method, argument));
	UNTIL(has_ended(pid, &status));
	after = resident_kb();
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: not dropped: status %#x", method, (unsigned int)status);
	/* AddressSanitizer keeps what was freed. */
	if (!SANITIZED && after > before + KEPT_MAX)
		fail_msg("%s: %lu kB", method, after - before);
	check_served();
}

static void test_never_reads(void **state)
{
	char path[64];

	for (int i = 0; i < DEVICES; i++) {
		snprintf(path, sizeof(path), "/etc/amt/r%d.amt", i);
		world_write(path, "[AMT]\nMode=proxy\n[Forward]\nUpstream=eth9\n");
	}
	world_start();
	check_dropped(BUS_INTERFACE, "Describe", "");
	check_dropped(BUS_INTERFACE, "Describe", "none");
	check_dropped(BUS_INTERFACE, "Dance", "");
	check_dropped("org.freedesktop.DBus.Introspectable", "Introspect", NULL);
	world_stop();
}

/* One that reads gets all of its answers, however many it asked for at once. */
static unsigned int answered;

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	assert_null(sd_bus_message_get_error(message));
	answered++;
	return 0;
}

static void test_reads(void **state)
{
	const unsigned int n = CLIENT_CALLS_MAX;
	char address[256];
	sd_bus *bus;

	world_start();
	snprintf(address, sizeof(address), "unix:path=%s", world_bus());
	assert_int_equal(sd_bus_new(&bus), 0);
	assert_true(sd_bus_set_address(bus, address) >= 0);
	assert_true(sd_bus_start(bus) >= 0);
	assert_true(sd_bus_attach_event(bus, world_event(), 0) >= 0);
	answered = 0;
	for (unsigned int i = 0; i < n; i++)
		assert_true(sd_bus_call_method_async(bus, NULL, NULL, BUS_PATH, BUS_INTERFACE,
						     "Describe", on_answer, NULL, "s", "") >= 0);
	UNTIL(answered == n);
	(void)sd_bus_detach_event(bus);
	sd_bus_close_unref(bus);
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_clients, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptors, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_spare_descriptors, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(test_other_user, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_next, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_never_reads, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_reads, world_setup, world_teardown),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
