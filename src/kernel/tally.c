/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <amt/tally.h>

#include <errno.h>
#include <jansson.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "inet amtd"

struct tally {
	bool made; /* the table is this object's */
	char *text;
	size_t length;
	FILE *commands; /* NULL: none wait */
};

/* Of each interface: what a channel's source and group are looked up in, or its group alone. */
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

int tally_new(struct tally **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	if (tally->commands)
		fclose(tally->commands);
	free(tally->text);
	free(tally);
}

static FILE *commands(struct tally *tally)
{
	if (!tally->commands)
		tally->commands = open_memstream(&tally->text, &tally->length);
	return tally->commands;
}

void tally_device(struct tally *tally, unsigned int number, const char *name)
{
	FILE *stream = commands(tally);

	if (!stream)
		return;
	if (!tally->made) /* what a former amtd left counts no channel of this one's */
		fputs("add table " TABLE "\ndelete table " TABLE "\nadd table " TABLE "\n"
		      "add map " TABLE " tallied { type ifname : verdict; }\n"
		      "add chain " TABLE
		      " tally { type filter hook prerouting priority raw; policy accept; }\n"
		      "add rule " TABLE " tally iifname vmap @tallied\n",
		      stream);
	tally->made = true;
	fprintf(stream,
		"add chain " TABLE " d%u\nflush chain " TABLE " d%u\n"
		"add element " TABLE " tallied { \"%s\" : jump d%u }\n",
		number, number, name, number);
	for (size_t i = 0; i < N_KINDS; i++)
		fprintf(stream,
			"add set " TABLE " %s_%u { type %s; counter; }\n"
			"add rule " TABLE " d%u %s @%s_%u\n",
			kinds[i].name, number, kinds[i].type, number, kinds[i].lookup,
			kinds[i].name, number);
}

void tally_channel(struct tally *tally, unsigned int number, const struct channel_key *key,
		   bool wanted)
{
	FILE *stream = tally->made ? commands(tally) : NULL;
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

/* Words: what nft said, when it failed; else what was asked for. */
static int run(const char *text, bool json, char **ret_text)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *words;
	int r = 0;

	if (!ctx)
		return -ENOMEM;
	nft_ctx_buffer_error(ctx);
	nft_ctx_buffer_output(ctx);
	if (json)
		nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_ALL);
	if (nft_run_cmd_from_buffer(ctx, text) != 0)
		r = -EIO;
	words = r < 0 ? nft_ctx_get_error_buffer(ctx) : nft_ctx_get_output_buffer(ctx);
	*ret_text = r < 0 ? strndup(words ?: "", strcspn(words ?: "", "\n")) : strdup(words ?: "");
	nft_ctx_free(ctx);
	return r;
}

int tally_commit(struct tally *tally, char **ret_words)
{
	char *words = NULL;
	int r;

	*ret_words = NULL;
	if (!tally->commands)
		return 0;
	r = fclose(tally->commands) != 0 ? -ENOMEM : run(tally->text, false, &words);
	tally->commands = NULL;
	free(tally->text);
	tally->text = NULL;
	if (r < 0) {
		tally->made = false;
		*ret_words = words;
		return r;
	}
	free(words);
	return 0;
}

static void read_element(const struct kind *kind, unsigned int number, const json_t *element,
			 tally_handler each, void *userdata)
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

static void read_set(const json_t *set, tally_handler each, void *userdata)
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

int tally_read(struct tally *tally, tally_handler each, void *userdata)
{
	const json_t *objects;
	char *text = NULL;
	json_t *root;
	int r;

	if (!tally->made)
		return 0;
	r = run("list table " TABLE, true, &text);
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

void tally_remove(struct tally *tally)
{
	char *words = NULL;

	if (!tally->made)
		return;
	(void)run("delete table " TABLE, false, &words);
	free(words);
	tally->made = false;
}
