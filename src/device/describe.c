/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"
#include "device/device.h"
#include "device/tuning.h"
#include "kernel/link.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>

static json_t *text_of_in(struct in_addr in)
{
	char text[INET_ADDRSTRLEN];

	return json_string(inet_ntop(AF_INET, &in, text, sizeof(text)));
}

static json_t *text_of(const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	return json_string(address_format(address, text));
}

static json_t *describe_linkinfo(const struct device *device, const struct amtlink *have)
{
	json_t *data = json_object();

	json_object_set_new(data, "mode",
			    json_string(have->mode == AMT_MODE_RELAY ? "relay" : "gateway"));
	json_object_set_new(data, "gateway_port", json_integer(have->gateway_port));
	json_object_set_new(data, "relay_port", json_integer(have->relay_port));
	json_object_set_new(data, "link", json_string(device->config->link));
	json_object_set_new(data, "local", text_of_in(have->local));
	if (have->discovery.s_addr != 0)
		json_object_set_new(data, "discovery", text_of_in(have->discovery));
	if (have->remote.s_addr != 0)
		json_object_set_new(data, "remote", text_of_in(have->remote));
	json_object_set_new(data, "max_tunnels", json_integer(have->max_tunnels));
	return json_pack("{s:s, s:o}", "info_kind", "amt", "info_data", data);
}

static void describe_interface(json_t *object, const struct device *device,
			       const struct amtlink *have)
{
	const struct link *link = &have->link;

	json_object_set_new(object, "ifindex", json_integer(link->ifindex));
	json_object_set_new(object, "mtu", json_integer(link->mtu));
	json_object_set_new(object, "operstate",
			    json_string(link_operstate_string(link->operstate)));
	json_object_set_new(object, "linkinfo", describe_linkinfo(device, have));
	json_object_set_new(
		object, "stats64",
		json_pack("{s:{s:I, s:I}, s:{s:I, s:I}}", "rx", "bytes", (json_int_t)link->rx_bytes,
			  "packets", (json_int_t)link->rx_packets, "tx", "bytes",
			  (json_int_t)link->tx_bytes, "packets", (json_int_t)link->tx_packets));
}

static void describe_files(json_t *object, const struct config *config)
{
	json_t *dropins = json_array();

	if (config->description)
		json_object_set_new(object, "description", json_string(config->description));
	json_object_set_new(object, "file", json_string(config->pieces[0]));
	for (size_t i = 1; i < config->n_pieces; i++)
		json_array_append_new(dropins, json_string(config->pieces[i]));
	json_object_set_new(object, "dropins", dropins);
}

static json_t *describe_relay(const struct device *device)
{
	const struct config *config = device->config;
	json_t *configured = json_array();
	json_t *relay;

	for (size_t i = 0; i < config->n_relays; i++)
		json_array_append_new(configured, text_of(&config->relays[i]));
	relay = json_pack("{s:o, s:i}", "configured", configured, "port", config->relay_port);
	if (device->mld_confirmed)
		json_object_set_new(relay, "mld_flag",
				    json_string(device->record.mld_linux ? "0x80" : "0x01"));
	return relay;
}

/* CLOCK_MONOTONIC to CLOCK_REALTIME: what a user can read. */
static uint64_t to_realtime(uint64_t usec)
{
	return usec + clock_realtime() - clock_monotonic();
}

static json_t *describe_candidates(const struct selection *selection)
{
	json_t *candidates = json_array();

	for (size_t i = 0; i < selection->n; i++) {
		const struct selection_candidate *candidate = &selection->candidates[i];
		json_t *object = json_object();

		json_object_set_new(object, "address", text_of_in(candidate->address));
		json_object_set_new(object, "origin", json_string(candidate->origin));
		json_object_set_new(object, "chosen", json_boolean((int)i == selection->chosen));
		if (candidate->relay.s_addr != 0)
			json_object_set_new(object, "relay", text_of_in(candidate->relay));
		if (candidate->rtt_usec != 0)
			json_object_set_new(object, "rtt_usec", json_integer(candidate->rtt_usec));
		if (candidate->held_until != 0)
			json_object_set_new(object, "held_until_usec",
					    json_integer(to_realtime(candidate->held_until)));
		if (candidate->note[0] != '\0')
			json_object_set_new(object, "note", json_string(candidate->note));
		json_array_append_new(candidates, object);
	}
	return candidates;
}

static json_t *describe_rewrites(const struct config *config)
{
	json_t *rewrites = json_array();

	for (size_t i = 0; i < config->n_rewrites; i++) {
		char prefix[PREFIX_TEXT_MAX];

		json_array_append_new(
			rewrites, json_pack("{s:s, s:o}", "advertised",
					    prefix_format(&config->rewrites[i].advertised, prefix),
					    "relay", text_of(&config->rewrites[i].relay)));
	}
	return rewrites;
}

static json_t *describe_counters(const struct inspect_counters *counters)
{
	json_t *reasons = json_object();
	uint64_t dropped = 0;

	for (int i = INSPECT_PASS + 1; i < _INSPECT_DROP_MAX; i++) {
		json_object_set_new(reasons, inspect_drop_string(i),
				    json_integer(counters->dropped[i]));
		dropped += counters->dropped[i];
	}
	return json_pack("{s:I, s:I, s:I, s:o}", "seen", (json_int_t)counters->seen, "passed",
			 (json_int_t)counters->passed, "dropped", (json_int_t)dropped,
			 "dropped_by_reason", reasons);
}

static void describe_control(json_t *object, const struct device *device)
{
	const struct inspect_counters *queries = &device->queries;
	json_t *advertisements = describe_counters(&device->advertisements);
	json_t *counters = describe_counters(queries);

	json_object_set_new(advertisements, "rewritten",
			    json_integer(device->advertisements.rewritten));
	json_object_set_new(object, "advertisements", advertisements);

	json_object_set_new(counters, "ipv4", json_integer(queries->ipv4));
	json_object_set_new(counters, "ipv6", json_integer(queries->ipv6));
	json_object_set_new(counters, "loaded", json_integer(queries->loaded));
	json_object_set_new(counters, "gateway_address", json_integer(queries->gateway_address));
	json_object_set_new(object, "queries", counters);

	if (device->relay.s_addr != 0)
		json_object_set_new(object, "last_relay", text_of_in(device->relay));
	if (device->last_query != 0)
		json_object_set_new(object, "last_query_usec", json_integer(device->last_query));
	if (device->seen_port != 0) {
		char address[ADDRESS_TEXT_MAX];

		json_object_set_new(
			object, "seen_as",
			json_sprintf(device->seen_as.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
				     address_format(&device->seen_as, address), device->seen_port));
	}
}

struct sysctls {
	const struct device *device;
	json_t *object;
};

static int describe_sysctl(const char *key, const char *value, bool configured, void *userdata)
{
	const struct sysctls *sysctls = userdata;
	const struct config_sysctl *before;
	char now[SYSCTL_VALUE_MAX];
	json_t *entry;

	if (sysctl_read(sysctls->device->config->name, key, now) < 0)
		return 0;
	entry = json_pack("{s:s}", "value", now);
	before = record_find_sysctl(&sysctls->device->record, key);
	if (before)
		json_object_set_new(entry, "previous", json_string(before->value));
	json_object_set_new(sysctls->object, key, entry);
	return 0;
}

json_t *device_describe(const struct device *device, const struct amtlink *have)
{
	const struct config *config = device->config;
	struct sysctls sysctls = { .device = device };
	json_t *object = json_object();

	json_object_set_new(object, "ifname", json_string(config->name));
	json_object_set_new(object, "mode", json_string(config_mode_string(config->mode)));
	json_object_set_new(object, "link", json_string(config->link));
	json_object_set_new(object, "port", json_integer(device->port));
	if (have)
		describe_interface(object, device, have);
	describe_files(object, config);
	json_object_set_new(object, "state", json_string(device_state_string(device->state)));
	json_object_set_new(object, "reason", json_string(device->reason));
	json_object_set_new(object, "state_since_usec", json_integer(device->state_since));
	if (config->mode == CONFIG_GATEWAY) {
		json_object_set_new(object, "relay", describe_relay(device));
		json_object_set_new(object, "candidates", describe_candidates(&device->selection));
		json_object_set_new(object, "candidates_refused", json_integer(device->refused));
		if (device->dns_outcome[0] != '\0')
			json_object_set_new(object, "dns", json_string(device->dns_outcome));
		json_object_set_new(object, "rewrites", describe_rewrites(config));
		json_object_set_new(object, "on_failure",
				    json_string(config->strict ? "drop" : "accept"));
		describe_control(object, device);
	}
	if (have) {
		sysctls.object = json_object();
		(void)tuning_for_each(config, describe_sysctl, &sysctls);
		json_object_set_new(object, "sysctls", sysctls.object);
	}
	return object;
}
