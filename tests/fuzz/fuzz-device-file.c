/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a device file: a configuration that is accepted is within the limits of config.h,
 * has a name that an interface can have, and is the same whenever it is read.
 */
#include "base/parse.h"
#include "device/config.h"
#include "input.h"

#include <errno.h>
#include <string.h>

#define FILE_NAME "fuzz0.amt"

struct seen {
	unsigned int warnings;
};

static void on_warning(const struct conf_place *place, const char *text, void *userdata)
{
	struct seen *seen = userdata;

	seen->warnings++;
	REQUIRE(strcmp(place->file, FILE_NAME) == 0);
	REQUIRE(text[0] != '\0');
	for (; *text != '\0'; text++)
		REQUIRE((uint8_t)*text >= 0x20 && *text != 0x7f);
}

static int load(const uint8_t *data, size_t size, struct seen *seen, struct config **ret)
{
	const struct conf_handler warn = { .warning = on_warning, .userdata = seen };

	return config_load_text(FILE_NAME, (const char *)data, size, &warn, ret);
}

static void check(const struct config *config)
{
	char name[IFNAMSIZ];

	REQUIRE(parse_ifname(config->name, name) == 0);
	REQUIRE(config->link[0] == '\0' || parse_ifname(config->link, name) == 0);
	REQUIRE(config->mode >= 0 && config->mode < _CONFIG_MODE_MAX);
	REQUIRE(config->n_relays <= CONFIG_RELAYS_MAX && config->n_rewrites <= CONFIG_REWRITES_MAX);
	REQUIRE(config->n_sysctls <= CONFIG_SYSCTLS_MAX && config->n_allow <= CONFIG_ALLOW_MAX);
	REQUIRE(config->n_servers <= CONFIG_SERVERS_MAX && config->n_joins <= CONFIG_JOINS_MAX);
	for (size_t i = 0; i < config->n_sysctls; i++)
		REQUIRE(sysctl_key_valid(config->sysctls[i].key));
	/* Others have no relay. */
	for (size_t i = 0; config->mode == CONFIG_GATEWAY && i < config->n_rewrites; i++)
		REQUIRE(config->rewrites[i].relay.family == AF_INET);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL, *again = NULL;
	struct seen seen = { 0 }, seen_again = { 0 };
	int r = load(data, size, &seen, &config);

	REQUIRE(r == 0 || r == -EINVAL || r == -ESRCH || r == -EFBIG);
	REQUIRE(r != -EINVAL || seen.warnings > 0);
	REQUIRE(load(data, size, &seen_again, &again) == r);
	REQUIRE(seen.warnings == seen_again.warnings);
	if (r < 0)
		return 0;
	check(config);
	REQUIRE(config_equal(config, again));
	config_free(config);
	config_free(again);
	return 0;
}
