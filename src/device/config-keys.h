/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a device file, amt(5): what each takes and where it goes.
 */
#ifndef AMT_CONFIG_KEYS_H
#define AMT_CONFIG_KEYS_H

#include <amt/config.h>

/* State of one load. */
struct load {
	struct config *config;
	const struct conf_handler *warn;
	const struct conf_assignment *assignment; /* while one is parsed */
	bool match;
};

/* What holds where the file says nothing. */
void config_set_defaults(struct config *config);

/* One assignment, userdata being the load; for struct conf_handler. 0 or -ENOMEM: what is not
 * understood is warned about. */
int config_assign(const struct conf_assignment *assignment, void *userdata);

#endif
