/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd.conf, amt(5): settings of amtd as a whole.
 */
#ifndef AMT_DEVICE_SETTINGS_H
#define AMT_DEVICE_SETTINGS_H

#include "base/conf.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct settings {
	/* [Channels] */
	char link[IFNAMSIZ]; /* of gateways created on demand; "": that of the route to the relay */
	uint32_t linger_sec; /* after its last channel such a gateway stays this long */
	uint32_t max_channels; /* MaxChannels= */
	bool host_joins;       /* follow joins of applications */
	bool install_routes;   /* of groups to their gateways, for applications */

	char *gateway; /* all other sections: of a device file, for those gateways; never NULL */
};

/* From the directories of device files. 0 or -ENOMEM; errors are warned about. */
int settings_load(const struct conf_handler *warn, struct settings *ret);
void settings_clear(struct settings *settings);

/* Key i of [Channels], or NULL behind the last. */
const char *settings_key(size_t i);

#endif
