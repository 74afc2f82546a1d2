/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as amtd.conf: settings are in bounds, and what is meant for the gateways on demand is
 * still a device file.
 */
#include "base/parse.h"
#include "device/config.h"
#include "device/settings.h"
#include "host.h"
#include "input.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	host_make_root();
	return 0;
}

static void on_warning(const struct conf_place *place, const char *text, void *userdata)
{
	REQUIRE(text[0] != '\0');
	for (; *text != '\0'; text++)
		REQUIRE((uint8_t)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf_handler warn = { .warning = on_warning };
	struct config *config = NULL;
	struct settings settings;
	char name[IFNAMSIZ];
	int r;

	host_write("/etc/amt/amtd.conf", data, size);
	REQUIRE(settings_load(&warn, &settings) == 0);
	REQUIRE(settings.link[0] == '\0' || parse_ifname(settings.link, name) == 0);
	/* Bounds as in amt(5). */
	REQUIRE(settings.linger_sec <= 7 * 24 * 3600);
	REQUIRE(settings.max_channels >= 1 && settings.max_channels <= 1000000);
	r = config_load_text("demand.amt", settings.gateway, strlen(settings.gateway), &warn,
			     &config);
	REQUIRE(r == 0 || r == -EINVAL || r == -ESRCH || r == -EFBIG);
	if (r == 0)
		config_free(config);
	settings_clear(&settings);
	return 0;
}
