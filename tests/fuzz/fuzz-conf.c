/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What conf_parse_text() promises, whatever the text. */
#include "base/conf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

struct seen {
	unsigned int line, number, warnings, warned_line;
	bool complain;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void check_text(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		CHECK((uint8_t)text[i] >= 0x20 ? text[i] != 0x7f : blank(text[i]));
	CHECK(length == 0 || (!blank(text[0]) && !blank(text[length - 1])));
}

static int on_assignment(const struct conf_assignment *assignment, void *userdata)
{
	struct seen *seen = userdata;

	CHECK(assignment->place.line > seen->line);
	CHECK(assignment->section_number >= 1 && assignment->section_number >= seen->number);
	CHECK(assignment->section[0] != '\0' && assignment->key[0] != '\0');
	CHECK(!strchr(assignment->key, '='));
	check_text(assignment->key);
	check_text(assignment->value);
	CHECK(strlen(assignment->key) + strlen(assignment->value) < CONF_LINE_MAX);
	seen->line = assignment->place.line;
	seen->number = assignment->section_number;
	if (seen->complain)
		conf_warn(assignment, "%s=%s", assignment->key, assignment->value);
	return 0;
}

static void on_warning(const struct conf_place *place, const char *text, void *userdata)
{
	struct seen *seen = userdata;

	CHECK(++seen->warnings <= CONF_WARNINGS_MAX + 1);
	CHECK(place->line == 0 ? seen->warnings == CONF_WARNINGS_MAX + 1
			       : place->line > seen->warned_line);
	seen->warned_line = place->line;
	CHECK(text[0] != '\0' && strlen(text) < 1024);
	for (; *text != '\0'; text++)
		CHECK((uint8_t)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .complain = size % 2 };
	const struct conf_handler handler = { on_assignment, on_warning, &seen };
	unsigned int number = 0;

	CHECK(conf_parse_text("f", (const char *)data, size, &number, &handler) == 0);
	CHECK(number >= seen.number);
	return 0;
}
