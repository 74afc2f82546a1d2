/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a device file, amt(5), in one table: from it come the parser, the defaults, the
 * comparison, the options of `amtctl create`, their completion, and the check of the manual. A new
 * key is a row here and a paragraph there.
 */
#ifndef AMT_DEVICE_CONFIG_KEYS_H
#define AMT_DEVICE_CONFIG_KEYS_H

#include "device/config-parse.h"

#define CONFIG_WORDS_INTERFACES "@interfaces" /* the names of those there are */

/* A key of a device file or of amtd.conf that was renamed, and the option of `amtctl create`. */
struct config_alias {
	const char *section, *old_key, *key;
	const char *old_option, *option; /* NULL: none */
};

/* Row i, or NULL behind the last. */
const struct config_key *config_key(size_t i);
const struct config_alias *config_alias(size_t i);

/* By the current name; NULL: there is none. */
const struct config_key *config_find_key(const char *section, const char *name);

/* The current name of the key that is assigned. A former one is warned about, once for a file. */
const char *config_current_name(const struct conf_assignment *assignment);

/* value is not empty. 0 or negative errno: why it is not valid, config_error_text(); what is
 * expected is in the table. */
int config_parse_key(const struct config_key *key, struct config_load *load, const char *value);
const char *config_error_text(int error);

/* Defaults, where the file says nothing; into a config that is all zero. */
void config_set_defaults(struct config *config);

/* Free what the keys hold. */
void config_clear(struct config *config);

/* One assignment, userdata being the load; for struct conf_handler. 0 or -ENOMEM: what is not
 * understood is warned about. */
int config_assign(const struct conf_assignment *assignment, void *userdata);

#endif
