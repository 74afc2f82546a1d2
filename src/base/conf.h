/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device files: their directories and syntax, with the semantics of systemd.netdev(5) and
 * systemd.syntax(7). Independent of the keys.
 */
#ifndef AMT_BASE_CONF_H
#define AMT_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>

#define CONF_LINE_MAX	   (64 * 1024)	     /* bytes in a logical line; a longer one is skipped */
#define CONF_FILE_MAX	   (4 * 1024 * 1024) /* bytes in a file; a longer one is refused */
#define CONF_DIRECTORY_MAX 16384	     /* files read from one directory */
#define CONF_ONCE_MAX	   64		     /* warnings of conf_warn_once() */
#define CONF_WARNINGS_MAX  20 /* for one file; one more announces that others are omitted */

/* Position of a line, for warnings. */
struct conf_place {
	const char *file;
	unsigned int line; /* from 1, of continued lines the first; 0: the whole file */
};

struct conf_parser;

/* One assignment. All pointers are valid until the handler returns. */
struct conf_assignment {
	struct conf_place place;
	const char *section;
	unsigned int section_number; /* counts headers through all pieces of a unit, from 1 */
	const char *key;
	const char *value; /* blanks at both ends removed, continuation lines joined; "" resets */
	struct conf_parser *parser; /* for conf_warn() */
};

struct conf_handler {
	/* 0, or negative errno to stop. Warns with conf_warn(). */
	int (*assignment)(const struct conf_assignment *assignment, void *userdata);
	/* One line, no newline, printable: the error and a hint: "missing '='..." */
	void (*warning)(const struct conf_place *place, const char *text, void *userdata);
	void *userdata;
};

/* Pass a warning about this assignment to the handler: made printable, one per line, and at most
 * CONF_WARNINGS_MAX per file, including those about the syntax. */
void conf_warn(const struct conf_assignment *assignment, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, once for a file: the first of each id, which is below CONF_ONCE_MAX. */
void conf_warn_once(const struct conf_assignment *assignment, unsigned int id, const char *format,
		    ...) __attribute__((format(printf, 3, 4)));

/* A unit: the main file and its drop-ins, in the order in which they are read. */
struct conf_unit {
	char *name;    /* file name, e.g. "isp.amt" */
	char **pieces; /* full paths: the main file, then NAME.d drop-ins by file name */
	size_t n_pieces;
	bool masked; /* the main file that counts is empty or a link to /dev/null: the only piece */
};

/* NULL-terminated, highest precedence first: /etc/amt, /run/amt, /usr/local/lib/amt, /usr/lib/amt;
 * below $AMTD_ROOT when that is set, for tests and images. Lives for the process. */
const char *const *conf_directories(void);

/* All units NAME<suffix> of the directories, sorted by name. A missing directory is empty;
 * unreadable and non-regular files are warned about and skipped. 0 or negative errno. */
int conf_find(const char *const *directories, const char *suffix,
	      const struct conf_handler *handler, struct conf_unit **ret_units, size_t *ret_n);
void conf_units_free(struct conf_unit *units, size_t n);

/* Parse text[0..length), a piece named file. section_number counts on from *section_number.
 * A line that is no assignment, section header or comment is warned about and skipped; so are
 * lines with control characters, lines that are not UTF-8, and assignments before the first
 * section. Lines after an invalid section header are skipped up to the next header, without further
 * warnings. 0, what the handler returned, or -EFBIG (warned). */
int conf_parse_text(const char *file, const char *text, size_t length, unsigned int *section_number,
		    const struct conf_handler *handler);

/* Parse all pieces of a unit; a masked one has nothing to read. 0, what the handler returned, or
 * negative errno of a piece that cannot be read (warned). */
int conf_parse_unit(const struct conf_unit *unit, const struct conf_handler *handler);

#endif
