/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/router-state.h"
#include "membership/tunnels-private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool read_key(const char **line, struct address *ret_gateway, usec_t *ret_since)
{
	const size_t length = strcspn(*line, " "), gateway = strcspn(*line, "@");
	char text[ADDRESS_TEXT_MAX];
	int end = 0;

	if (gateway >= length || gateway >= sizeof(text) || (*line)[length] != ' ')
		return false;
	memcpy(text, *line, gateway);
	text[gateway] = '\0';
	if (address_parse(text, ret_gateway) < 0 ||
	    sscanf(*line + gateway, "@%" SCNu64 "%n", ret_since, &end) != 1 ||
	    gateway + (size_t)end != length)
		return false;
	*line += length + 1;
	return true;
}

/* Strict: it is what tunnels_write_tunnel() would write of it. */
static bool is_canonical(const struct tunnel *tunnel, const char *line)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	bool same = false;

	if (!stream)
		return false;
	tunnels_write_tunnel(tunnel, stream);
	if (fclose(stream) == 0)
		same = strlen(line) + 1 == length && memcmp(line, text, length - 1) == 0;
	free(text);
	return same;
}

static bool parse_tunnel(const char *line, struct tunnel *ret)
{
	const char *whole = line;

	if (!read_key(&line, &ret->gateway, &ret->since))
		return false;
	if (sscanf(line,
		   "tunnel %" SCNu16 " %" SCNu32 " %2hhx%2hhx%2hhx%2hhx%2hhx%2hhx %" SCNu64
		   " %" SCNu64 " %" SCNu64,
		   &ret->port, &ret->nonce, &ret->mac[0], &ret->mac[1], &ret->mac[2], &ret->mac[3],
		   &ret->mac[4], &ret->mac[5], &ret->last_query, &ret->last_update,
		   &ret->expires) != 11)
		return false;
	return is_canonical(ret, whole);
}

int tunnels_read_tunnel(struct tunnels *tunnels, const char *line, usec_t now)
{
	const char *word = strchr(line, ' ');
	struct tunnel saved = { .tunnels = tunnels }, *tunnel;

	if (!word || strncmp(word, " tunnel ", 8) != 0 || strcmp(word, " tunnel -") == 0)
		return 0;
	if (!parse_tunnel(line, &saved) || !address_is_host(&saved.gateway) || saved.since > now ||
	    tunnels_find(tunnels, &saved.gateway))
		return -EINVAL;
	if (saved.expires <= now)
		return 0;
	if (tunnels->heap.n >= tunnels->max)
		return -EDQUOT;
	tunnel = tunnels_begin(tunnels, &saved.gateway, saved.port, now);
	if (!tunnel)
		return -ENOMEM;
	tunnel->since = saved.since;
	tunnel->nonce = saved.nonce;
	memcpy(tunnel->mac, saved.mac, sizeof(tunnel->mac));
	tunnel->last_query = usec_min(saved.last_query, now);
	tunnel->last_update = usec_min(saved.last_update, now);
	tunnel->expires = usec_min(saved.expires, now + TUNNELS_FORGET_UPDATED);
	tunnels_reschedule(tunnel);
	return 1;
}

int tunnels_read_group(struct tunnels *tunnels, const char *line, usec_t now)
{
	const char *word = strchr(line, ' '), *end;
	struct address gateway;
	struct tunnel *tunnel;
	struct router *router;
	usec_t since;
	int r;

	if (!word || strncmp(word, " tunnel ", 8) == 0)
		return 0;
	end = strchr(word + 1, ' ');
	if (end && strcmp(end, " -") == 0)
		return 0;
	if (!read_key(&line, &gateway, &since))
		return -EINVAL;
	tunnel = tunnels_find(tunnels, &gateway);
	if (!tunnel || tunnel->since != since)
		return 0; /* of one that has ended */
	router = tunnels_need_router(
		tunnel, end && memchr(line, ':', (size_t)(end - line)) ? AF_INET6 : AF_INET, now);
	if (!router)
		return -ENOMEM;
	/* The gateway's next Update may be as far away. */
	r = router_read_group(router, line, TUNNELS_FORGET, now);
	tunnels_reschedule(tunnel);
	return r < 0 ? r : 1;
}
