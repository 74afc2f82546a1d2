/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data of a relay: UDP, then two bytes of AMT (RFC 7450, 5.1.6) and the packet. @th,64,8 is the
 * type, @th,80,4 the version of the packet within; its addresses are at @th,176 (IPv4, 64 bits) and
 * @th,144 (IPv6, 256 bits), groups at @th,208 and @th,272. @th,0,32 are both ports.
 */
#include "kernel/tunnel-filter.h"

#include "base/array.h"
#include "kernel/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <nftables/libnftables.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#define TABLE "ip amtd-relay"

enum kind {
	ASKED,	 /* source and group, INCLUDE */
	ANY,	 /* group, EXCLUDE */
	REFUSED, /* source and group: excluded */
	TUNNEL,	 /* described: the rest is dropped */
	_KIND_MAX,
};

static const struct {
	const char *set, *set6;
	bool passes; /* an element lets pass more */
} kinds[_KIND_MAX] = {
	[ASKED] = { "asked4", "asked6", true },
	[ANY] = { "any4", "any6", true },
	[REFUSED] = { "refused4", "refused6", false },
	[TUNNEL] = { "tunnels", "tunnels", false },
};

struct element {
	enum kind kind;
	struct address group, source; /* AF_UNSPEC: not of this kind */
};

struct tunnel {
	struct tunnel_filter_key key; /* first: the tree's key */
	struct element *have, *want;  /* in the table, and described; sorted */
	size_t n_have, n_want, want_size;
	bool dirty;
	struct tunnel *next_dirty;
};

struct port {
	uint16_t port;
	bool made; /* its counter */
};

struct tunnel_filter {
	struct nft_ctx *nft; /* its socket owns the table */
	bool made;	     /* the table */
	void *tunnels;	     /* tree, tsearch(3) */
	struct tunnel *dirty, *described;
	struct port *ports;
	size_t n_ports, ports_size;
};

/* Commands for the sets: one for each verb and set, begun with its first element. */
struct stream {
	FILE *f;
	char *text;
	size_t length;
};

struct changes {
	struct stream streams[2][_KIND_MAX][2]; /* add and delete; IPv4 and IPv6 */
};

static const char rules[] =
	"add table " TABLE "\n"
	"delete table " TABLE "\n"
	"add table " TABLE " { flags owner; }\n"
	"add set " TABLE " tunnels { typeof ip daddr . @th,0,32; }\n"
	"add set " TABLE " asked4 { typeof ip daddr . @th,0,32 . @th,176,64; }\n"
	"add set " TABLE " asked6 { typeof ip daddr . @th,0,32 . @th,144,256; }\n"
	"add set " TABLE " any4 { typeof ip daddr . @th,0,32 . @th,208,32; }\n"
	"add set " TABLE " any6 { typeof ip daddr . @th,0,32 . @th,272,128; }\n"
	"add set " TABLE " refused4 { typeof ip daddr . @th,0,32 . @th,176,64; }\n"
	"add set " TABLE " refused6 { typeof ip daddr . @th,0,32 . @th,144,256; }\n"
	/* each port with its counter */
	"add set " TABLE " relays { type inet_service; counter; }\n"
	"add chain " TABLE " dropped\n"
	"add rule " TABLE " dropped udp sport @relays drop\n"
	"add chain " TABLE " any\n"
	"add rule " TABLE
	" any @th,80,4 4 ip daddr . @th,0,32 . @th,176,64 @refused4 goto dropped\n"
	"add rule " TABLE
	" any @th,80,4 6 ip daddr . @th,0,32 . @th,144,256 @refused6 goto dropped\n"
	"add chain " TABLE " data\n"
	"add rule " TABLE " data @th,80,4 4 ip daddr . @th,0,32 . @th,176,64 @asked4 accept\n"
	"add rule " TABLE " data @th,80,4 6 ip daddr . @th,0,32 . @th,144,256 @asked6 accept\n"
	"add rule " TABLE " data @th,80,4 4 ip daddr . @th,0,32 . @th,208,32 @any4 goto any\n"
	"add rule " TABLE " data @th,80,4 6 ip daddr . @th,0,32 . @th,272,128 @any6 goto any\n"
	"add rule " TABLE " data ip daddr . @th,0,32 @tunnels goto dropped\n"
	"add chain " TABLE " output { type filter hook output priority raw; policy accept; }\n"
	/* udp: the tests of raw bytes come first, as they are cheap */
	"add rule " TABLE " output @th,64,8 6 meta l4proto udp goto data\n";

static int compare_tunnels(const void *a, const void *b)
{
	const struct tunnel_filter_key *x = a, *y = b;

	if (x->gateway.s_addr != y->gateway.s_addr)
		return x->gateway.s_addr < y->gateway.s_addr ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return (int)x->relay_port - (int)y->relay_port;
}

static int compare_elements(const void *a, const void *b)
{
	const struct element *x = a, *y = b;
	int r = (int)x->kind - (int)y->kind;

	if (r == 0)
		r = address_compare(&x->group, &y->group);
	return r != 0 ? r : address_compare(&x->source, &y->source);
}

int tunnel_filter_new(struct tunnel_filter **ret)
{
	struct tunnel_filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return -ENOMEM;
	*ret = filter;
	return 0;
}

static void free_tunnel(void *node)
{
	struct tunnel *tunnel = node;

	free(tunnel->have);
	free(tunnel->want);
	free(tunnel);
}

void tunnel_filter_free(struct tunnel_filter *filter)
{
	if (!filter)
		return;
	nft_close(filter->nft);
	tdestroy(filter->tunnels, free_tunnel);
	free(filter->ports);
	free(filter);
}

static struct tunnel *find_tunnel(const struct tunnel_filter *filter,
				  const struct tunnel_filter_key *key)
{
	struct tunnel *const *found = tfind(key, &filter->tunnels, compare_tunnels);

	return found ? *found : NULL;
}

static struct tunnel *add_tunnel(struct tunnel_filter *filter, const struct tunnel_filter_key *key)
{
	struct tunnel *tunnel = find_tunnel(filter, key);

	if (tunnel)
		return tunnel;
	tunnel = calloc(1, sizeof(*tunnel));
	if (!tunnel)
		return NULL;
	tunnel->key = *key;
	if (!tsearch(tunnel, &filter->tunnels, compare_tunnels)) {
		free(tunnel);
		return NULL;
	}
	return tunnel;
}

static void make_dirty(struct tunnel_filter *filter, struct tunnel *tunnel)
{
	if (tunnel->dirty)
		return;
	tunnel->dirty = true;
	tunnel->next_dirty = filter->dirty;
	filter->dirty = tunnel;
}

static int want_element(struct tunnel *tunnel, enum kind kind, const struct address *group,
			const struct address *source)
{
	const struct address none = { .family = AF_UNSPEC };

	if (!GROW(tunnel->want, tunnel->n_want, tunnel->want_size))
		return -ENOMEM;
	tunnel->want[tunnel->n_want++] = (struct element){
		.kind = kind,
		.group = group ? *group : none,
		.source = source ? *source : none,
	};
	return 0;
}

/* Its counter, for good: there are few. */
static int need_port(struct tunnel_filter *filter, uint16_t port)
{
	for (size_t i = 0; i < filter->n_ports; i++)
		if (filter->ports[i].port == port)
			return 0;
	if (!GROW(filter->ports, filter->n_ports, filter->ports_size))
		return -ENOMEM;
	filter->ports[filter->n_ports++] = (struct port){ .port = port };
	return 0;
}

int tunnel_filter_begin(struct tunnel_filter *filter, const struct tunnel_filter_key *key)
{
	struct tunnel *tunnel = add_tunnel(filter, key);
	int r;

	filter->described = tunnel;
	if (!tunnel)
		return -ENOMEM;
	make_dirty(filter, tunnel);
	tunnel->n_want = 0;
	r = need_port(filter, key->relay_port);
	return r < 0 ? r : want_element(tunnel, TUNNEL, NULL, NULL);
}

int tunnel_filter_group(struct tunnel_filter *filter, const struct address *group,
			const struct filter *sources)
{
	const bool include = sources->mode == FILTER_INCLUDE;
	int r = include ? 0 : want_element(filter->described, ANY, group, NULL);

	for (size_t i = 0; i < sources->n && r == 0; i++)
		r = want_element(filter->described, include ? ASKED : REFUSED, group,
				 &sources->sources[i]);
	return r;
}

void tunnel_filter_pass(struct tunnel_filter *filter, const struct tunnel_filter_key *key)
{
	struct tunnel *tunnel = find_tunnel(filter, key);

	if (!tunnel)
		return;
	tunnel->n_want = 0;
	make_dirty(filter, tunnel);
}

static void put_hex(FILE *f, const struct address *address)
{
	const uint8_t *bytes = address_bytes(address);

	for (size_t i = 0; i < address_length(address->family); i++)
		fprintf(f, "%02x", bytes[i]);
}

static int put_change(struct changes *changes, const struct tunnel_filter_key *key, bool add,
		      const struct element *element)
{
	const bool in6 = element->group.family == AF_INET6;
	struct stream *stream = &changes->streams[!add][element->kind][in6];
	char text[INET_ADDRSTRLEN];

	if (stream->f) {
		fputs(", ", stream->f);
	} else {
		stream->f = open_memstream(&stream->text, &stream->length);
		if (!stream->f)
			return -errno;
		fprintf(stream->f, "%s element " TABLE " %s { ", add ? "add" : "delete",
			in6 ? kinds[element->kind].set6 : kinds[element->kind].set);
	}
	fprintf(stream->f, "%s . 0x%04x%04x", inet_ntop(AF_INET, &key->gateway, text, sizeof(text)),
		key->relay_port, key->port);
	if (!address_is_set(&element->group))
		return 0;
	fputs(" . 0x", stream->f);
	if (address_is_set(&element->source))
		put_hex(stream->f, &element->source);
	put_hex(stream->f, &element->group);
	return 0;
}

static int put_tunnel(struct changes *changes, struct tunnel *tunnel)
{
	const struct element *have = tunnel->have, *have_end = have + tunnel->n_have;
	const struct element *want, *want_end;
	int r = 0;

	if (tunnel->n_want > 0)
		qsort(tunnel->want, tunnel->n_want, sizeof(*tunnel->want), compare_elements);
	want = tunnel->want;
	want_end = want + tunnel->n_want;
	while (r == 0 && (have < have_end || want < want_end)) {
		int order = have == have_end   ? 1
			    : want == want_end ? -1
					       : compare_elements(have, want);

		if (order < 0)
			r = put_change(changes, &tunnel->key, false, have);
		else if (order > 0)
			r = put_change(changes, &tunnel->key, true, want);
		have += order <= 0;
		want += order >= 0;
	}
	return r;
}

static int end_changes(struct changes *changes)
{
	int r = 0;

	for (int verb = 0; verb < 2; verb++)
		for (int kind = 0; kind < _KIND_MAX; kind++)
			for (int in6 = 0; in6 < 2; in6++) {
				struct stream *stream = &changes->streams[verb][kind][in6];

				if (!stream->f)
					continue;
				fputs(" }\n", stream->f);
				if (fclose(stream->f) != 0)
					r = -ENOMEM;
			}
	return r;
}

static void free_changes(struct changes *changes)
{
	for (int verb = 0; verb < 2; verb++)
		for (int kind = 0; kind < _KIND_MAX; kind++)
			for (int in6 = 0; in6 < 2; in6++)
				free(changes->streams[verb][kind][in6].text);
}

/* The commands of one transaction: the table, if it is missing, and the changes by which more, or
 * less, passes. *ret is the empty string when there are none. */
static int join_changes(const struct tunnel_filter *filter, const struct changes *changes,
			bool passes, char **ret)
{
	size_t length;
	FILE *f = open_memstream(ret, &length);

	if (!f)
		return -errno;
	if (passes && !filter->made)
		fputs(rules, f);
	for (size_t i = 0; passes && i < filter->n_ports; i++)
		if (!filter->ports[i].made)
			fprintf(f, "add element " TABLE " relays { %u }\n", filter->ports[i].port);
	for (int verb = 0; verb < 2; verb++)
		for (int kind = 0; kind < _KIND_MAX; kind++)
			for (int in6 = 0; in6 < 2; in6++) {
				const struct stream *stream = &changes->streams[verb][kind][in6];

				if (stream->text && (kinds[kind].passes == (verb == 0)) == passes)
					fputs(stream->text, f);
			}
	if (fclose(f) != 0) {
		free(*ret);
		return -ENOMEM;
	}
	return 0;
}

static int run_changes(struct tunnel_filter *filter, struct firewall *firewall,
		       const struct changes *changes, bool passes, char **ret_error)
{
	char *commands;
	int r;

	r = join_changes(filter, changes, passes, &commands);
	if (r < 0)
		return r;
	r = *commands ? firewall_run(firewall, filter->nft, commands, ret_error) : 0;
	free(commands);
	if (r < 0 || !passes)
		return r;
	filter->made = true;
	for (size_t i = 0; i < filter->n_ports; i++)
		filter->ports[i].made = true;
	return r;
}

static void tunnel_written(struct tunnel_filter *filter, struct tunnel *tunnel)
{
	free(tunnel->have);
	tunnel->have = tunnel->want;
	tunnel->n_have = tunnel->n_want;
	tunnel->want = NULL;
	tunnel->n_want = tunnel->want_size = 0;
	tunnel->dirty = false;
	if (tunnel->n_have > 0)
		return;
	(void)tdelete(tunnel, &filter->tunnels, compare_tunnels);
	free_tunnel(tunnel);
}

static void forget_written(const void *node, VISIT which, void *userdata)
{
	struct tunnel *tunnel = *(struct tunnel *const *)node;

	if (which != postorder && which != leaf) /* once each */
		return;
	if (!tunnel->dirty) {
		free(tunnel->want);
		tunnel->want = tunnel->have;
		tunnel->n_want = tunnel->want_size = tunnel->n_have;
		tunnel->have = NULL;
	}
	free(tunnel->have);
	tunnel->have = NULL;
	tunnel->n_have = 0;
	make_dirty(userdata, tunnel);
}

/* All pass: the table goes with its socket. */
static void drop_table(struct tunnel_filter *filter)
{
	nft_close(filter->nft);
	filter->nft = NULL;
	filter->made = false;
	for (size_t i = 0; i < filter->n_ports; i++)
		filter->ports[i].made = false;
	twalk_r(filter->tunnels, forget_written, filter);
}

static int write_changes(struct tunnel_filter *filter, struct firewall *firewall,
			 struct changes *changes, char **ret_error)
{
	int r = 0, q = 0;

	if (!filter->nft)
		filter->nft = nft_open();
	if (!filter->nft)
		return -ENOMEM;
	for (struct tunnel *tunnel = filter->dirty; tunnel && r == 0; tunnel = tunnel->next_dirty)
		r = put_tunnel(changes, tunnel);
	q = end_changes(changes);
	if (r == 0)
		r = q;
	if (r == 0)
		r = run_changes(filter, firewall, changes, true, ret_error);
	if (r >= 0)
		q = run_changes(filter, firewall, changes, false, ret_error);
	return r < 0 || q < 0 ? (r < 0 ? r : q) : r > 0 ? r : q;
}

int tunnel_filter_commit(struct tunnel_filter *filter, struct firewall *firewall, char **ret_error)
{
	struct changes changes = { 0 };
	struct tunnel *tunnel;
	int r;

	*ret_error = NULL;
	if (!filter->dirty)
		return 0;
	r = write_changes(filter, firewall, &changes, ret_error);
	free_changes(&changes);
	if (r < 0) {
		drop_table(filter);
		return r;
	}
	while ((tunnel = filter->dirty)) {
		filter->dirty = tunnel->next_dirty;
		tunnel_written(filter, tunnel);
	}
	return r;
}

static uint64_t read_counter(const json_t *set, uint16_t port)
{
	const json_t *elements = json_object_get(set, "elem");

	for (size_t i = 0; i < json_array_size(elements); i++) {
		const json_t *elem = json_object_get(json_array_get(elements, i), "elem");
		const json_t *counter = json_object_get(elem, "counter");

		if (json_integer_value(json_object_get(elem, "val")) == port)
			return json_integer_value(json_object_get(counter, "packets"));
	}
	return 0;
}

uint64_t tunnel_filter_dropped(const struct tunnel_filter *filter, uint16_t relay_port)
{
	struct nft_ctx *ctx = filter->made ? nft_open() : NULL;
	const json_t *objects;
	json_t *root = NULL;
	uint64_t n = 0;

	if (!ctx)
		return 0;
	nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_ALL);
	if (nft_run_cmd_from_buffer(ctx, "list set " TABLE " relays") == 0)
		root = json_loads(nft_ctx_get_output_buffer(ctx), 0, NULL);
	objects = json_object_get(root, "nftables");
	for (size_t i = 0; i < json_array_size(objects); i++)
		n += read_counter(json_object_get(json_array_get(objects, i), "set"), relay_port);
	json_decref(root);
	nft_close(ctx);
	return n;
}
