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
	char link[IFNAMSIZ];   /* of gateways made on demand; "": where the route to the relay is */
	uint32_t linger_sec;   /* such a gateway goes so long after its last channel */
	uint32_t max_channels; /* MaxChannels= */
	bool host_joins;       /* what applications join is wanted */
	bool install_routes;   /* of groups to their gateways, for applications */

	char *gateway; /* all other sections: of a device file, for those gateways; never NULL */
};

/* From the directories of device files. 0 or -ENOMEM; what is wrong is warned about. */
int settings_load(const struct conf_handler *warn, struct settings *ret);
void settings_clear(struct settings *settings);

/* Key i of [Channels], or NULL behind the last. */
const char *settings_key(size_t i);

#endif
