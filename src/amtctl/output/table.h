/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables: a heading, a line for each object, a count below.
 */
#ifndef AMTCTL_OUTPUT_TABLE_H
#define AMTCTL_OUTPUT_TABLE_H

#include "amtctl/output/output.h"

#include <stddef.h>

struct table_column {
	const char *title;
	bool right;			     /* numbers */
	bool (*hidden)(const void *context); /* NULL: never */
};

struct table;

/* context: for hidden. NULL without memory. */
struct table *table_new(const struct table_column *columns, size_t n, bool legend,
			const void *context);

/* A cell for each column, safe for terminals already; "-" stands for "". One of them may have a
 * colour. 0 or negative errno. */
int table_add(struct table *table, const char *const *cells, int coloured, enum colour colour);

/* Nothing where it has no lines. 0 or negative errno. Frees the table. */
int table_print(struct table *table);
void table_free(struct table *table); /* NULL is fine */

/* "3 devices." */
void table_print_count(size_t n, const char *what);

#endif
