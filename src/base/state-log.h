/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State that outlives amtd, as lines of text in a file of its own below /run: changes are appended,
 * and now and then all is written anew. Of the lines with the same two first words the last counts.
 */
#ifndef AMT_BASE_STATE_LOG_H
#define AMT_BASE_STATE_LOG_H

#include <stdbool.h>
#include <stdio.h>

#define STATE_LOG_MAX (256 * 1024 * 1024) /* bytes; a longer file is not amtd's */

struct state_log;

/* directory: made below $AMTD_ROOT. What the file had is read first: state_log_each(). 0 or
 * negative errno. */
int state_log_open(const char *directory, const char *name, struct state_log **ret);
void state_log_close(struct state_log *log, bool remove); /* NULL is fine */

/* Lines of the file as it was when it was opened, in order, the last of each two words. Until the
 * first state_log_rewrite(); then there are none. */
void state_log_each(struct state_log *log, void (*call)(const char *line, void *userdata),
		    void *userdata);

/* Append what is written to the stream between both, all of it or nothing: whole lines. begin: NULL
 * without memory. end: 0; 1: it is time for state_log_rewrite(); or negative errno. */
FILE *state_log_begin(struct state_log *log);
int state_log_end(struct state_log *log);

/* Replace the file. 0 or negative errno. */
int state_log_rewrite(struct state_log *log, void (*write)(FILE *stream, void *userdata),
		      void *userdata);

#endif
