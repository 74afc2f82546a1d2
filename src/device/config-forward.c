/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parse.h"
#include "device/config-forward-keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int config_add_downstream(struct config *config, const char *name)
{
	struct config_forward *forward = &config->forward;
	char(*slot)[IFNAMSIZ];

	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (strcmp(forward->downstreams[i], name) == 0)
			return 0;
	slot = config_append(&forward->downstreams, &forward->n_downstreams, sizeof(*slot),
			     CONFIG_DOWNSTREAMS_MAX);
	if (!slot)
		return -errno;
	strcpy(*slot, name);
	return 0;
}

static int add_word_downstream(struct config *config, const char *word)
{
	char name[IFNAMSIZ];
	int r;

	r = parse_ifname(word, name);
	return r < 0 ? r : config_add_downstream(config, name);
}

static int parse_downstreams(struct config_load *load, const char *value, void *field)
{
	return config_parse_words(load, value, add_word_downstream);
}

static void clear_downstreams(struct config *config, void *field)
{
	struct config_forward *forward = &config->forward;

	free(forward->downstreams);
	forward->downstreams = NULL;
	forward->n_downstreams = 0;
}

static bool downstreams_equal(const struct config *a, const struct config *b, size_t offset,
			      size_t size)
{
	const struct config_forward *x = &a->forward, *y = &b->forward;

	if (x->n_downstreams != y->n_downstreams)
		return false;
	for (size_t i = 0; i < x->n_downstreams; i++)
		if (strcmp(x->downstreams[i], y->downstreams[i]) != 0)
			return false;
	return true;
}

const struct config_kind config_kind_downstreams = { parse_downstreams, clear_downstreams,
						     downstreams_equal };

static int add_upstream(struct config *config, const char *name, const struct prefix *prefix)
{
	struct config_forward *forward = &config->forward;
	struct config_upstream *slot;

	slot = config_append(&forward->upstreams, &forward->n_upstreams, sizeof(*slot),
			     CONFIG_UPSTREAMS_MAX);
	if (!slot)
		return -errno;
	strcpy(slot->name, name);
	slot->prefix = *prefix;
	return 0;
}

int config_add_upstream(struct config *config, const char *name)
{
	const struct prefix any = { 0 };

	return add_upstream(config, name, &any);
}

/* "DEV" or "DEV PREFIX...": all of it, or nothing. */
static int parse_upstream(struct config_load *load, const char *value, void *field)
{
	struct config_forward *forward = &load->config->forward;
	size_t before = forward->n_upstreams;
	char *copy, *save = NULL, *word;
	char name[IFNAMSIZ];
	int r;

	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	r = parse_ifname(strtok_r(copy, " \t", &save), name);
	word = strtok_r(NULL, " \t", &save);
	if (r == 0 && !word)
		r = config_add_upstream(load->config, name);
	for (; r == 0 && word; word = strtok_r(NULL, " \t", &save)) {
		struct prefix prefix;

		r = prefix_parse(word, &prefix);
		if (r == 0)
			r = add_upstream(load->config, name, &prefix);
	}
	free(copy);
	if (r < 0)
		forward->n_upstreams = before;
	return r;
}

static void clear_upstreams(struct config *config, void *field)
{
	struct config_forward *forward = &config->forward;

	free(forward->upstreams);
	forward->upstreams = NULL;
	forward->n_upstreams = 0;
}

static bool upstreams_equal(const struct config *a, const struct config *b, size_t offset,
			    size_t size)
{
	if (a->forward.n_upstreams != b->forward.n_upstreams)
		return false;
	for (size_t i = 0; i < a->forward.n_upstreams; i++) {
		const struct config_upstream *x = &a->forward.upstreams[i];
		const struct config_upstream *y = &b->forward.upstreams[i];

		if (strcmp(x->name, y->name) != 0 || x->prefix.length != y->prefix.length ||
		    !address_equal(&x->prefix.address, &y->prefix.address))
			return false;
	}
	return true;
}

const struct config_kind config_kind_upstreams = { parse_upstream, clear_upstreams,
						   upstreams_equal };

bool config_forwards(const struct config_forward *forward)
{
	return forward->n_downstreams > 0 && forward->n_upstreams > 0;
}

void config_forward_clear(struct config *config)
{
	clear_downstreams(config, NULL);
	clear_upstreams(config, NULL);
}
