/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Run what with stderr sent to a pipe; what it wrote is in buf. */
static void capture(void (*what)(void), char *buf, size_t size)
{
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_return_code(saved, errno);
	assert_return_code(pipe(fds), errno);
	assert_return_code(dup2(fds[1], STDERR_FILENO), errno);
	close(fds[1]);
	what();
	dup2(saved, STDERR_FILENO);
	close(saved);

	n = read(fds[0], buf, size - 1);
	close(fds[0]);
	assert_return_code(n, errno);
	buf[n] = '\0';
}

static void log_some(void)
{
	log_error("amt0", "%s is %d", "it", 1);
	log_info(NULL, "no subject");
	log_debug("amt0", "not shown");
	log_set_max_level(LOG_DEBUG);
	log_debug("amt0", "shown");
	log_set_max_level(LOG_ERR);
	log_warning("amt0", "not shown");
	log_set_max_level(LOG_INFO);
	log_notice("a\nb", "bad \x1b[31m text\n");
}

static void test_lines(void **state)
{
	char buf[1024];

	/* Inherited from a service, but stderr is another file. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	capture(log_some, buf, sizeof(buf));
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(buf, "amt0: it is 1\n"
				 "no subject\n"
				 "amt0: shown\n"
				 "a\\x0ab: bad \\x1b[31m text\\x0a\n");
}

static void log_errno(void)
{
	errno = ENOENT;
	log_error("file", "%m");
	assert_int_equal(errno, ENOENT);
	log_debug("file", "%m");
	assert_int_equal(errno, ENOENT);
}

static void test_errno(void **state)
{
	char buf[1024];

	capture(log_errno, buf, sizeof(buf));
	assert_string_equal(buf, "file: No such file or directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
