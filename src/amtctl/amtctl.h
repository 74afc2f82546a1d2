/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings, exit codes and verbs of amtctl.
 */
#ifndef AMTCTL_AMTCTL_H
#define AMTCTL_AMTCTL_H

#include "amtctl/output/settings.h"

/* Each verb gets the words after it and returns an exit code. */
int verb_list(const struct settings *settings, int argc, char **argv);
int verb_status(const struct settings *settings, int argc, char **argv);
int verb_daemon(const struct settings *settings, int argc, char **argv);
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
