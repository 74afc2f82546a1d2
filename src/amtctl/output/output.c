/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/output.h"

#include "base/escape.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	bool terminal;
	bool colours;
	bool utf8;
	pid_t pager;
	char **copies; /* of output_safe() */
	size_t n_copies;
} output;

void output_begin(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	output.terminal = isatty(STDOUT_FILENO);
	output.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	/* https://no-color.org: set and not empty. */
	output.colours =
		output.terminal && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

bool output_is_terminal(void)
{
	return output.terminal;
}

bool output_is_utf8(void)
{
	return output.utf8;
}

const char *output_colour(enum colour colour)
{
	static const char *const sequences[_COLOUR_MAX] = {
		[COLOUR_NONE] = "",
		[COLOUR_GREEN] = "\033[0;1;32m",
		[COLOUR_YELLOW] = "\033[0;33m",
		[COLOUR_RED] = "\033[0;1;31m",
		[COLOUR_BOLD] = "\033[0;1m",
		[COLOUR_DIM] = "\033[0;2m",
	};

	return output.colours ? sequences[colour] : "";
}

const char *output_reset(void)
{
	return output.colours ? "\033[0m" : "";
}

const char *output_escape(const char *text, size_t length, char *buf, size_t size)
{
	bool ascii = !output.utf8 && (output.terminal || isatty(STDERR_FILENO));

	return (ascii ? escape_ascii : escape_text)(text, length, buf, size);
}

/* With sudo the pager would give whoever may run amtctl a shell of root: then less alone, in its
 * secure mode. */
static void run_pager(void)
{
	const char *command = getenv("PAGER");

	setenv("LESS", "FRSXMK", 0);
	setenv("LESSCHARSET", "utf-8", 0);
	if (getenv("SUDO_UID")) {
		setenv("LESSSECURE", "1", 1);
		command = NULL;
	}

	if (command)
		execl("/bin/sh", "sh", "-c", command, NULL);
	execlp("less", "less", NULL);
	execlp("more", "more", NULL);
	execlp("cat", "cat", NULL);
	_exit(127);
}

void output_page(const struct settings *settings)
{
	const char *command = getenv("PAGER");
	int pipe_fds[2];
	pid_t pid;

	if (!settings->pager || !output.terminal || output.pager > 0)
		return;
	if (command && (!*command || strcmp(command, "cat") == 0))
		return;
	if (pipe(pipe_fds) < 0)
		return;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(pipe_fds[0], STDIN_FILENO);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		run_pager();
	}
	if (pid > 0) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		output.pager = pid;
		/* Leaving the pager early is no failure, and ^C is the pager's. */
		signal(SIGPIPE, SIG_IGN);
		signal(SIGINT, SIG_IGN);
	}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

int output_end(void)
{
	bool bad = ferror(stdout);

	bad |= fclose(stdout) != 0;
	if (output.pager > 0) {
		while (waitpid(output.pager, NULL, 0) < 0 && errno == EINTR)
			;
		bad = false;
	}
	while (output.n_copies > 0)
		free(output.copies[--output.n_copies]);
	free(output.copies);
	output.copies = NULL;

	return bad ? -EIO : 0;
}

const char *output_safe(const char *text)
{
	size_t length = text ? strlen(text) : 0;
	char **copies, *copy;

	if (length == 0)
		return "";

	copies = reallocarray(output.copies, output.n_copies + 1, sizeof(*copies));
	if (!copies)
		return "(out of memory)";
	output.copies = copies;

	copy = malloc(ESCAPED_MAX(length));
	if (!copy)
		return "(out of memory)";
	copies[output.n_copies++] = copy;

	return output_escape(text, length, copy, ESCAPED_MAX(length));
}

/* A character of UTF-8 never holds a newline's byte, so a piece ends where one does. */
void output_file(const char *text, size_t length)
{
	const char *end = text + length, *p;
	char *buf;

	if (!output.terminal) {
		fwrite(text, 1, length, stdout);
		return;
	}

	buf = malloc(ESCAPED_MAX(length));
	if (!buf)
		return;
	for (; text < end; text = p) {
		for (p = text; p < end && *p != '\n' && *p != '\t'; p++)
			;
		fputs(output_escape(text, p - text, buf, ESCAPED_MAX(length)), stdout);
		if (p < end)
			putchar(*p++);
	}
	free(buf);
}

/* jansson leaves DEL as it is; outside of strings there is none. */
static int write_json(const char *text, size_t length, void *userdata)
{
	for (size_t i = 0; i < length; i++)
		if (!output.terminal || text[i] != 0x7f)
			putchar(text[i]);
		else
			fputs("\\u007F", stdout);
	return 0;
}

void output_json(const struct settings *settings, const json_t *json)
{
	size_t flags = JSON_ENCODE_ANY;

	flags |= settings->json == JSON_MODE_PRETTY ? JSON_INDENT(8) : JSON_COMPACT;
	/* Else jansson leaves C1 controls as they are. */
	if (output.terminal)
		flags |= JSON_ENSURE_ASCII;

	(void)json_dump_callback(json, write_json, NULL, flags);
	putchar('\n');
}

int output_error(enum exit_code code, const char *format, ...)
{
	char text[2048], safe[ESCAPED_MAX(sizeof(text))];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);

	fprintf(stderr, "amtctl: %s\n", output_escape(text, strlen(text), safe, sizeof(safe)));
	return code;
}
