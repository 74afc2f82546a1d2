/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The request of `amtctl create`: options, checked one by one, and the device file made of them.
 * Pure: no I/O. The options are rows of the table of keys, device/config-keys.c.
 */
#ifndef AMTCTL_CREATE_OPTIONS_H
#define AMTCTL_CREATE_OPTIONS_H

#include "device/config-keys.h"

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_WHY_MAX 512

struct request;

struct request *request_new(void);
void request_free(struct request *request); /* NULL is fine */

/* Row i of the options, or NULL at their end. */
const struct config_key *request_option(size_t i);

/* NULL: there is none. */
const struct config_key *request_find_option(const char *name);

/* Row i of the former names, with or without an option, or NULL behind the last. */
const struct config_alias *request_alias(size_t i);

/* 0, -EINVAL (why: one line, what, why, what is expected), or -ENOMEM. */
int request_set_name(struct request *request, const char *name, char why[static REQUEST_WHY_MAX]);
int request_set(struct request *request, const struct config_key *option, const char *value,
		char why[static REQUEST_WHY_MAX]);

/* Whether the options are valid together and none is missing. Returns as request_set(). */
int request_check(const struct request *request, char why[static REQUEST_WHY_MAX]);

bool request_is_empty(const struct request *request);
const char *request_name(const struct request *request);

/* The device file; free() it. NULL without memory. */
char *request_text(const struct request *request);

#endif
