/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb that prints device files: cat. Works without amtd. */
#include "amtctl/amtctl.h"
#include "amtctl/output/output.h"
#include "base/conf.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".amt"

/* Name= in [AMT], of the pieces read so far. */
struct search {
	const char *name;
	bool found;
};

static int on_assignment(const struct conf_assignment *assignment, void *userdata)
{
	struct search *search = userdata;

	if (strcmp(assignment->section, "AMT") == 0 && strcmp(assignment->key, "Name") == 0)
		search->found = strcmp(assignment->value, search->name) == 0;
	return 0;
}

/* amtd has logged what is wrong in a file; it is not repeated here. */
static void on_line_warning(const struct conf_place *place, const char *text, void *userdata)
{
}

static void on_find_warning(const struct conf_place *place, const char *text, void *userdata)
{
	output_error(AMTCTL_FAILED, "%s: %s", place->file, text);
}

static bool is_file_of(const struct conf_unit *unit, const char *name)
{
	size_t n = strlen(name);

	return strcmp(unit->name, name) == 0 ||
	       (strncmp(unit->name, name, n) == 0 && strcmp(unit->name + n, SUFFIX) == 0);
}

/* The unit that makes the device, else the one whose file has the name. */
static const struct conf_unit *find_unit(const struct conf_unit *units, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct search search = { .name = name };
		const struct conf_handler handler = {
			.assignment = on_assignment,
			.warning = on_line_warning,
			.userdata = &search,
		};

		if (!units[i].masked && conf_parse_unit(&units[i], &handler) == 0 && search.found)
			return &units[i];
	}
	for (i = 0; i < n; i++)
		if (is_file_of(&units[i], name))
			return &units[i];
	return NULL;
}

static int print_piece(const char *path)
{
	size_t length = 0;
	char *text = NULL;
	int r;

	r = file_read(path, CONF_FILE_MAX, &text, &length);
	if (r < 0)
		return output_error(AMTCTL_FAILED, "cannot read %s: %s", path, strerror(-r));

	printf("%s# %s%s\n", output_colour(COLOUR_DIM), output_safe(path), output_reset());
	output_file(text, length);
	if (length > 0 && text[length - 1] != '\n')
		putchar('\n');
	free(text);
	return AMTCTL_OK;
}

static int print_unit(const struct conf_unit *unit)
{
	int r, first = AMTCTL_OK;
	size_t i;

	if (unit->masked) {
		printf("%s# %s is masked%s\n", output_colour(COLOUR_DIM),
		       output_safe(unit->n_pieces > 0 ? unit->pieces[0] : unit->name),
		       output_reset());
		return AMTCTL_OK;
	}

	for (i = 0; i < unit->n_pieces; i++) {
		if (i > 0)
			putchar('\n');
		r = print_piece(unit->pieces[i]);
		first = first == AMTCTL_OK ? r : first;
	}
	return first;
}

int verb_cat(const struct settings *settings, int argc, char **argv)
{
	const struct conf_handler handler = { .warning = on_find_warning };
	const struct conf_unit *unit;
	struct conf_unit *units;
	int i, r, first = AMTCTL_OK;
	bool printed = false;
	size_t n;

	r = conf_find(conf_directories(), SUFFIX, &handler, &units, &n);
	if (r < 0)
		return output_error(AMTCTL_FAILED, "cannot read the device files: %s",
				    strerror(-r));

	for (i = 0; i < argc; i++) {
		unit = find_unit(units, n, argv[i]);
		if (unit) {
			if (!printed)
				output_page(settings);
			else
				putchar('\n');
			printed = true;
			r = print_unit(unit);
		} else {
			r = output_error(
				AMTCTL_NO_DEVICE,
				"%s: no device file in %s nor the other directories of amt(5)",
				argv[i], conf_directories()[0]);
		}
		first = first == AMTCTL_OK ? r : first;
	}

	conf_units_free(units, n);
	return first;
}
