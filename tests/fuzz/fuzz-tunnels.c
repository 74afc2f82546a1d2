/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what passes a relay device: Queries, Updates with and without the right MAC, Reports
 * made of the bytes or the bytes themselves, Teardowns, time. Whatever it is, the limits hold, time
 * never stands still, and what was told last is what all tunnels want.
 */
#include "input.h"
#include "membership/tunnels.h"
#include "wire/group-build.h"

#include <stdlib.h>
#include <string.h>

#define SEC    USEC_PER_SEC
#define MAX    4
#define GROUPS 4 /* of each family */
#define EVENTS 500

struct world {
	struct tunnels *tunnels;
	uint64_t now;
	struct filter told[2 * GROUPS];
};

static struct address group(unsigned int i)
{
	struct address a = { .family = i < GROUPS ? AF_INET : AF_INET6 };

	memcpy(&a.in6, i < GROUPS ? (uint8_t[]){ 233, 1, 1, 0 } : (uint8_t[]){ 0xff, 0x0e, 0, 0 },
	       4);
	a.in6.s6_addr[i < GROUPS ? 3 : 15] = (uint8_t)i;
	return a;
}

static void on_changed(struct tunnels *tunnels, const struct address *g,
		       const struct filter *filter, void *userdata)
{
	struct world *world = userdata;

	for (unsigned int i = 0; i < 2 * GROUPS; i++) {
		struct address a = group(i);

		if (address_equal(&a, g))
			REQUIRE(filter_copy(&world->told[i], filter) == 0);
	}
}

static struct address gateway(struct input *input)
{
	return address_from_in((struct in_addr){ 1 + input_take(input) % (MAX + 2) });
}

static size_t make_report(struct input *input, uint8_t *buf, size_t size)
{
	unsigned int i = input_take(input) % (2 * GROUPS);
	struct group_record record = { .type = 1 + input_take(input) % 6, .group = group(i) };
	sa_family_t family = record.group.family;
	struct address from = { .family = AF_UNSPEC };
	uint8_t sources[7 * 16], *at = sources;
	ssize_t length;

	record.sources.n = input_take(input) % 8;
	record.sources.data = sources;
	for (unsigned int k = 0; k < record.sources.n; k++) {
		struct address source = { .family = family };

		memcpy(&source.in6,
		       family == AF_INET ? (uint8_t[]){ 10, 0, 0, 0 }
					 : (uint8_t[]){ 0x20, 1, 0, 0 },
		       4);
		source.in6.s6_addr[family == AF_INET ? 3 : 15] = 1 + input_take(input) % 8;
		at += group_put_source(&source, at);
	}
	length = group_report_build(family, family == AF_INET ? 3 : 2, &record, 1, &from, NULL, buf,
				    size);
	REQUIRE(length > 0);
	return (size_t)length;
}

static void do_update(struct world *world, struct input *input, bool raw)
{
	struct message message = { .type = AMT_UPDATE, .update.nonce = input_take(input) % 4 };
	struct address from = gateway(input);
	uint8_t buf[512];
	size_t n = input_take(input);

	memset(message.update.mac, input_take(input) % 4, sizeof(message.update.mac));
	if (raw) {
		n = n < input->left ? n : input->left;
		message.update.inner.data = input->data;
		input->data += n;
		input->left -= n;
	} else {
		message.update.inner.data = buf;
		n = make_report(input, buf, sizeof(buf));
	}
	message.update.inner.length = n;
	tunnels_update(world->tunnels, &from, &message, world->now);
}

static void do_query(struct world *world, struct input *input)
{
	struct message message = { .type = AMT_QUERY, .query.nonce = input_take(input) % 4 };
	struct address from;

	memset(message.query.mac, input_take(input) % 4, sizeof(message.query.mac));
	from = gateway(input);
	tunnels_query(world->tunnels, &from, 1 + input_take(input) % 16 / 15, &message, world->now);
}

static void do_teardown(struct world *world, struct input *input)
{
	struct message message = { .type = AMT_TEARDOWN, .teardown.nonce = input_take(input) % 4 };

	memset(message.teardown.mac, input_take(input) % 4, sizeof(message.teardown.mac));
	message.teardown.gateway.port = 1;
	message.teardown.gateway.address = gateway(input);
	tunnels_teardown(world->tunnels, &message, world->now);
}

static void check(struct world *world)
{
	struct filter filter = { 0 };

	tunnels_flush(world->tunnels);
	REQUIRE(tunnels_count(world->tunnels) <= MAX);
	for (unsigned int i = 0; i < 2 * GROUPS; i++) {
		struct address a = group(i);

		REQUIRE(tunnels_filter(world->tunnels, &a, &filter) == 0);
		REQUIRE(filter_equal(&filter, &world->told[i]));
	}
	filter_clear(&filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct world world = { .now = SEC };

	REQUIRE(tunnels_new(MAX, on_changed, &world, &world.tunnels) == 0);
	for (int i = 0; i < EVENTS && input.left > 0; i++) {
		switch (input_take(&input) % 8) {
		case 0:
		case 1:
			do_query(&world, &input);
			break;
		case 2:
			do_teardown(&world, &input);
			break;
		case 3:
			do_update(&world, &input, true);
			break;
		case 4:
			world.now += input_take(&input) * SEC;
			tunnels_run(world.tunnels, world.now);
			REQUIRE(tunnels_next(world.tunnels) > world.now);
			break;
		default:
			do_update(&world, &input, false);
		}
		check(&world);
	}
	tunnels_free(world.tunnels);
	for (unsigned int i = 0; i < 2 * GROUPS; i++)
		filter_clear(&world.told[i]);
	return 0;
}
