/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all files of amtctl share: its settings, its exit codes and its verbs.
 */
#ifndef AMTCTL_AMTCTL_H
#define AMTCTL_AMTCTL_H

#include <stdbool.h>

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

/* An option that one verb alone takes; a table of them ends with a name NULL. */
struct verb_option {
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *help;
};

#define VERB_OPTIONS_MAX 16

struct settings {
	enum json_mode json;
	bool legend;
	bool pager;
	const char *bus;	 /* path of amtd's socket */
	struct request *request; /* what the options of create ask for */

	/* Of the options of the verb, by their rows in its table: the word that was given, "" where
	 * none is taken, NULL where the option was not given. */
	const char *values[VERB_OPTIONS_MAX];
};

/* One line on stderr, "amtctl: ", then what, why and the mend; escaped for terminals. Returns code,
 * so that a verb ends with `return complain(…)`. */
int complain(enum exit_code code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each verb gets the words after it and returns an exit code. */
int verb_list(const struct settings *settings, int argc, char **argv);
int verb_status(const struct settings *settings, int argc, char **argv);
int verb_create(const struct settings *settings, int argc, char **argv);
int verb_delete(const struct settings *settings, int argc, char **argv);
int verb_reload(const struct settings *settings, int argc, char **argv);
int verb_upstream(const struct settings *settings, int argc, char **argv);
int verb_report(const struct settings *settings, int argc, char **argv);
int verb_cat(const struct settings *settings, int argc, char **argv);
int verb_probe(const struct settings *settings, int argc, char **argv);
int verb_resolve(const struct settings *settings, int argc, char **argv);
int verb_zone(const struct settings *settings, int argc, char **argv);
int verb_monitor(const struct settings *settings, int argc, char **argv);
int verb_wait_online(const struct settings *settings, int argc, char **argv);
int verb_join(const struct settings *settings, int argc, char **argv);
int verb_leave(const struct settings *settings, int argc, char **argv);
int verb_channels(const struct settings *settings, int argc, char **argv);
int verb_help(const struct settings *settings, int argc, char **argv);

extern const struct verb_option join_options[];
extern const struct verb_option leave_options[];
extern const struct verb_option monitor_options[];
extern const struct verb_option probe_options[];
extern const struct verb_option report_options[];
extern const struct verb_option resolve_options[];
extern const struct verb_option zone_options[];
extern const struct verb_option wait_online_options[];

#endif
