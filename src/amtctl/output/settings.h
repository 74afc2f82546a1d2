/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of the command line, for all verbs, and exit codes.
 */
#ifndef AMTCTL_OUTPUT_SETTINGS_H
#define AMTCTL_OUTPUT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum exit_code {
	AMTCTL_OK = 0,
	AMTCTL_FAILED = 1,
	AMTCTL_USAGE = 2,
	AMTCTL_NO_DEVICE = 3,
	AMTCTL_NO_DAEMON = 4,
};

enum json_mode {
	JSON_MODE_OFF,
	JSON_MODE_SHORT,
	JSON_MODE_PRETTY,
};

struct request;

/* An option of one verb; a table of them ends with a NULL name. */
struct verb_option {
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *help;
	const char *words; /* values to complete, as in device/config-keys.h; NULL: any */
};

#define VERB_OPTIONS_MAX 16

struct settings {
	enum json_mode json;
	bool legend;
	bool pager;
	uint64_t renamed;	 /* 1 << row of request_alias(): warned about */
	const char *bus;	 /* path of amtd's socket */
	struct request *request; /* the options of create */

	/* Of the options of the verb, by their rows in its table: the word that was given, "" where
	 * none is taken, NULL where the option was not given. */
	const char *values[VERB_OPTIONS_MAX];
};

#endif
