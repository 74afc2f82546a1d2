/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State that outlives amtd, as lines; and the numbers of a table's interfaces. */
#include "amtd/forward/vifs.h"
#include "base/state-log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/amtd-state.XXXXXX";
static char seen[4096];

static struct state_log *open_log(void)
{
	struct state_log *log;

	assert_int_equal(state_log_open("/run/amt/members", "p0", &log), 0);
	return log;
}

static void on_line(const char *line, void *userdata)
{
	strcat(seen, line);
	strcat(seen, ";");
}

static const char *lines(struct state_log *log)
{
	seen[0] = '\0';
	state_log_each(log, on_line, NULL);
	return seen;
}

static int append(struct state_log *log, const char *text)
{
	FILE *stream = state_log_begin(log);

	assert_non_null(stream);
	fputs(text, stream);
	return state_log_end(log);
}

static void write_one(FILE *stream, void *userdata)
{
	fputs(userdata, stream);
}

static char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/run/amt/%s", root, name);
	return path;
}

static void test_last_counts(void **state)
{
	struct state_log *log = open_log();
	struct stat status;
	FILE *file;

	assert_string_equal(lines(log), "");
	assert_int_equal(append(log, "a 1 x\nb 1 x\na 10 x\n"), 0);
	assert_int_equal(append(log, "a 1 y\n"), 0);
	assert_string_equal(lines(log), ""); /* of before alone */
	state_log_close(log, false);
	assert_int_equal(stat(path_of("members/p0"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);

	file = fopen(path_of("members/p0"), "a");
	fputs("b 1 partial", file);
	fclose(file);
	log = open_log();
	assert_string_equal(lines(log), "b 1 x;a 10 x;a 1 y;");
	assert_int_equal(state_log_rewrite(log, write_one, (void *)"c 1\n"), 0);
	assert_string_equal(lines(log), "");
	assert_int_equal(append(log, "c 2\n"), 0);
	state_log_close(log, false);
	log = open_log();
	assert_string_equal(lines(log), "c 1;c 2;");
	state_log_close(log, true);
	assert_int_equal(access(path_of("members/p0"), F_OK), -1);
}

/* It does not grow without bound. */
static void test_bounded(void **state)
{
	struct state_log *log = open_log();
	char text[1025];
	int r = 0, n = 0;

	memset(text, 'x', sizeof(text) - 2);
	strcpy(text + sizeof(text) - 2, "\n");
	while (r == 0 && n++ < 1000)
		r = append(log, text);
	assert_int_equal(r, 1);
	assert_true(n < 100);
	assert_int_equal(state_log_rewrite(log, write_one, (void *)text), 0);
	assert_int_equal(append(log, text), 0);
	state_log_close(log, true);
}

static void test_vifs(void **state)
{
	static const char *const invalid[] = {
		"0",	  "0 2",     "0 2\n0 3\n",     "0 2\n1 2\n",
		"32 2\n", "0 0\n",   "-1 2\n",	       "0 2 3\n",
		" 0 2\n", "0 2\n\n", "0 2147483648\n", "0 222222222222222222222222222222222\n",
	};
	int vifs[MROUTE_INTERFACES] = { [0] = 2, [31] = 2147483647 }, read[MROUTE_INTERFACES];

	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		assert_int_equal(vifs_parse(invalid[i], read), -EINVAL);
	assert_int_equal(vifs_load("mroute-4-0", read), -ENOENT);
	assert_int_equal(vifs_save("mroute-4-0", vifs), 0);
	assert_int_equal(vifs_load("mroute-4-0", read), 0);
	assert_memory_equal(vifs, read, sizeof(vifs));
	vifs_remove("mroute-4-0");
	assert_int_equal(vifs_load("mroute-4-0", read), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_counts),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_vifs),
	};
	char command[128];
	int failed;

	assert_non_null(mkdtemp(root));
	setenv("AMTD_ROOT", root, 1);
	snprintf(command, sizeof(command), "mkdir -p %s/run/amt", root);
	assert_int_equal(system(command), 0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
	return failed;
}
