/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/router-state.h"

#include "base/group.h"
#include "membership/router-private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

/* Tokens are shorter: addresses, and numbers of 64 bits. */
#define TOKEN_MAX (ADDRESS_TEXT_MAX + 1)

static usec_t last_timer(const struct group *group)
{
	usec_t last = group->mode == FILTER_EXCLUDE ? group->timer : 0;

	for (uint16_t i = 0; i < group->n; i++)
		if (group->sources[i].timer > last)
			last = group->sources[i].timer;
	return last;
}

void router_write_group(const struct router *router, const struct address *address, usec_t now,
			FILE *stream)
{
	const struct key key = router_key(address);
	const struct group *group = store_find(&router->store, &key);
	char text[ADDRESS_TEXT_MAX];

	fputs(address_format(address, text), stream);
	if (!group) {
		fputs(" -", stream);
		return;
	}
	fprintf(stream, " %s %" PRIu64, group->mode == FILTER_EXCLUDE ? "exclude" : "include",
		last_timer(group));
	for (int i = 0; i < OLDER_MAX; i++)
		fprintf(stream, " %" PRIu64,
			group->older_until[i] > now ? group->older_until[i] : 0);
	if (group->host != 0) {
		const struct address host =
			router_address(router, &router->store.hosts[group->host].key);

		fprintf(stream, " %s", address_format(&host, text));
	} else {
		fputs(" -", stream);
	}
	for (uint16_t i = 0; i < group->n; i++) {
		const struct address source = router_address(router, &group->sources[i].key);

		fprintf(stream, " %s%s", group->sources[i].timer == 0 ? "!" : "",
			address_format(&source, text));
	}
}

/* The next word, of which the line has one more; false: none, or too long a one. */
static bool next_token(const char **at, char token[static TOKEN_MAX])
{
	size_t length = strcspn(*at, " ");

	if (length == 0 || length >= TOKEN_MAX)
		return false;
	memcpy(token, *at, length);
	token[length] = '\0';
	*at += length + ((*at)[length] == ' ');
	return true;
}

static bool read_time(const char **at, usec_t *ret)
{
	char token[TOKEN_MAX], *end;

	if (!next_token(at, token) || token[strspn(token, "0123456789")] != '\0')
		return false;
	errno = 0;
	*ret = strtoull(token, &end, 10);
	return errno == 0;
}

static bool read_address(const struct router *router, const char *token, struct address *ret)
{
	return address_parse(token, ret) == 0 && ret->family == router->options.family;
}

/* What a line has before its sources. */
struct saved {
	struct key key, host;
	enum filter_mode mode;
	bool has_host;
	usec_t expires, older_until[OLDER_MAX];
};

static bool read_head(const struct router *router, const char **at, struct saved *ret)
{
	char token[TOKEN_MAX];
	struct address address;

	if (!next_token(at, token) || !read_address(router, token, &address) ||
	    !group_routable(&address))
		return false;
	ret->key = router_key(&address);
	if (!next_token(at, token))
		return false;
	ret->mode = strcmp(token, "exclude") == 0 ? FILTER_EXCLUDE : FILTER_INCLUDE;
	if (ret->mode == FILTER_INCLUDE && strcmp(token, "include") != 0)
		return false;
	if (!read_time(at, &ret->expires) || !read_time(at, &ret->older_until[OLDER_V1]) ||
	    !read_time(at, &ret->older_until[OLDER_V2]) || !next_token(at, token))
		return false;
	ret->has_host = strcmp(token, "-") != 0;
	if (ret->has_host && !read_address(router, token, &address))
		return false;
	ret->host = router_key(&address);
	return true;
}

/* The number of sources, ascending, or negative errno. */
static int read_sources(struct router *router, const char *at, const struct saved *saved,
			struct source **ret)
{
	size_t room = 1, n = 0;
	struct source *sources;

	for (const char *p = at; *p != '\0'; p++)
		room += *p == ' ';
	if (room > UINT16_MAX)
		return -EINVAL;
	sources = router_scratch(router, room);
	if (!sources)
		return -ENOMEM;
	while (*at != '\0') {
		char token[TOKEN_MAX];
		struct address address;
		bool excluded;

		if (!next_token(&at, token))
			return -EINVAL;
		excluded = token[0] == '!';
		if (!read_address(router, token + excluded, &address) ||
		    !address_is_host(&address) || (excluded && saved->mode == FILTER_INCLUDE))
			return -EINVAL;
		sources[n] = (struct source){ .key = router_key(&address),
					      .timer = excluded ? 0 : saved->expires };
		if (n > 0 && source_compare(&sources[n - 1], &sources[n]) >= 0)
			return -EINVAL;
		n++;
	}
	*ret = sources;
	return (int)n;
}

static int add_group(struct router *router, const struct saved *saved, const struct source *sources,
		     uint16_t n)
{
	const struct router_options *options = &router->options;
	struct group *group;
	usec_t deadline = saved->mode == FILTER_EXCLUDE ? saved->expires : USEC_NEVER;
	int r = 0;

	if (router->store.heap.n >= options->max_groups || n > options->max_sources ||
	    (options->max_sources_in_all > 0 &&
	     n > options->max_sources_in_all -
			     MIN(router->store.n_sources, options->max_sources_in_all)))
		return -EDQUOT;
	group = store_add(&router->store, &saved->key, n);
	if (!group)
		return -ENOMEM;
	if (saved->has_host && options->max_groups_per_host > 0)
		r = store_charge(&router->store, group, &saved->host, options->max_groups_per_host);
	if (r < 0) {
		store_remove(&router->store, group);
		return r;
	}
	group->mode = saved->mode;
	group->timer = saved->mode == FILTER_EXCLUDE ? saved->expires : 0;
	memcpy(group->older_until, saved->older_until, sizeof(group->older_until));
	if (n > 0)
		memcpy(group->sources, sources, n * sizeof(*sources));
	store_count(&router->store, group, n);
	for (uint16_t i = 0; i < n; i++)
		if (sources[i].timer > 0)
			deadline = usec_min(deadline, sources[i].timer);
	store_schedule(&router->store, group, deadline);
	return 0;
}

int router_read_group(struct router *router, const char *line, usec_t least, usec_t now)
{
	const usec_t membership = router_timer_usec(router, ROUTER_TIMER_MEMBERSHIP);
	struct source *sources = NULL;
	struct saved saved;
	struct address group;
	int n, r;

	if (!read_head(router, &line, &saved))
		return -EINVAL;
	if (store_find(&router->store, &saved.key))
		return -EEXIST;
	/* A report may have come after it was written; none keeps it for longer than this. */
	saved.expires = usec_min(saved.expires > now + least ? saved.expires : now + least,
				 now + membership);
	for (int i = 0; i < OLDER_MAX; i++)
		saved.older_until[i] = usec_min(saved.older_until[i], now + membership);
	n = read_sources(router, line, &saved, &sources);
	if (n < 0)
		return n;
	if (n == 0 && saved.mode == FILTER_INCLUDE)
		return -EINVAL;
	r = add_group(router, &saved, sources, (uint16_t)n);
	if (r < 0)
		return r;
	group = router_address(router, &saved.key);
	router->ops.changed(router, &group, router->userdata);
	return 0;
}

usec_t router_recovery_usec(const struct router *router)
{
	const struct router_options *options = &router->options;
	usec_t usec = router_timer_usec(router, ROUTER_TIMER_MEMBERSHIP), queries;

	if (!options->querier || router->own.family == AF_UNSPEC)
		return usec;
	/* Startup Queries, run_general() */
	queries = (options->robustness - 1U) * (options->query_interval_usec / 4) +
		  2 * options->query_response_usec;
	return usec_min(usec, queries);
}
