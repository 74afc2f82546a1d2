/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The syntax, systemd.syntax(7). */
#include "base/conf.h"

#include "base/escape.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION_MAX 64	/* bytes in a section's name, with the NUL */
#define SHOWN_MAX   48	/* bytes of a line that a warning shows, with the NUL */
#define WARNING_MAX 512 /* bytes in a warning, with the NUL */

#define BLANKS " \t\r"

enum section_state {
	SECTION_NONE,	/* before the first */
	SECTION_BROKEN, /* assignments have no section: skipped without warnings */
	SECTION_GOOD,
};

struct conf_parser {
	const struct conf_handler *handler;
	const char *file;
	unsigned int warnings;
	unsigned int warned_line; /* 0: none */
	uint64_t warned_once;	  /* 1 << id */

	enum section_state section_state;
	char section[SECTION_MAX];
	unsigned int *section_number;

	/* The logical line that is being joined. */
	char *line;
	size_t size, length;
	unsigned int first; /* its first physical line; 0: none is being joined */
	bool too_long;
};

static void __attribute__((format(printf, 3, 0)))
parser_vwarn(struct conf_parser *parser, unsigned int line, const char *format, va_list ap)
{
	const struct conf_place place = { parser->file, line };
	char raw[WARNING_MAX], text[WARNING_MAX];

	if (parser->warnings > CONF_WARNINGS_MAX || (line > 0 && parser->warned_line == line))
		return;

	parser->warned_line = line;
	if (++parser->warnings > CONF_WARNINGS_MAX) {
		const struct conf_place file = { parser->file, 0 };

		parser->handler->warning(
			&file,
			"further warnings about this file are suppressed; fix those above first",
			parser->handler->userdata);
		return;
	}

	vsnprintf(raw, sizeof(raw), format, ap);
	escape_text(raw, strlen(raw), text, sizeof(text));
	parser->handler->warning(&place, text, parser->handler->userdata);
}

static void __attribute__((format(printf, 2, 3)))
parser_warn(struct conf_parser *parser, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	parser_vwarn(parser, parser->first, format, ap);
	va_end(ap);
}

void conf_warn(const struct conf_assignment *assignment, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	parser_vwarn(assignment->parser, assignment->place.line, format, ap);
	va_end(ap);
}

void conf_warn_once(const struct conf_assignment *assignment, unsigned int id, const char *format,
		    ...)
{
	struct conf_parser *parser = assignment->parser;
	va_list ap;

	if (parser->warned_once & UINT64_C(1) << id)
		return;
	parser->warned_once |= UINT64_C(1) << id;
	va_start(ap, format);
	parser_vwarn(parser, assignment->place.line, format, ap);
	va_end(ap);
}

/* Remove the blanks at both ends of text. */
static char *strip(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	for (length = strlen(text); length > 0 && strchr(BLANKS, text[length - 1]); length--)
		;
	text[length] = '\0';
	return text;
}

static const char *shown(const char *text, char buf[static SHOWN_MAX])
{
	return escape_text(text, strlen(text), buf, SHOWN_MAX);
}

/* False, with a warning: the line is not text. */
static bool is_text(struct conf_parser *parser)
{
	size_t i, n;
	uint32_t c;

	for (i = 0; i < parser->length; i += n) {
		n = escape_decode(parser->line + i, parser->length - i, &c);
		if (n == 0) {
			parser_warn(
				parser,
				"not UTF-8 at byte %zu (0x%02x); line ignored, save the file as UTF-8 text",
				i + 1, (unsigned int)(uint8_t)parser->line[i]);
			return false;
		}
		if ((c < 0x20 && !strchr("\t\r", (int)c)) || c == 0 || c == 0x7f) {
			parser_warn(parser,
				    "control character 0x%02x at byte %zu; line ignored, remove it",
				    c, i + 1);
			return false;
		}
	}
	return true;
}

static void parse_header(struct conf_parser *parser, char *line)
{
	size_t length = strlen(line);
	char buf[SHOWN_MAX];

	parser->section_state = SECTION_BROKEN;
	if (line[length - 1] != ']')
		parser_warn(parser, "missing ']' in \"%s\"; ignored up to the next section header",
			    shown(line, buf));
	else if (length == 2)
		parser_warn(parser, "section header without a name; ignored up to the next one");
	else if (length - 2 >= SECTION_MAX)
		parser_warn(parser, "unknown section \"%s\"; ignored up to the next section header",
			    shown(line, buf));
	else {
		memcpy(parser->section, line + 1, length - 2);
		parser->section[length - 2] = '\0';
		parser->section_state = SECTION_GOOD;
		(*parser->section_number)++;
	}
}

static int parse_assignment(struct conf_parser *parser, char *line)
{
	char *equals = strchr(line, '='), buf[SHOWN_MAX];
	struct conf_assignment assignment;

	if (parser->section_state == SECTION_BROKEN)
		return 0;
	if (!equals) {
		parser_warn(parser, "missing '=' in \"%s\"; line ignored, write KEY=VALUE",
			    shown(line, buf));
		return 0;
	}
	if (parser->section_state == SECTION_NONE) {
		parser_warn(
			parser,
			"\"%s\" is before the first section; line ignored, put a [SECTION] line above it",
			shown(line, buf));
		return 0;
	}

	*equals = '\0';
	assignment = (struct conf_assignment){
		.place = { parser->file, parser->first },
		.section = parser->section,
		.section_number = *parser->section_number,
		.key = strip(line),
		.value = strip(equals + 1),
		.parser = parser,
	};
	if (assignment.key[0] == '\0') {
		parser_warn(parser, "missing key before '='; line ignored, write KEY=VALUE");
		return 0;
	}
	return parser->handler->assignment(&assignment, parser->handler->userdata);
}

/* The logical line is complete. */
static int finish_line(struct conf_parser *parser)
{
	bool header = parser->length > 0 && parser->line[strspn(parser->line, BLANKS)] == '[';
	char *line;
	int r = 0;

	if (parser->too_long)
		parser_warn(parser, "line of more than %d bytes; ignored, split it into several",
			    CONF_LINE_MAX);
	else if (is_text(parser)) {
		line = strip(parser->line);
		if (line[0] == '[')
			parse_header(parser, line);
		else if (line[0] != '\0')
			r = parse_assignment(parser, line);
		header = false;
	}
	if (header)
		parser->section_state = SECTION_BROKEN;

	parser->first = 0;
	parser->length = 0;
	parser->too_long = false;
	return r;
}

/* With room for a trailing NUL. */
static void append_text(struct conf_parser *parser, const char *text, size_t length)
{
	size_t n = length;

	if (n > parser->size - 1 - parser->length) {
		n = parser->size - 1 - parser->length;
		parser->too_long = true;
	}
	memcpy(parser->line + parser->length, text, n);
	parser->length += n;
	parser->line[parser->length] = '\0';
}

static bool is_comment(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length && strchr(" \t", text[i]) && text[i] != '\0'; i++)
		;
	return i < length && (text[i] == '#' || text[i] == ';');
}

/* One physical line, without its newline. */
static int parse_line(struct conf_parser *parser, const char *text, size_t length,
		      unsigned int number)
{
	size_t backslashes = 0;

	while (length > 0 && text[length - 1] == '\r')
		length--;

	/* Also between continued lines: these go on below the comment. */
	if (is_comment(text, length))
		return 0;

	while (backslashes < length && text[length - 1 - backslashes] == '\\')
		backslashes++;

	if (parser->first == 0)
		parser->first = number;
	if (backslashes % 2 == 0) {
		append_text(parser, text, length);
		return finish_line(parser);
	}
	append_text(parser, text, length - 1);
	append_text(parser, " ", 1);
	return 0;
}

static int parse_lines(struct conf_parser *parser, const char *text, size_t length)
{
	const char *end = text + length, *newline;
	unsigned int number = 1;
	int r;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;

	for (; text < end; text = newline + 1, number++) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			newline = end;
		r = parse_line(parser, text, (size_t)(newline - text), number);
		if (r < 0)
			return r;
		if (newline == end)
			break;
	}
	return parser->first > 0 ? finish_line(parser) : 0;
}

int conf_parse_text(const char *file, const char *text, size_t length, unsigned int *section_number,
		    const struct conf_handler *handler)
{
	struct conf_parser parser = {
		.handler = handler,
		.file = file,
		.section_number = section_number,
		/* A backslash at the very end becomes a blank, so length suffices. */
		.size = (length < CONF_LINE_MAX ? length : CONF_LINE_MAX) + 1,
	};
	int r;

	if (length > CONF_FILE_MAX) {
		parser_warn(&parser, "larger than %d MiB; not read, split it into several files",
			    CONF_FILE_MAX / 1024 / 1024);
		return -EFBIG;
	}

	parser.line = malloc(parser.size);
	if (!parser.line)
		return -ENOMEM;

	r = parse_lines(&parser, text, length);
	free(parser.line);
	return r;
}
