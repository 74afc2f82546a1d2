/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtctl on a terminal, with an amtd whose every string is hostile: what comes out is text, colours
 * of its own, and nothing else. The answers have all fields that amtd's tables have, with their
 * types. $AMTCTL: the program.
 */
#include "amtd/api/describe-channel.h"
#include "amtd/api/describe-daemon.h"
#include "amtd/api/describe-device.h"
#include "amtd/api/describe-event.h"
#include "base/array.h"

#include <amt/bus.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

/* CSI, OSC, DCS and their C1 forms, the cursor, Unicode's controls of direction and lines. */
#define HOSTILE                                                   \
	"HOSTILE\033[1;5m\033]0;title\007\033P\033\\\r\n\t\b\x7f" \
	"\xc2\x9b"                                                \
	"31m\xc2\x85\xc2\x90\xd8\x9c\xe2\x80\x8f\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf\xc3\xa4"

#define PRINTED_MAX (1 << 20)

/* How strings are filled that amtctl decides by. */
struct variant {
	const char *mode, *state; /* NULL: hostile, too */
	bool errors, flags;
};

static struct {
	char directory[64], socket[96];
	int listener;
	sd_bus *bus;
	const struct variant *variant;
	const char *raw; /* instead of JSON; NULL: none */
	const char *locale;
	bool refuse;
	char *sent; /* the last answer */
	char printed[PRINTED_MAX];
	size_t length;
	int status;
} world;

/* ---- answers -------------------------------------------------------------------------------- */

static json_t *fill(const struct field *fields);

static json_t *string_for(const char *name)
{
	const char *text = strcmp(name, "mode") == 0	? world.variant->mode
			   : strcmp(name, "state") == 0 ? world.variant->state
							: NULL;
	char buf[256];

	snprintf(buf, sizeof(buf), "%s-" HOSTILE, name);
	return json_string(text ?: buf);
}

static json_t *value_for(const struct field *field)
{
	switch (field->type) {
	case FIELD_BOOL:
		return json_boolean(world.variant->flags);
	case FIELD_INT:
	case FIELD_UINT:
	case FIELD_USEC:
	case FIELD_TIME:
		return json_integer(7);
	case FIELD_STRING:
	case FIELD_ADDRESS:
		return string_for(field->name);
	case FIELD_OBJECT:
		return fill(field->fields);
	case FIELD_LIST:
		return json_pack("[o, o]", fill(field->fields), fill(field->fields));
	case FIELD_MAP:
		return json_pack("{s:o}", "key-" HOSTILE, fill(field->fields + 1));
	case FIELD_STRINGS:
		return json_pack("[o, o]", string_for(field->name), string_for(field->name));
	case FIELD_COUNTS:
		return json_pack("{s:i}", "key-" HOSTILE, 3);
	case FIELD_INLINE:
	case _FIELD_TYPE_MAX:
		break;
	}
	return NULL;
}

static json_t *fill(const struct field *fields)
{
	json_t *object = json_object();

	for (; fields->name; fields++) {
		if (!world.variant->errors && strstr(fields->name, "error"))
			continue;
		if (fields->type == FIELD_INLINE)
			json_object_update_new(object, fill(fields->fields));
		else
			json_object_set_new(object, fields->name, value_for(fields));
	}
	return object;
}

static int send_event(json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT);
	int r = sd_bus_emit_signal(world.bus, BUS_PATH, BUS_INTERFACE, "Event", "s", text);

	free(text);
	json_decref(event);
	return r;
}

/* amtctl may end at what it cannot read, before all is sent. */
static bool has_left(void)
{
	return sd_bus_is_open(world.bus) <= 0;
}

/* One of each kind, and one of none. */
static void send_events(void)
{
	for (enum event_kind kind = 0; kind < _EVENT_KIND_MAX; kind++) {
		json_t *event = fill(event_fields[kind]);

		json_object_set_new(event, "event", json_string(event_kind_string(kind)));
		assert_true(send_event(event) >= 0 || has_left());
	}
	assert_true(send_event(fill(lost_fields)) >= 0 || has_left());
	assert_true(send_event(fill(event_fields[0])) >= 0 || has_left());
}

static int on_call(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	static const struct {
		const char *method;
		const struct field *fields; /* NULL: nothing is returned */
		bool list;
	} methods[] = {
		{ "Describe", device_fields, true },
		{ "Create", device_fields, false },
		{ "Join", channel_fields, true },
		{ "Channels", channel_fields, true },
		{ "Daemon", daemon_fields, false },
		{ "Delete", NULL, false },
		{ "Leave", NULL, false },
		{ "Reload", NULL, false },
		{ "Upstream", NULL, false },
		{ "Report", NULL, false },
	};
	json_t *json;

	if (!sd_bus_message_is_method_call(call, BUS_INTERFACE, NULL))
		return 0;
	if (world.refuse)
		return sd_bus_reply_method_errorf(call, BUS_ERROR_FAILED, "%s", "no: " HOSTILE);
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].method, sd_bus_message_get_member(call)) != 0)
			continue;
		if (!methods[i].fields)
			return sd_bus_reply_method_return(call, NULL);
		json = fill(methods[i].fields);
		if (methods[i].list)
			json = json_pack("[o]", json);
		free(world.sent);
		world.sent = world.raw ? strdup(world.raw) : json_dumps(json, JSON_COMPACT);
		json_decref(json);
		return sd_bus_reply_method_return(call, "s", world.sent);
	}
	return 0;
}

static void take_client(void)
{
	sd_id128_t id;
	int fd = accept4(world.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	assert_true(fd >= 0);
	sd_bus_close_unref(world.bus);
	assert_true(sd_bus_new(&world.bus) >= 0);
	assert_true(sd_id128_randomize(&id) >= 0);
	assert_true(sd_bus_set_fd(world.bus, fd, fd) >= 0);
	assert_true(sd_bus_set_server(world.bus, 1, id) >= 0);
	assert_true(sd_bus_set_trusted(world.bus, 1) >= 0);
	assert_true(sd_bus_add_filter(world.bus, NULL, on_call, NULL) >= 0);
	assert_true(sd_bus_start(world.bus) >= 0);
}

/* ---- the program ---------------------------------------------------------------------------- */

/* False: there will be no more. */
static bool take_output(int fd)
{
	ssize_t n = read(fd, world.printed + world.length, PRINTED_MAX - 1 - world.length);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	world.length += (size_t)n;
	return true;
}

static void serve_once(int output, bool *open, bool monitored)
{
	struct pollfd fds[] = {
		{ .fd = output, .events = POLLIN },
		{ .fd = world.listener, .events = POLLIN },
		{ .fd = world.bus ? sd_bus_get_fd(world.bus) : -1, .events = POLLIN },
	};
	int r = 1;

	assert_true(poll(fds, 3, 10000) > 0);
	if (fds[0].revents)
		*open = take_output(output);
	if (fds[1].revents)
		take_client();
	while (world.bus && (r = sd_bus_process(world.bus, NULL)) > 0)
		;
	if (r < 0) {
		sd_bus_close_unref(world.bus);
		world.bus = NULL;
	}
	if (monitored && world.sent && world.bus) {
		send_events();
		(void)sd_bus_flush(world.bus);
		sd_bus_close_unref(world.bus);
		world.bus = NULL;
	}
}

static void child(char *const *arguments)
{
	setenv("AMTD_ROOT", world.directory, 1);
	setenv("TERM", "xterm", 1);
	setenv("PAGER", "", 1);
	setenv("LC_ALL", world.locale ?: "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	execv(getenv("AMTCTL"), arguments);
	_exit(127);
}

/* Output and errors together, as a user sees them. */
static void run(bool terminal, const char *line)
{
	char copy[256], name[] = "amtctl", *arguments[16] = { name }, *save = NULL;
	bool monitored = strstr(line, "monitor"), open = true;
	int output, fds[2], n = 1;
	pid_t pid;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		arguments[n++] = word;
	free(world.sent);
	world.sent = NULL;
	world.length = 0;
	if (terminal) {
		pid = forkpty(&output, NULL, NULL, NULL);
	} else {
		assert_int_equal(pipe(fds), 0);
		output = fds[0];
		pid = fork();
		if (pid == 0)
			dup2(fds[1], STDOUT_FILENO);
		close(fds[1]);
	}
	assert_true(pid >= 0);
	if (pid == 0)
		child(arguments);
	assert_int_equal(fcntl(output, F_SETFL, O_NONBLOCK), 0);
	while (open)
		serve_once(output, &open, monitored);
	world.printed[world.length] = '\0';
	close(output);
	assert_int_equal(waitpid(pid, &world.status, 0), pid);
	sd_bus_close_unref(world.bus);
	world.bus = NULL;
	assert_int_not_equal(world.length, 0);
	assert_true(WIFEXITED(world.status) && WEXITSTATUS(world.status) != 127);
}

/* ---- what a terminal may get ---------------------------------------------------------------- */

/* Length of a colour as amtctl and libsmartcols write it; 0: there is none. */
static size_t colour_at(const char *text)
{
	static const char *const colours[] = {
		"\033[0m",  "\033[m",	"\033[0;1;32m", "\033[0;33m", "\033[0;1;31m", "\033[0;1m",
		"\033[32m", "\033[33m", "\033[31m",	"\033[0;2m",  "\033[1;33m",
	};

	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		if (strncmp(text, colours[i], strlen(colours[i])) == 0)
			return strlen(colours[i]);
	return 0;
}

/* ECMA-48 (C0, DEL, C1); Unicode 15.1, 23.2: layout controls, and UAX #9, 2. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* The character at p, and its bytes; 0: it is not UTF-8. */
static size_t character_at(const uint8_t *p, uint32_t *ret)
{
	size_t n = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;

	*ret = n == 1 ? *p : n > 0 ? *p & (0x7f >> n) : 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*ret = *ret << 6 | (p[i] & 0x3f);
	}
	return n;
}

static void check_text(const char *line)
{
	size_t n;

	for (size_t i = 0; i < world.length; i += n) {
		const char *p = world.printed + i;
		uint32_t c;

		n = colour_at(p);
		if (n > 0)
			continue;
		n = character_at((const uint8_t *)p, &c);
		if (n > 0 && (*p == '\n' || *p == '\t' || (*p == '\r' && p[1] == '\n')))
			continue;
		if (n == 0 || is_control(c))
			fail_msg("%s: 0x%02x before '%.6s' is %s behind '%.*s'", line, (uint8_t)*p,
				 p + 1, n == 0 ? "no UTF-8" : "a control", (int)(i < 60 ? i : 60),
				 p - (i < 60 ? i : 60));
	}
}

static void check_shown(const char *line)
{
	if (!strstr(world.printed, "HOSTILE"))
		fail_msg("%s: nothing of it is shown: %s", line, world.printed);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static const struct variant variants[] = {
	{ NULL, NULL, true, true },
	{ NULL, NULL, false, false },
	{ "gateway", "connected", false, true },
	{ "gateway", "discovering", false, false },
	{ "gateway", "failed", true, false },
	{ "relay", "running", false, true },
	{ "relay", "joined", true, false },
	{ "proxy", "running", false, true },
	{ "proxy", "running", false, false },
	{ "proxy", "failed", true, true },
};

static const char *const reading[] = {
	"list",	    "status",  "daemon",
	"channels", "monitor", "wait-online --timeout 0.1 none ifname-" HOSTILE
};
static const char *const changing[] = {
	"create amt0 --link eth0 --relay 192.0.2.1",
	"join 192.0.2.1,232.1.1.1",
};
static const char *const silent[] = { "delete amt0", "leave 192.0.2.1,232.1.1.1", "reload",
				      "upstream amt0", "report --on eth0 232.1.1.1" };

static void run_all(const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		run(true, lines[i]);
		check_text(lines[i]);
		check_shown(lines[i]);
	}
}

static void test_answers(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		world.variant = &variants[i];
		run_all(reading, ARRAY_SIZE(reading));
		run_all(changing, ARRAY_SIZE(changing));
	}
}

/* To a terminal of ISO 8859, bytes of UTF-8 are C1 controls. */
static void test_other_locale(void **state)
{
	world.locale = "C";
	test_answers(state);
	world.variant = &variants[0];
	for (size_t i = 0; i < ARRAY_SIZE(reading); i++) {
		run(true, reading[i]);
		for (size_t j = 0; j < world.length; j++)
			if ((uint8_t)world.printed[j] >= 0x80)
				fail_msg("%s: byte 0x%02x", reading[i], (uint8_t)world.printed[j]);
	}
	world.locale = NULL;
}

static void test_refusals(void **state)
{
	world.variant = &variants[0];
	world.refuse = true;
	run_all(reading, ARRAY_SIZE(reading));
	run_all(changing, ARRAY_SIZE(changing));
	run_all(silent, ARRAY_SIZE(silent));
	world.refuse = false;
}

/* What amtd sends is not JSON. */
static void test_garbage(void **state)
{
	world.raw = "[\"" HOSTILE;
	for (size_t i = 0; i < ARRAY_SIZE(reading); i++) {
		run(true, reading[i]);
		check_text(reading[i]);
	}
	world.raw = NULL;
}

/* What the user wrote comes back in errors, invalid UTF-8 too. */
static void test_words(void **state)
{
	static const char *const lines[] = {
		"x" HOSTILE,
		"--x" HOSTILE,
		"--json=x" HOSTILE,
		"create x" HOSTILE,
		"create a --link x" HOSTILE,
		"join x" HOSTILE,
		"leave x" HOSTILE,
		"resolve x" HOSTILE,
		"zone --relay x" HOSTILE " 192.0.2.1",
		"zone --relay x.example x" HOSTILE,
		"probe --count 1 x" HOSTILE,
		"--bus /x" HOSTILE " list x" HOSTILE,
		"cat x" HOSTILE,
		"help x\xff" HOSTILE,
		"status \xff" HOSTILE,
		"-\x1b",
		"-\x9b",
	};

	world.variant = &variants[0];
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		run(true, lines[i]);
		check_text(lines[i]);
	}
}

/* JSON is the same on a terminal and in a pipe, and valid. */
static void test_json(void **state)
{
	static const char *const lines[] = {
		"--json=short list",
		"--json=pretty status",
		"--json=short daemon",
		"--json=pretty channels",
		"--json=short create amt0 --link eth0 --relay 192.0.2.1",
		"--json=short join 192.0.2.1,232.1.1.1",
	};
	json_t *sent, *got;

	world.variant = &variants[0];
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		for (int terminal = 0; terminal < 2; terminal++) {
			run(terminal, lines[i]);
			if (terminal)
				check_text(lines[i]);
			sent = json_loads(world.sent, 0, NULL);
			got = json_loads(world.printed, 0, NULL);
			if (!got || !json_equal(sent, got))
				fail_msg("%s: got %s", lines[i], world.printed);
			json_decref(sent);
			json_decref(got);
		}
}

static void write_file(const char *name, const char *text, size_t length)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/etc/amt/%s", world.directory, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	fclose(file);
}

/* A terminal sees the file escaped, a pipe gets its bytes. */
static void test_cat(void **state)
{
	static const char text[] = "[AMT]\nName=amt9\nDescription=" HOSTILE
				   "\n# \xff\xfe \x9b 31m\0 \xc0\x80\r\n\ttab\n";
	const char *body;

	write_file("amt9" HOSTILE ".amt", text, sizeof(text) - 1);
	run(true, "cat amt9");
	check_text("cat amt9");
	check_shown("cat amt9");
	run(false, "cat amt9");
	body = strchr(world.printed, '\n') + 1;
	assert_int_equal(world.length - (size_t)(body - world.printed), sizeof(text) - 1);
	assert_memory_equal(body, text, sizeof(text) - 1);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int setup(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[128];
	static const char *const directories[] = { "", "/run", "/run/amt", "/etc", "/etc/amt" };

	strcpy(world.directory, "/tmp/amtctl-terminal.XXXXXX");
	assert_non_null(mkdtemp(world.directory));
	for (size_t i = 1; i < ARRAY_SIZE(directories); i++) {
		snprintf(path, sizeof(path), "%s%s", world.directory, directories[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(world.socket, sizeof(world.socket), "%s%s", world.directory, BUS_SOCKET);
	strcpy(address.sun_path, world.socket);
	world.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(world.listener >= 0);
	assert_int_equal(bind(world.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	return listen(world.listener, 8);
}

static int teardown(void **state)
{
	char command[128];

	close(world.listener);
	free(world.sent);
	snprintf(command, sizeof(command), "rm -r %s", world.directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),	 cmocka_unit_test(test_other_locale),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_words),	 cmocka_unit_test(test_json),
		cmocka_unit_test(test_cat),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
