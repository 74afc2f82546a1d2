/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/table.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

struct table {
	struct libscols_table *scols;
	size_t n_columns, n_lines;
};

static int add_column(struct libscols_table *scols, const struct table_column *column,
		      const void *context)
{
	int flags = column->right ? SCOLS_FL_RIGHT : 0;

	if (column->hidden && column->hidden(context))
		flags |= SCOLS_FL_HIDDEN;
	return scols_table_new_column(scols, column->title, 0, flags) ? 0 : -ENOMEM;
}

struct table *table_new(const struct table_column *columns, size_t n, bool legend,
			const void *context)
{
	struct table *table = calloc(1, sizeof(*table));
	int r;

	if (!table)
		return NULL;
	table->n_columns = n;
	table->scols = scols_new_table();
	r = table->scols ? scols_table_enable_noheadings(table->scols, !legend) : -ENOMEM;
	if (r == 0)
		r = scols_table_enable_colors(table->scols, *output_reset() != '\0');
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_column(table->scols, &columns[i], context);
	if (r == 0)
		return table;
	table_free(table);
	return NULL;
}

int table_add(struct table *table, const char *const *cells, int coloured, enum colour colour)
{
	static const char *const names[_COLOUR_MAX] = {
		[COLOUR_GREEN] = "green",
		[COLOUR_YELLOW] = "yellow",
		[COLOUR_RED] = "red",
	};
	struct libscols_line *line = scols_table_new_line(table->scols, NULL);
	int r = 0;

	if (!line)
		return -ENOMEM;
	table->n_lines++;
	for (size_t i = 0; i < table->n_columns && r == 0; i++)
		r = scols_line_set_data(line, i, *cells[i] ? cells[i] : "-");
	if (r == 0 && names[colour])
		r = scols_cell_set_color(scols_line_get_cell(line, (size_t)coloured),
					 names[colour]);
	return r;
}

int table_print(struct table *table)
{
	int r = table->n_lines > 0 ? scols_print_table(table->scols) : 0;

	table_free(table);
	return r;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	scols_unref_table(table->scols);
	free(table);
}

void table_print_count(size_t n, const char *what)
{
	printf("%s%zu %s%s.\n", n > 0 ? "\n" : "", n, what, n == 1 ? "" : "s");
}
