/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/tuning.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

struct setting {
	const char *key, *value;
};

static const struct setting gateway_defaults[] = {
	/* Data passes the check with an address on the device and any route to the source, whatever
	 * all.rp_filter is; systemd's default for new devices would drop it. */
	{ "ipv4.rp_filter", "2" },
	/* The driver drops IGMPv2 and MLDv1 reports. */
	{ "ipv4.force_igmp_version", "3" },
	{ "ipv6.force_mld_version", "2" },
	/* The driver drops a report between its Request and the relay's Query. The retransmission
	 * must follow soon, or the join waits for the response to the next Query. Milliseconds. */
	{ "ipv4.igmpv3_unsolicited_report_interval", "100" },
	{ "ipv6.mldv2_unsolicited_report_interval", "100" },
	/* MLD reports need a link-local address at once, and no other host is on this link. Without
	 * this it stays tentative for up to a second (addrconf_dad_begin()). */
	{ "ipv6.accept_dad", "0" },
	{ "ipv6.accept_ra", "0" },
	/* No routes from a tunnel. */
	{ "ipv4.accept_redirects", "0" },
	{ "ipv6.accept_redirects", "0" },
};

static const struct setting relay_defaults[] = {
	/* Reports of gateways carry addresses that this host has no route back to. */
	{ "ipv4.rp_filter", "0" },
	/* The relay's MLD Queries need a link-local address (drivers/net/amt.c,
	   amt_build_mld_gq()). */
	{ "ipv6.accept_dad", "0" },
	{ "ipv6.accept_ra", "0" },
	{ "ipv4.accept_redirects", "0" },
	{ "ipv6.accept_redirects", "0" },
};

static const struct setting *defaults(const struct config *config, size_t *ret_n)
{
	if (config->mode == CONFIG_RELAY) {
		*ret_n = sizeof(relay_defaults) / sizeof(relay_defaults[0]);
		return relay_defaults;
	}
	*ret_n = sizeof(gateway_defaults) / sizeof(gateway_defaults[0]);
	return gateway_defaults;
}

static const struct config_sysctl *configured(const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->n_sysctls; i++)
		if (strcmp(config->sysctls[i].key, key) == 0 && config->sysctls[i].value[0] != '\0')
			return &config->sysctls[i];
	return NULL;
}

const char *tuning_value(const struct config *config, const char *key)
{
	const struct config_sysctl *sysctl = configured(config, key);
	const struct setting *settings;
	size_t n;

	if (sysctl)
		return sysctl->value;
	settings = defaults(config, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(settings[i].key, key) == 0)
			return settings[i].value;
	return NULL;
}

int tuning_for_each(const struct config *config, tuning_each each, void *userdata)
{
	const struct setting *settings;
	size_t n;
	int r;

	settings = defaults(config, &n);
	for (size_t i = 0; i < n; i++) {
		if (configured(config, settings[i].key))
			continue;
		r = each(settings[i].key, settings[i].value, false, userdata);
		if (r != 0)
			return r;
	}
	for (size_t i = 0; i < config->n_sysctls; i++) {
		if (config->sysctls[i].value[0] == '\0')
			continue;
		r = each(config->sysctls[i].key, config->sysctls[i].value, true, userdata);
		if (r != 0)
			return r;
	}
	return 0;
}

struct apply {
	const char *name;
	struct record *record;
	bool changed;
};

static const char *hint(int error)
{
	switch (error) {
	case -ENOENT:
		return "this kernel has no such sysctl, or no IPv6";
	case -EROFS:
		return "/proc/sys is read-only here; make it writable, as containers need";
	case -EINVAL:
		return "the kernel refuses this value";
	default:
		return strerror(-error);
	}
}

static int set_value(struct apply *apply, const char *key, const char *value)
{
	char before[SYSCTL_VALUE_MAX], after[SYSCTL_VALUE_MAX];
	int r;

	r = sysctl_read(apply->name, key, before);
	if (r < 0)
		return r;
	if (strcmp(before, value) == 0)
		return 0;
	if (!record_find_sysctl(apply->record, key)) {
		r = record_sysctl(apply->record, key, before);
		if (r < 0)
			return r;
		apply->changed = true;
	}
	r = sysctl_write(apply->name, key, value);
	if (r < 0)
		return r;
	r = sysctl_read(apply->name, key, after);
	if (r < 0)
		return r;
	if (strcmp(after, value) != 0)
		log_warning(apply->name, "sysctl %s: wrote %s, the kernel set %s", key, value,
			    after);
	return 0;
}

static int apply_one(const char *key, const char *value, bool is_configured, void *userdata)
{
	struct apply *apply = userdata;
	int r;

	r = set_value(apply, key, value);
	if (r == -ENOENT && !is_configured) /* a default that this kernel lacks */
		return 0;
	if (r < 0)
		log_warning(apply->name, "sysctl %s=%s: %s", key, value, hint(r));
	return 0;
}

static void restore_sysctl(const char *name, const struct config_sysctl *sysctl)
{
	int r;

	r = sysctl_write(name, sysctl->key, sysctl->value);
	if (r < 0 && r != -ENOENT)
		log_warning(name, "sysctl %s cannot be restored to %s: %s", sysctl->key,
			    sysctl->value, hint(r));
}

bool tuning_apply(const struct config *config, struct record *record)
{
	struct apply apply = { .name = config->name, .record = record };

	for (size_t i = record->n_sysctls; i-- > 0;) {
		const struct config_sysctl *sysctl = &record->sysctls[i];

		if (tuning_value(config, sysctl->key))
			continue;
		restore_sysctl(config->name, sysctl);
		record_forget_sysctl(record, sysctl->key);
		apply.changed = true;
	}
	(void)tuning_for_each(config, apply_one, &apply);
	return apply.changed;
}

void tuning_restore(const char *name, struct record *record)
{
	for (size_t i = 0; i < record->n_sysctls; i++)
		restore_sysctl(name, &record->sysctls[i]);
	record->n_sysctls = 0;
}
