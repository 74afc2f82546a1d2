/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The contract of conf_parse_text(), for any text. */
#include "base/conf.h"
#include "input.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	unsigned int line, number, warnings, warned_line;
	bool warn;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void check_text(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		REQUIRE((uint8_t)text[i] >= 0x20 ? text[i] != 0x7f : blank(text[i]));
	REQUIRE(length == 0 || (!blank(text[0]) && !blank(text[length - 1])));
}

static int on_assignment(const struct conf_assignment *assignment, void *userdata)
{
	struct seen *seen = userdata;

	REQUIRE(assignment->place.line > seen->line);
	REQUIRE(assignment->section_number >= 1 && assignment->section_number >= seen->number);
	REQUIRE(assignment->section[0] != '\0' && assignment->key[0] != '\0');
	REQUIRE(!strchr(assignment->key, '='));
	check_text(assignment->key);
	check_text(assignment->value);
	REQUIRE(strlen(assignment->key) + strlen(assignment->value) < CONF_LINE_MAX);
	seen->line = assignment->place.line;
	seen->number = assignment->section_number;
	if (seen->warn)
		conf_warn(assignment, "%s=%s", assignment->key, assignment->value);
	return 0;
}

static void on_warning(const struct conf_place *place, const char *text, void *userdata)
{
	struct seen *seen = userdata;

	REQUIRE(++seen->warnings <= CONF_WARNINGS_MAX + 1);
	REQUIRE(place->line == 0 ? seen->warnings == CONF_WARNINGS_MAX + 1
				 : place->line > seen->warned_line);
	seen->warned_line = place->line;
	REQUIRE(text[0] != '\0' && strlen(text) < 1024);
	for (; *text != '\0'; text++)
		REQUIRE((uint8_t)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .warn = size % 2 };
	const struct conf_handler handler = { on_assignment, on_warning, &seen };
	unsigned int number = 0;

	REQUIRE(conf_parse_text("f", (const char *)data, size, &number, &handler) == 0);
	REQUIRE(number >= seen.number);
	return 0;
}
