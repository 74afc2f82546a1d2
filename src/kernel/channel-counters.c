/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/channel-counters.h"

#include "base/escape.h"
#include "kernel/nft-name.h"
#include "kernel/nft.h"

#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "inet amtd"

struct channel_counters {
	bool made;    /* the table is this object's */
	bool indexed; /* it has the map of indices */
	char *text;
	size_t length;
	FILE *commands; /* NULL: none wait */
};

/* Sets of each interface: source and group of channels, or the group only. */
static const struct kind {
	const char *name;
	sa_family_t family;
	bool source;
	const char *type, *lookup;
} kinds[] = {
	{ "s4", AF_INET, true, "ipv4_addr . ipv4_addr", "ip saddr . ip daddr" },
	{ "g4", AF_INET, false, "ipv4_addr", "ip daddr" },
	{ "s6", AF_INET6, true, "ipv6_addr . ipv6_addr", "ip6 saddr . ip6 daddr" },
	{ "g6", AF_INET6, false, "ipv6_addr", "ip6 daddr" },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

int channel_counters_new(struct channel_counters **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void channel_counters_free(struct channel_counters *counters)
{
	if (!counters)
		return;
	if (counters->commands)
		fclose(counters->commands);
	free(counters->text);
	free(counters);
}

static FILE *commands(struct channel_counters *counters)
{
	if (!counters->commands)
		counters->commands = open_memstream(&counters->text, &counters->length);
	return counters->commands;
}

/* Packets of the interface go to its chain. One whose name nft cannot write is matched by its
 * index; without an index it has gone, and has no packets. libnftables aborts when it lists an
 * index whose name is not UTF-8. */
static void put_jump(struct channel_counters *counters, FILE *stream, unsigned int number,
		     const char *name)
{
	const bool valid = nft_name_valid(name);
	unsigned int ifindex = !valid && escape_is_utf8(name) ? if_nametoindex(name) : 0;

	if (!valid && ifindex == 0)
		return;
	if (!valid && !counters->indexed) {
		fputs("add map " TABLE " indexed { type iface_index : verdict; }\n"
		      "add rule " TABLE " counting iif vmap @indexed\n",
		      stream);
		counters->indexed = true;
	}
	fprintf(stream, "add element " TABLE " %s { ", valid ? "counted" : "indexed");
	if (valid)
		nft_put_name(stream, name);
	else
		nft_put_index(stream, ifindex);
	fprintf(stream, " : jump d%u }\n", number);
}

void channel_counters_device(struct channel_counters *counters, unsigned int number,
			     const char *name)
{
	FILE *stream = commands(counters);

	if (!stream)
		return;
	if (!counters->made) { /* a previous amtd's table counts none of this one's channels */
		fputs("add table " TABLE "\ndelete table " TABLE "\nadd table " TABLE "\n"
		      "add map " TABLE " counted { type ifname : verdict; }\n"
		      "add chain " TABLE
		      " counting { type filter hook prerouting priority raw; policy accept; }\n"
		      "add rule " TABLE " counting iifname vmap @counted\n",
		      stream);
		counters->indexed = false;
	}
	counters->made = true;
	fprintf(stream, "add chain " TABLE " d%u\nflush chain " TABLE " d%u\n", number, number);
	put_jump(counters, stream, number, name);
	for (size_t i = 0; i < N_KINDS; i++)
		fprintf(stream,
			"add set " TABLE " %s_%u { type %s; counter; }\n"
			"add rule " TABLE " d%u %s @%s_%u\n",
			kinds[i].name, number, kinds[i].type, number, kinds[i].lookup,
			kinds[i].name, number);
}

void channel_counters_channel(struct channel_counters *counters, unsigned int number,
			      const struct channel_key *key, bool wanted)
{
	FILE *stream = counters->made ? commands(counters) : NULL;
	char element[CHANNEL_TEXT_MAX + 4], group[ADDRESS_TEXT_MAX], source[ADDRESS_TEXT_MAX];
	const bool has_source = key->source.family != AF_UNSPEC;
	const struct kind *kind = kinds;

	if (!stream)
		return;
	while (kind->family != key->group.family || kind->source != has_source)
		kind++;
	snprintf(element, sizeof(element), "%s%s%s",
		 has_source ? address_format(&key->source, source) : "", has_source ? " . " : "",
		 address_format(&key->group, group));
	/* One that is not there cannot be deleted: it is added first. */
	fprintf(stream, "add element " TABLE " %s_%u { %s }\n", kind->name, number, element);
	if (!wanted)
		fprintf(stream, "delete element " TABLE " %s_%u { %s }\n", kind->name, number,
			element);
}

static int list_table(char **ret_json)
{
	struct nft_ctx *ctx = nft_open();
	char *error_text = NULL;
	int r;

	if (!ctx)
		return -ENOMEM;
	nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_ALL);
	r = nft_run(ctx, "list table " TABLE, &error_text);
	if (r == 0) {
		*ret_json = strdup(nft_ctx_get_output_buffer(ctx));
		r = *ret_json ? 0 : -ENOMEM;
	}
	free(error_text);
	nft_close(ctx);
	return r;
}

int channel_counters_commit(struct channel_counters *counters, char **ret_error)
{
	int r;

	*ret_error = NULL;
	if (!counters->commands)
		return 0;
	r = fclose(counters->commands) != 0 ? -ENOMEM : nft_run(NULL, counters->text, ret_error);
	counters->commands = NULL;
	free(counters->text);
	counters->text = NULL;
	counters->made = counters->made && r == 0;
	return r;
}

static void read_element(const struct kind *kind, unsigned int number, const json_t *element,
			 channel_counters_handler each, void *userdata)
{
	const json_t *elem = json_object_get(element, "elem");
	const json_t *value = json_object_get(elem, "val"), *group = value;
	const json_t *packets = json_object_get(json_object_get(elem, "counter"), "packets");
	struct channel_key key = { 0 };

	if (kind->source) {
		const json_t *concat = json_object_get(value, "concat");
		const json_t *source = json_array_get(concat, 0);

		group = json_array_get(concat, 1);
		if (!json_is_string(source) ||
		    address_parse(json_string_value(source), &key.source) < 0)
			return;
	}
	if (json_is_string(group) && json_is_integer(packets) &&
	    address_parse(json_string_value(group), &key.group) == 0)
		each(number, &key, json_integer_value(packets), userdata);
}

static void read_set(const json_t *set, channel_counters_handler each, void *userdata)
{
	const char *name = json_string_value(json_object_get(set, "name")) ?: "";
	const json_t *elements = json_object_get(set, "elem");
	unsigned int number;
	char kind[3];

	if (sscanf(name, "%2[a-z0-9]_%u", kind, &number) != 2)
		return;
	for (size_t i = 0; i < N_KINDS; i++)
		for (size_t j = 0;
		     strcmp(kinds[i].name, kind) == 0 && j < json_array_size(elements); j++)
			read_element(&kinds[i], number, json_array_get(elements, j), each,
				     userdata);
}

int channel_counters_read(struct channel_counters *counters, channel_counters_handler each,
			  void *userdata)
{
	const json_t *objects;
	char *text = NULL;
	json_t *root;
	int r;

	if (!counters->made)
		return 0;
	r = list_table(&text);
	root = r == 0 ? json_loads(text, 0, NULL) : NULL;
	free(text);
	if (r == 0 && !root)
		r = -EBADMSG;
	objects = json_object_get(root, "nftables");
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *set = json_object_get(json_array_get(objects, i), "set");

		if (set)
			read_set(set, each, userdata);
	}
	json_decref(root);
	return r;
}

void channel_counters_remove(struct channel_counters *counters)
{
	char *error_text = NULL;

	if (!counters->made)
		return;
	(void)nft_run(NULL, "delete table " TABLE, &error_text);
	free(error_text);
	counters->made = false;
}
