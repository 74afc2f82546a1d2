/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/router-state.h"
#include "membership/tunnels-private.h"

#include <inttypes.h>

/* State for the next process: "GATEWAY@SINCE tunnel PORT NONCE MAC QUERY UPDATE EXPIRES", and
 * "GATEWAY@SINCE GROUP ...", router-state.h. With "-" for the rest the tunnel has ended. */

static void write_key(const struct tunnel *tunnel, FILE *stream)
{
	char text[ADDRESS_TEXT_MAX];

	fprintf(stream, "%s@%" PRIu64 " ", address_format(&tunnel->gateway, text), tunnel->since);
}

void tunnels_write_tunnel(const struct tunnel *tunnel, FILE *stream)
{
	write_key(tunnel, stream);
	fprintf(stream, "tunnel %u %" PRIu32 " ", tunnel->port, tunnel->nonce);
	for (size_t i = 0; i < sizeof(tunnel->mac); i++)
		fprintf(stream, "%02x", tunnel->mac[i]);
	fprintf(stream, " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", tunnel->last_query,
		tunnel->last_update, tunnel->expires);
}

static void write_group(const struct tunnel *tunnel, const struct router *router,
			const struct address *group, FILE *stream)
{
	write_key(tunnel, stream);
	router_write_group(router, group, tunnel->last_query, stream);
	fputc('\n', stream);
}

void tunnels_record_tunnel(const struct tunnel *tunnel, bool ended)
{
	const struct tunnels_recorder *recorder = &tunnel->tunnels->recorder;
	FILE *stream = recorder->begin ? recorder->begin(recorder->userdata) : NULL;

	if (!stream)
		return;
	if (ended) {
		write_key(tunnel, stream);
		fputs("tunnel -\n", stream);
	} else {
		tunnels_write_tunnel(tunnel, stream);
	}
	recorder->end(recorder->userdata);
}

void tunnels_record_group(const struct tunnel *tunnel, const struct router *router,
			  const struct address *group)
{
	const struct tunnels_recorder *recorder = &tunnel->tunnels->recorder;
	FILE *stream = recorder->begin ? recorder->begin(recorder->userdata) : NULL;

	if (!stream)
		return;
	write_group(tunnel, router, group, stream);
	recorder->end(recorder->userdata);
}

void tunnels_record(struct tunnels *tunnels, const struct tunnels_recorder *recorder)
{
	tunnels->recorder = recorder ? *recorder : (struct tunnels_recorder){ 0 };
}

void tunnels_write(const struct tunnels *tunnels, usec_t now, FILE *stream)
{
	for (uint32_t i = 0; i < tunnels->heap.n; i++) {
		const struct tunnel *tunnel = tunnel_at(tunnels, i);

		tunnels_write_tunnel(tunnel, stream);
		for (int family = 0; family < _FAMILY_MAX; family++) {
			const struct router *router = tunnel->routers[family];
			struct router_group group;
			size_t at = 0;

			while (router && router_next_group(router, &at, now, &group))
				write_group(tunnel, router, &group.group, stream);
		}
	}
}
