/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a device file, amt(5), in one table, for the parser, the options of `amtctl create`,
 * their completion, and the check of the manual. A new key is a row here and a paragraph there.
 */
#ifndef AMT_DEVICE_CONFIG_KEYS_H
#define AMT_DEVICE_CONFIG_KEYS_H

#include "device/config-parse.h"

#define CONFIG_WORDS_INTERFACES "@interfaces" /* the names of those there are */

struct config_key {
	const char *section;
	const char *key; /* NULL: an option of amtctl only, for several lines */
	int (*parse)(struct config_load *load, const char *value, void *field);
	size_t offset, size; /* the field, which is reset to its default when reset is NULL */
	void (*reset)(struct config_load *load, void *field); /* an empty assignment */
	const char *expected;
	unsigned int modes; /* 1 << enum config_mode: where it is valid */

	/* amtctl create --OPTION ARGUMENT; option NULL: none. */
	const char *option, *argument, *help;
	const char *words; /* values to complete, or CONFIG_WORDS_INTERFACES; NULL: any */
	bool repeats;
};

struct config_alias {
	const char *section, *old_key, *key;
	const char *old_option, *option; /* NULL: none */
};

/* Row i, or NULL behind the last. */
const struct config_key *config_key(size_t i);
const struct config_alias *config_alias(size_t i);

/* value is not empty. 0 or negative errno: why it is not valid, config_error_text(); what is
 * expected is in the table. */
int config_parse_key(const struct config_key *key, struct config_load *load, const char *value);
const char *config_error_text(int error);

/* The defaults. */
void config_set_defaults(struct config *config);

/* One assignment, userdata being the load; for struct conf_handler. 0 or -ENOMEM; invalid
 * assignments are warned about. */
int config_assign(const struct conf_assignment *assignment, void *userdata);

#endif
