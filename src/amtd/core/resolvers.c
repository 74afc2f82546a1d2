/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/resolvers.h"

#include "discovery/resolver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

struct shared_resolver {
	struct resolver *resolver;
	sd_event_source *source;
	char *key;
	unsigned int users;
	struct shared_resolver *next;
};

struct resolvers {
	sd_event *event;
	struct shared_resolver *list;
	struct signed_zones *signed_zones; /* of all, for the life of amtd */
};

int resolvers_new(sd_event *event, struct resolvers **ret)
{
	struct resolvers *resolvers = calloc(1, sizeof(*resolvers));

	if (!resolvers || signed_zones_new(&resolvers->signed_zones) < 0) {
		free(resolvers);
		return -ENOMEM;
	}
	resolvers->event = sd_event_ref(event);
	*ret = resolvers;
	return 0;
}

void resolvers_free(struct resolvers *resolvers)
{
	if (!resolvers)
		return;
	sd_event_unref(resolvers->event);
	signed_zones_free(resolvers->signed_zones);
	free(resolvers);
}

static int on_resolver(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct shared_resolver *shared = userdata;

	(void)resolver_dispatch(shared->resolver);
	return 0;
}

/* Devices of the same key share a resolver. */
static char *resolver_key(const struct config *config)
{
	char *key = NULL;
	size_t length;
	FILE *stream;

	stream = open_memstream(&key, &length);
	if (!stream)
		return NULL;
	fprintf(stream, "%s %s", dnssec_mode_string(config->dnssec), config->trust_anchor ?: "");
	for (size_t i = 0; i < config->n_servers; i++)
		fprintf(stream, " %s", config->servers[i]);
	if (fclose(stream) != 0) {
		free(key);
		return NULL;
	}
	return key;
}

void resolvers_release(struct resolvers *resolvers, struct shared_resolver *shared)
{
	struct shared_resolver **link = &resolvers->list;

	if (!shared || --shared->users > 0)
		return;
	while (*link != shared)
		link = &(*link)->next;
	*link = shared->next;
	sd_event_source_disable_unref(shared->source);
	resolver_close(shared->resolver);
	free(shared->key);
	free(shared);
}

int resolvers_share(struct resolvers *resolvers, const struct config *config,
		    struct shared_resolver **ret)
{
	const struct resolver_options options = {
		.servers = (const char *const *)config->servers,
		.n_servers = config->n_servers,
		.dnssec = config->dnssec,
		.trust_anchor = config->trust_anchor,
		.signed_zones = resolvers->signed_zones,
	};
	struct shared_resolver *shared;
	char *key = resolver_key(config);
	int r;

	if (!key)
		return -ENOMEM;
	for (shared = resolvers->list; shared; shared = shared->next) {
		if (strcmp(shared->key, key) != 0)
			continue;
		free(key);
		shared->users++;
		*ret = shared;
		return 0;
	}

	shared = calloc(1, sizeof(*shared));
	if (!shared) {
		free(key);
		return -ENOMEM;
	}
	shared->key = key;
	shared->users = 1;
	shared->next = resolvers->list;
	resolvers->list = shared;
	r = resolver_open(&options, &shared->resolver);
	if (r == 0)
		r = sd_event_add_io(resolvers->event, &shared->source,
				    resolver_fd(shared->resolver), EPOLLIN, on_resolver, shared);
	if (r < 0) {
		resolvers_release(resolvers, shared);
		return r;
	}
	*ret = shared;
	return 0;
}

struct resolver *resolvers_get(const struct shared_resolver *shared)
{
	return shared->resolver;
}
