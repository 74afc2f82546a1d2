/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parse.h"
#include "device/config-forward-keys.h"
#include "device/config-keys.h"
#include "kernel/nft-name.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((format(printf, 3, 4)))
warn(const struct config_load *load, const struct conf_place *place, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	load->warn->warning(place, text, load->warn->userdata);
}

static void on_warning(const struct conf_place *place, const char *text, void *userdata)
{
	const struct config_load *load = userdata;

	load->warn->warning(place, text, load->warn->userdata);
}

/* The firewall's rules name the upstream interfaces, the device itself among them. */
static void verify_ttl(const struct config_load *load, const struct conf_place *place)
{
	struct config_forward *forward = &load->config->forward;
	const char *backup = forward->backup_upstream;
	bool valid = *backup == '\0' || nft_name_valid(backup);

	for (size_t i = 0; i < forward->n_upstreams; i++)
		valid = valid && nft_name_valid(forward->upstreams[i].name);
	if (forward->ttl == 0 || valid)
		return;
	warn(load, place,
	     "TTL= needs upstream interfaces without *, \" or \\ in their names; ignored");
	forward->ttl = 0;
}

/* A gateway receives through its tunnel, a relay sends through it. */
static int verify_forward(struct config_load *load, const char *file)
{
	const struct conf_place place = { .file = file };
	struct config *config = load->config;
	struct config_forward *forward = &config->forward;

	/* RFC 9776, 8.3 */
	if (forward->query_response_sec > forward->query_interval_sec) {
		warn(load, &place,
		     "QueryResponseSec=%u is more than QueryIntervalSec=; reduced to %u",
		     forward->query_response_sec, forward->query_interval_sec);
		forward->query_response_sec = forward->query_interval_sec;
	}
	if (config->mode == CONFIG_PROXY && forward->n_upstreams == 0) {
		warn(load, &place, "Mode=proxy needs an Upstream= in [Forward]; skipped");
		return -EINVAL;
	}
	if (config->mode == CONFIG_RELAY && forward->n_upstreams > 0 &&
	    config_add_downstream(config, config->name) < 0)
		return -ENOMEM;
	if (config->mode == CONFIG_GATEWAY && forward->n_downstreams > 0 &&
	    forward->n_upstreams == 0 && config_add_upstream(config, config->name) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < forward->n_downstreams; i++) {
		for (size_t j = 0; j < forward->n_upstreams; j++) {
			if (strcmp(forward->downstreams[i], forward->upstreams[j].name) != 0)
				continue;
			warn(load, &place,
			     "[Forward] has %s as Upstream= and Downstream=; nothing is forwarded",
			     forward->downstreams[i]);
			config_forward_clear(config);
			return config->mode == CONFIG_PROXY ? -EINVAL : 0;
		}
	}
	verify_ttl(load, &place);
	return 0;
}

/* The second phase: drop incomplete sections, refuse what cannot work. */
static int verify(struct config_load *load, const char *file)
{
	const struct conf_place place = { .file = file };
	struct config *config = load->config;
	size_t kept = 0;

	if (config->mode == CONFIG_PROXY)
		return verify_forward(load, file);
	if (config->link[0] == '\0') {
		warn(load, &place,
		     "no Link= in [AMT], the interface that carries the tunnel; skipped");
		return -EINVAL;
	}
	if (strcmp(config->link, config->name) == 0) {
		warn(load, &place, "Link=%s is the device itself; skipped", config->link);
		return -EINVAL;
	}
	if (config->mode == CONFIG_GATEWAY && config->n_relays == 0 && !config_discovers(config)) {
		warn(load, &place,
		     "no Address= in [Relay], the relay of a gateway, nor Driad=, DNSSD= or Anycast= to find one; skipped");
		return -EINVAL;
	}
	if (config->mode == CONFIG_RELAY && (config->n_relays > 0 || config_discovers(config)))
		warn(load, &place, "[Relay] is not valid with Mode=relay; ignored");

	for (size_t i = 0; i < config->n_rewrites; i++) {
		if (config->rewrites[i].relay.family == AF_UNSPEC) {
			warn(load, &place, "a [Rewrite] section without Relay=; ignored");
			continue;
		}
		config->rewrites[kept++] = config->rewrites[i];
	}
	config->n_rewrites = kept;
	return verify_forward(load, file);
}

static int name_from_file(struct config *config, const char *file)
{
	const char *base = strrchr(file, '/');
	char name[NAME_MAX + 1];
	char *suffix;

	snprintf(name, sizeof(name), "%s", base ? base + 1 : file);
	suffix = strrchr(name, '.');
	if (suffix)
		*suffix = '\0';
	return parse_ifname(name, config->name);
}

static int load_begin(struct config_load *load, const struct conf_handler *handler)
{
	*load = (struct config_load){ .warn = handler, .match = true };
	load->config = calloc(1, sizeof(*load->config));
	if (!load->config)
		return -ENOMEM;
	config_set_defaults(load->config);
	return 0;
}

/* r: the result of reading. Returns the config, or frees it. */
static int load_end(struct config_load *load, const char *file, int r, struct config **ret)
{
	const struct conf_place place = { .file = file };

	if (r == 0 && !load->match)
		r = -ESRCH;
	if (r == 0 && load->config->name[0] == '\0' && name_from_file(load->config, file) < 0) {
		warn(load, &place,
		     "no Name= in [AMT], and the file name is no interface name; skipped");
		r = -EINVAL;
	}
	if (r == 0)
		r = verify(load, file);
	if (r < 0) {
		config_free(load->config);
		return r;
	}
	*ret = load->config;
	return 0;
}

static int copy_pieces(struct config *config, char *const *pieces, size_t n)
{
	config->pieces = calloc(n, sizeof(*config->pieces));
	if (!config->pieces)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		config->pieces[i] = strdup(pieces[i]);
		if (!config->pieces[i])
			return -ENOMEM;
		config->n_pieces++;
	}
	return 0;
}

int config_load(const struct conf_unit *unit, const struct conf_handler *handler,
		struct config **ret)
{
	struct config_load load;
	int r;

	r = load_begin(&load, handler);
	if (r < 0)
		return r;
	r = conf_parse_unit(unit, &(struct conf_handler){ config_assign, on_warning, &load });
	if (r == 0)
		r = copy_pieces(load.config, unit->pieces, unit->n_pieces);
	return load_end(&load, unit->pieces[0], r, ret);
}

int config_load_text(const char *file, const char *text, size_t length,
		     const struct conf_handler *handler, struct config **ret)
{
	char *piece = (char *)file;
	unsigned int section = 0;
	struct config_load load;
	int r;

	r = load_begin(&load, handler);
	if (r < 0)
		return r;
	r = conf_parse_text(file, text, length, &section,
			    &(struct conf_handler){ config_assign, on_warning, &load });
	if (r == 0)
		r = copy_pieces(load.config, &piece, 1);
	return load_end(&load, file, r, ret);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_pieces; i++)
		free(config->pieces[i]);
	free(config->pieces);
	config_clear(config);
	free(config);
}

bool config_discovers(const struct config *config)
{
	return config->source.family != AF_UNSPEC || config->service || config->anycast;
}

bool config_section_equal(const struct config *a, const struct config *b, const char *section)
{
	const struct config_key *key;

	for (size_t i = 0; (key = config_key(i)); i++)
		if ((!section || strcmp(key->section, section) == 0) && key->kind->equal &&
		    !key->kind->equal(a, b, key->offset, key->size))
			return false;
	return true;
}

bool config_equal(const struct config *a, const struct config *b)
{
	return config_section_equal(a, b, NULL);
}
