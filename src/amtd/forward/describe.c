/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [Forward] of a device as JSON.
 */
#include "amtd/forward/forward-private.h"
#include "kernel/joins.h"

#include <jansson.h>
#include <string.h>

static json_t *describe_upstreams(const struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);
	json_t *upstreams = json_array();

	for (size_t i = 0; i < config->n_upstreams; i++) {
		char prefix[PREFIX_TEXT_MAX];

		json_array_append_new(upstreams,
				      json_pack("{s:s, s:s, s:b}", "ifname",
						forward_upstream_name(forward, i), "prefix",
						prefix_format(&config->upstreams[i].prefix, prefix),
						"running", forward->upstreams[i] != 0));
	}
	return upstreams;
}

static json_t *describe_family(const struct forward *forward, enum family family)
{
	struct forwarder_counters counters;
	json_t *object = json_object();
	size_t sockets;

	if (!forward->routing->mroutes[family])
		json_object_set_new(object, "error", json_string(forward->routing->errors[family]));
	if (forward->failed[family] > 0)
		json_object_update_new(object, json_pack("{s:I, s:s}", "failed",
							 (json_int_t)forward->failed[family],
							 "failure", forward->failure[family]));
	if (!forward->forwarders[family])
		return object;
	forwarder_counters(forward->forwarders[family], &counters);
	json_object_update_new(
		object,
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "groups",
			  (json_int_t)counters.groups, "wants", (json_int_t)counters.wants, "joins",
			  (json_int_t)joins_count(forward->joins[family], &sockets), "flows",
			  (json_int_t)counters.flows, "dropped_flows", (json_int_t)counters.dropped,
			  "wrong_interface", (json_int_t)counters.wrong_interface, "refused",
			  (json_int_t)counters.refused, "evicted", (json_int_t)counters.evicted));
	return object;
}

json_t *forward_describe(const struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);
	json_t *downstreams;

	if (forward->error < 0)
		return json_pack("{s:s}", "error", strerror(-forward->error));
	downstreams = json_array();
	for (size_t i = 0; i < forward->n_downstreams; i++)
		json_array_append_new(downstreams, downstream_describe(&forward->downstreams[i]));
	return json_pack("{s:i, s:o, s:I, s:s, s:b, s:o, s:o, s:o}", "table", (int)config->table,
			 "upstreams", describe_upstreams(forward), "upstream_packets",
			 (json_int_t)upstream_packets(forward), "alternative", config->alternative,
			 "switched", forward->switched, "downstreams", downstreams, "ipv4",
			 describe_family(forward, FAMILY_IPV4), "ipv6",
			 describe_family(forward, FAMILY_IPV6));
}
