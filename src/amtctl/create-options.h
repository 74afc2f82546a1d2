/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `amtctl create` asks for: options, checked as they come, and the device file they make.
 * Pure: no I/O.
 */
#ifndef AMTCTL_CREATE_OPTIONS_H
#define AMTCTL_CREATE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_WHY_MAX 512

struct request_option {
	const char *name;     /* without the dashes */
	const char *argument; /* for the help, e.g. "ADDR" */
	const char *help;
	const char *section; /* where it goes in the device file */
	const char *key;     /* NULL: the checked value is the lines themselves */
	const char *expected;
	bool repeats;
	bool gateway_only;
	/* What is wrong with value, or NULL when it is right; then *ret (free() it) is what the
	 * device file has. */
	const char *(*check)(const char *value, char **ret);
};

struct request;

struct request *request_new(void);
void request_free(struct request *request); /* NULL is fine */

/* Row i of the options, or NULL at their end. */
const struct request_option *request_option(size_t i);

/* 0, -EINVAL (why holds one line: what, why, the mend), or -ENOMEM. */
int request_set_name(struct request *request, const char *name, char why[static REQUEST_WHY_MAX]);
int request_set(struct request *request, const struct request_option *option, const char *value,
		char why[static REQUEST_WHY_MAX]);

/* Do the options go together, and is none missing? Returns as request_set(). */
int request_check(const struct request *request, char why[static REQUEST_WHY_MAX]);

bool request_is_empty(const struct request *request);
bool request_is_relay(const struct request *request);
const char *request_name(const struct request *request);

/* The device file; free() it. NULL without memory. */
char *request_text(const struct request *request);

#endif
