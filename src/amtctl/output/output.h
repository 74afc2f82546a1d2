/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal: pager, colours, escapes, JSON.
 */
#ifndef AMTCTL_OUTPUT_OUTPUT_H
#define AMTCTL_OUTPUT_OUTPUT_H

#include "amtctl/output/settings.h"

#include <jansson.h>

enum colour {
	COLOUR_NONE,
	COLOUR_GREEN,
	COLOUR_YELLOW,
	COLOUR_RED,
	COLOUR_BOLD,
	COLOUR_DIM,
	_COLOUR_MAX,
};

/* Inspect the terminal, once, before anything is printed. */
void output_begin(void);

/* Output from here on goes through a pager, when stdout is a terminal and the settings allow it.
 * output_end() flushes and waits for the pager; negative errno: not all was written. */
void output_page(const struct settings *settings);
int output_end(void);

/* Escape sequences, "" without colours. */
const char *output_colour(enum colour colour);
const char *output_reset(void);
bool output_is_terminal(void); /* also through the pager */
bool output_is_utf8(void);

/* escape_text() for the user's terminal, which may not know UTF-8. */
const char *output_escape(const char *text, size_t length, char *buf, size_t size);

/* A copy that is safe on a terminal, in one line; "" for NULL. Lives until the program ends. */
const char *output_safe(const char *text);

/* Text of a file as it is, or, on a terminal, escaped but for its newlines and tabs. */
void output_file(const char *text, size_t length);

void output_json(const struct settings *settings, const json_t *json);

/* One line on stderr, "amtctl: " and what, why and a hint; escaped for terminals. Returns code, so
 * that a verb ends with `return output_error(…)`. */
int output_error(enum exit_code code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
