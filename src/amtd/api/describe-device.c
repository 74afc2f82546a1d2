/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/describe-device.h"

#include "amtd/api/describe-forward.h"
#include "amtd/api/describe-relay.h"
#include "amtd/api/hints.h"
#include "amtd/forward/backup.h"
#include "base/arena.h"
#include "base/clock.h"
#include "device/tuning.h"
#include "kernel/link.h"
#include "kernel/sysctl.h"

#include <jansson.h>

/* ---- the interface -------------------------------------------------------------------------- */

struct info_data_view {
	const char *mode, *link;
	int gateway_port, relay_port;
	struct address local, discovery, remote;
	uint64_t max_tunnels;
};

static const struct field info_data_fields[] = {
	{ "mode", FIELD_STRING, offsetof(struct info_data_view, mode), .help = "gateway or relay" },
	{ "gateway_port", FIELD_INT, offsetof(struct info_data_view, gateway_port),
	  .help = "local UDP port; that of amtd's choice, where Port= names none" },
	{ "relay_port", FIELD_INT, offsetof(struct info_data_view, relay_port),
	  .help = "the port that the driver sends to: the firewall table sets the relay's" },
	{ "link", FIELD_STRING, offsetof(struct info_data_view, link),
	  .help = "interface that the tunnel runs over" },
	{ "local", FIELD_ADDRESS, offsetof(struct info_data_view, local),
	  .help = "source address of the tunnel" },
	{ "discovery", FIELD_ADDRESS, offsetof(struct info_data_view, discovery), FIELD_IF_SET,
	  .help = "relay that the driver sends Discoveries to" },
	{ "remote", FIELD_ADDRESS, offsetof(struct info_data_view, remote), FIELD_IF_SET,
	  .help = "relay of the last Advertisement, as the driver has it" },
	{ "max_tunnels", FIELD_UINT, offsetof(struct info_data_view, max_tunnels),
	  .help = "gateways that a relay serves" },
	{ NULL },
};

struct linkinfo_view {
	const char *info_kind;
	const struct info_data_view *info_data;
};

static const struct field linkinfo_fields[] = {
	{ "info_kind", FIELD_STRING, offsetof(struct linkinfo_view, info_kind), .help = "amt" },
	{ "info_data", FIELD_OBJECT, offsetof(struct linkinfo_view, info_data),
	  .fields = info_data_fields, .help = "attributes of the driver" },
	{ NULL },
};

struct direction_view {
	uint64_t bytes, packets;
};

static const struct field direction_fields[] = {
	{ "bytes", FIELD_UINT, offsetof(struct direction_view, bytes), .help = "of all packets" },
	{ "packets", FIELD_UINT, offsetof(struct direction_view, packets),
	  .help = "IP packets out of, or into, the tunnel" },
	{ NULL },
};

struct stats_view {
	const struct direction_view *rx, *tx;
};

static const struct field stats_fields[] = {
	{ "rx", FIELD_OBJECT, offsetof(struct stats_view, rx), .fields = direction_fields,
	  .help = "received" },
	{ "tx", FIELD_OBJECT, offsetof(struct stats_view, tx), .fields = direction_fields,
	  .help = "sent" },
	{ NULL },
};

/* ---- a gateway ------------------------------------------------------------------------------ */

struct relay_view {
	struct field_list configured; /* const char * */
	int port;
	const char *mld_flag;
};

static const struct field relay_fields[] = {
	{ "configured", FIELD_STRINGS, offsetof(struct relay_view, configured),
	  .help = "Address= of [Relay]" },
	{ "port", FIELD_INT, offsetof(struct relay_view, port), .help = "RelayPort=" },
	{ "mld_flag", FIELD_STRING, offsetof(struct relay_view, mld_flag), FIELD_IF_SET,
	  .help = "bit that the relay takes for P of a Request: 0x01 (RFC 7450) or 0x80 (Linux)" },
	{ NULL },
};

struct candidate_view {
	struct address address, relay;
	const char *origin, *note;
	bool chosen;
	uint64_t rtt_usec, held_until;
};

static const struct field candidate_fields[] = {
	{ "address", FIELD_ADDRESS, offsetof(struct candidate_view, address),
	  .help = "address that gets the Discovery" },
	{ "origin", FIELD_STRING, offsetof(struct candidate_view, origin),
	  .help = "configured, dns-sd, anycast, driad, or in-use: kept only because it works" },
	{ "chosen", FIELD_BOOL, offsetof(struct candidate_view, chosen),
	  .help = "whether the gateway uses it" },
	{ "relay", FIELD_ADDRESS, offsetof(struct candidate_view, relay), FIELD_IF_SET,
	  .help = "what it advertised, after [Rewrite]" },
	{ "rtt_usec", FIELD_USEC, offsetof(struct candidate_view, rtt_usec), FIELD_IF_SET,
	  .help = "round trip of its last answer" },
	{ "held_until_usec", FIELD_TIME, offsetof(struct candidate_view, held_until), FIELD_IF_SET,
	  .help = "not used before then (HoldDownSec=)" },
	{ "note", FIELD_STRING, offsetof(struct candidate_view, note), FIELD_IF_SET,
	  .help = "last error" },
	{ NULL },
};

struct rewrite_view {
	const char *advertised;
	struct address relay;
};

static const struct field rewrite_fields[] = {
	{ "advertised", FIELD_STRING, offsetof(struct rewrite_view, advertised),
	  .help = "prefix, or any" },
	{ "relay", FIELD_ADDRESS, offsetof(struct rewrite_view, relay),
	  .help = "address that replaces it" },
	{ NULL },
};

struct control_view {
	uint64_t seen, passed, dropped, rewritten;
	struct field_counts reasons;
	uint64_t ipv4, ipv6, loaded, gateway_address;
};

#define CONTROL_FIELDS                                                                            \
	{ "seen", FIELD_UINT, offsetof(struct control_view, seen), .help = "in all" },            \
		{ "passed", FIELD_UINT, offsetof(struct control_view, passed),                    \
		  .help = "passed to the driver" },                                               \
		{ "dropped", FIELD_UINT, offsetof(struct control_view, dropped),                  \
		  .help = "refused" },                                                            \
	{                                                                                         \
		"dropped_by_reason", FIELD_COUNTS, offsetof(struct control_view, reasons),        \
			.help = "why; those of nonce were left to the driver, which refuses them" \
	}

static const struct field advertisement_fields[] = {
	CONTROL_FIELDS,
	{ "rewritten", FIELD_UINT, offsetof(struct control_view, rewritten),
	  .help = "of those that passed: changed by [Rewrite], or because the tunnel is redirected" },
	{ NULL },
};

static const struct field query_fields[] = {
	CONTROL_FIELDS,
	{ "ipv4", FIELD_UINT, offsetof(struct control_view, ipv4), .help = "with IGMP within" },
	{ "ipv6", FIELD_UINT, offsetof(struct control_view, ipv6), .help = "with MLD within" },
	{ "loaded", FIELD_UINT, offsetof(struct control_view, loaded),
	  .help = "with the L flag: the relay is loaded" },
	{ "gateway_address", FIELD_UINT, offsetof(struct control_view, gateway_address),
	  .help = "with the G flag: how the relay sees this gateway" },
	{ NULL },
};

struct sysctl_view {
	const char *key, *value, *previous;
};

static const struct field sysctl_fields[] = {
	{ "key", FIELD_STRING, offsetof(struct sysctl_view, key), .help = "as in [Sysctl]" },
	{ "value", FIELD_STRING, offsetof(struct sysctl_view, value), .help = "now" },
	{ "previous", FIELD_STRING, offsetof(struct sysctl_view, previous), FIELD_IF_SET,
	  .help = "what it was before amtd changed it" },
	{ NULL },
};

struct gateway_view {
	const struct relay_view *relay;
	struct field_list candidates, rewrites;
	uint64_t refused;
	struct field_counts refused_by;
	const char *dns, *on_failure, *seen_as;
	uint64_t discoveries, requests;
	const struct control_view *advertisements, *queries;
	struct address last_relay;
	uint64_t last_query;
};

#define GATEWAY(member) offsetof(struct gateway_view, member)

static const struct field gateway_fields[] = {
	{ "relay", FIELD_OBJECT, GATEWAY(relay), .fields = relay_fields,
	  .help = "gateway: what is configured" },
	{ "candidates", FIELD_LIST, GATEWAY(candidates), .fields = candidate_fields,
	  .size = sizeof(struct candidate_view),
	  .help = "gateway: relays that may be used, best first" },
	{ "candidates_refused", FIELD_UINT, GATEWAY(refused),
	  .help = "gateway: relays left out, by Allow= for instance" },
	{ "candidates_refused_by_reason", FIELD_COUNTS, GATEWAY(refused_by), FIELD_IF_SET,
	  .help = "gateway: the same by reason" },
	{ "dns", FIELD_STRING, GATEWAY(dns), FIELD_IF_SET, .help = "gateway: last result of DNS" },
	{ "rewrites", FIELD_LIST, GATEWAY(rewrites), .fields = rewrite_fields,
	  .size = sizeof(struct rewrite_view), .help = "gateway: rules of [Rewrite]" },
	{ "on_failure", FIELD_STRING, GATEWAY(on_failure),
	  .help = "gateway: OnFailure=, accept or drop" },
	{ "discoveries", FIELD_UINT, GATEWAY(discoveries),
	  .help = "gateway: Relay Discoveries that the driver sent" },
	{ "requests", FIELD_UINT, GATEWAY(requests), .help = "gateway: Requests that it sent" },
	{ "advertisements", FIELD_OBJECT, GATEWAY(advertisements), .fields = advertisement_fields,
	  .help = "gateway: Relay Advertisements" },
	{ "queries", FIELD_OBJECT, GATEWAY(queries), .fields = query_fields,
	  .help = "gateway: Membership Queries" },
	{ "last_relay", FIELD_ADDRESS, GATEWAY(last_relay), FIELD_IF_SET,
	  .help = "gateway: relay in use, on the wire" },
	{ "last_query_usec", FIELD_TIME, GATEWAY(last_query), FIELD_IF_SET,
	  .help = "gateway: time of its last Query" },
	{ "seen_as", FIELD_STRING, GATEWAY(seen_as), FIELD_IF_SET,
	  .help = "gateway: address and port that the relay sees" },
	{ NULL },
};

/* ---- a device ------------------------------------------------------------------------------- */

struct payload_view {
	uint64_t ipv4, ipv6;
};

static const struct field payload_fields[] = {
	{ "ipv4", FIELD_UINT, offsetof(struct payload_view, ipv4), .help = "of IPv4 packets" },
	{ "ipv6", FIELD_UINT, offsetof(struct payload_view, ipv6), .help = "of IPv6 packets" },
	{ NULL },
};

struct interface_view {
	int ifindex, mtu;
	const struct payload_view *payload;
	const char *operstate;
	const struct linkinfo_view *linkinfo;
	const struct stats_view *stats;
};

static const struct field interface_fields[] = {
	{ "ifindex", FIELD_INT, offsetof(struct interface_view, ifindex),
	  .help = "of the interface; this and the next are there while the interface is" },
	{ "mtu", FIELD_INT, offsetof(struct interface_view, mtu), .help = "bytes" },
	{ "payload", FIELD_OBJECT, offsetof(struct interface_view, payload), FIELD_IF_SET,
	  payload_fields, .help = "relay: bytes of a UDP datagram that fits" },
	{ "operstate", FIELD_STRING, offsetof(struct interface_view, operstate),
	  .help = "as ip-link(8) has it" },
	{ "linkinfo", FIELD_OBJECT, offsetof(struct interface_view, linkinfo),
	  .fields = linkinfo_fields, .help = "as ip-link(8) has it" },
	{ "stats64", FIELD_OBJECT, offsetof(struct interface_view, stats), .fields = stats_fields,
	  .help = "counters of the interface" },
	{ NULL },
};

struct tuning_view {
	struct field_list sysctls;
};

static const struct field tuning_fields[] = {
	{ "sysctls", FIELD_MAP, offsetof(struct tuning_view, sysctls), .fields = sysctl_fields,
	  .size = sizeof(struct sysctl_view), .help = "sysctls that amtd sets" },
	{ NULL },
};

struct hint_view {
	const char *cause, *text;
	uint64_t packets;
};

static const struct field hint_fields[] = {
	{ "cause", FIELD_STRING, offsetof(struct hint_view, cause),
	  .help = "too-big-ipv4, too-big-ipv6, ttl or incomplete" },
	{ "packets", FIELD_UINT, offsetof(struct hint_view, packets),
	  .help = "packets that point to it" },
	{ "text", FIELD_STRING, offsetof(struct hint_view, text), .help = "for people" },
	{ NULL },
};

struct device_view {
	const char *ifname, *mode, *link, *description, *file, *state, *reason;
	int port;
	const struct interface_view *interface;
	struct field_list dropins; /* const char * */
	struct field_list hints;
	uint64_t state_since;
	const struct gateway_view *gateway;
	const struct tuning_view *tuning;
	const void *forward, *serving, *listeners;
};

#define DEVICE(member) offsetof(struct device_view, member)

const struct field device_fields[] = {
	{ "ifname", FIELD_STRING, DEVICE(ifname), .help = "name of the device and its interface" },
	{ "mode", FIELD_STRING, DEVICE(mode), .help = "gateway, relay or proxy" },
	{ "link", FIELD_STRING, DEVICE(link), .help = "Link=" },
	{ "port", FIELD_INT, DEVICE(port), .help = "local UDP port; 0: none" },
	{ "", FIELD_INLINE, DEVICE(interface), FIELD_IF_SET, interface_fields },
	{ "description", FIELD_STRING, DEVICE(description), FIELD_IF_SET, .help = "Description=" },
	{ "file", FIELD_STRING, DEVICE(file), .help = "device file" },
	{ "dropins", FIELD_STRINGS, DEVICE(dropins), .help = "its drop-ins" },
	{ "state", FIELD_STRING, DEVICE(state),
	  .help = "waiting, failed, discovering, connected, suspect, failing-over, no-relay, running" },
	{ "reason", FIELD_STRING, DEVICE(reason), .help = "why, for people" },
	{ "state_since_usec", FIELD_TIME, DEVICE(state_since), .help = "since when" },
	{ "", FIELD_INLINE, DEVICE(gateway), FIELD_IF_SET, gateway_fields },
	{ "", FIELD_INLINE, DEVICE(tuning), FIELD_IF_SET, tuning_fields },
	{ "forward", FIELD_OBJECT, DEVICE(forward), FIELD_IF_SET, forward_fields,
	  .help = "state of [Forward]" },
	{ "serving", FIELD_OBJECT, DEVICE(serving), FIELD_IF_SET, serving_fields,
	  .help = "relay: its tunnels" },
	{ "", FIELD_INLINE, DEVICE(listeners), FIELD_IF_SET, listeners_fields },
	{ "hints", FIELD_LIST, DEVICE(hints), FIELD_IF_SET, hint_fields, sizeof(struct hint_view),
	  .help = "why a stream may not arrive" },
	{ NULL },
};

static const char *or_empty(const char *text)
{
	return text ?: "";
}

static const struct interface_view *view_interface(struct arena *arena, const struct device *device,
						   const struct amtlink *have)
{
	struct interface_view *interface = arena_alloc(arena, 1, sizeof(*interface));
	struct linkinfo_view *linkinfo = arena_alloc(arena, 1, sizeof(*linkinfo));
	struct info_data_view *data = arena_alloc(arena, 1, sizeof(*data));
	struct stats_view *stats = arena_alloc(arena, 1, sizeof(*stats));
	struct direction_view *directions = arena_alloc(arena, 2, sizeof(*directions));
	struct payload_view *payload = arena_alloc(arena, 1, sizeof(*payload));

	if (arena->failed)
		return NULL;
	*data = (struct info_data_view){
		.mode = have->mode == AMT_MODE_RELAY ? "relay" : "gateway",
		.gateway_port = have->gateway_port,
		.relay_port = have->relay_port,
		.link = device->config->link,
		.local = have->local,
		.discovery = have->discovery,
		.remote = have->remote,
		.max_tunnels = have->max_tunnels,
	};
	*linkinfo = (struct linkinfo_view){ .info_kind = "amt", .info_data = data };
	directions[0] = (struct direction_view){ have->link.rx_bytes, have->link.rx_packets };
	directions[1] = (struct direction_view){ have->link.tx_bytes, have->link.tx_packets };
	*stats = (struct stats_view){ .rx = &directions[0], .tx = &directions[1] };
	*payload = (struct payload_view){ hints_payload(have->link.mtu, AF_INET),
					  hints_payload(have->link.mtu, AF_INET6) };
	*interface = (struct interface_view){
		.ifindex = have->link.ifindex,
		.mtu = (int)have->link.mtu,
		.payload = have->mode == AMT_MODE_RELAY ? payload : NULL,
		.operstate = link_operstate_string(have->link.operstate),
		.linkinfo = linkinfo,
		.stats = stats,
	};
	return interface;
}

static const struct relay_view *view_relay(struct arena *arena, const struct gateway *gateway)
{
	const struct config *config = gateway->device->config;
	struct relay_view *relay = arena_alloc(arena, 1, sizeof(*relay));
	const char **configured = arena_alloc(arena, config->n_relays, sizeof(*configured));
	char text[ADDRESS_TEXT_MAX];

	if (arena->failed)
		return NULL;
	for (size_t i = 0; i < config->n_relays; i++)
		configured[i] = arena_string(arena, address_format(&config->relays[i], text));
	*relay = (struct relay_view){
		.configured = { configured, config->n_relays },
		.port = config->relay_port,
	};
	if (gateway->mld.confirmed)
		relay->mld_flag = gateway->device->record.mld_linux ? "0x80" : "0x01";
	return relay;
}

static struct field_list view_candidates(struct arena *arena, const struct selection *selection)
{
	struct candidate_view *views = arena_alloc(arena, selection->n, sizeof(*views));

	for (size_t i = 0; views && i < selection->n; i++) {
		const struct selection_candidate *candidate = &selection->candidates[i];

		views[i] = (struct candidate_view){
			.address = candidate->address,
			.origin = candidate->origin,
			.chosen = (int)i == selection->chosen,
			.relay = candidate->relay,
			.rtt_usec = candidate->rtt_usec,
			.held_until = clock_to_realtime(candidate->held_until),
			.note = candidate->note,
		};
	}
	return (struct field_list){ views, selection->n };
}

static struct field_list view_rewrites(struct arena *arena, const struct config *config)
{
	struct rewrite_view *views = arena_alloc(arena, config->n_rewrites, sizeof(*views));
	char prefix[PREFIX_TEXT_MAX];

	for (size_t i = 0; views && i < config->n_rewrites; i++) {
		views[i].advertised =
			arena_string(arena, prefix_format(&config->rewrites[i].advertised, prefix));
		views[i].relay = config->rewrites[i].relay;
	}
	return (struct field_list){ views, config->n_rewrites };
}

static const char *drop_string(int reason)
{
	return inspect_drop_string(reason);
}

static const struct control_view *view_control(struct arena *arena,
					       const struct inspect_counters *counters)
{
	struct control_view *view = arena_alloc(arena, 1, sizeof(*view));

	if (!view)
		return NULL;
	*view = (struct control_view){
		.seen = counters->seen,
		.passed = counters->passed,
		.rewritten = counters->rewritten,
		.reasons = { counters->dropped, INSPECT_PASS + 1, _INSPECT_DROP_MAX, drop_string,
			     .all = true },
		.ipv4 = counters->ipv4,
		.ipv6 = counters->ipv6,
		.loaded = counters->loaded,
		.gateway_address = counters->gateway_address,
	};
	for (int i = INSPECT_PASS + 1; i < _INSPECT_DROP_MAX; i++)
		view->dropped += counters->dropped[i];
	return view;
}

static const char *format_seen_as(struct arena *arena, const struct gateway *gateway)
{
	char address[ADDRESS_TEXT_MAX];

	if (gateway->seen_port == 0)
		return NULL;
	return arena_format(arena, gateway->seen_as.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
			    address_format(&gateway->seen_as, address), gateway->seen_port);
}

static const char *skip_name(int skip)
{
	return candidate_skip_string((enum candidate_skip)skip);
}

static const struct gateway_view *view_gateway(struct arena *arena, const struct gateway *gateway)
{
	const struct config *config = gateway->device->config;
	struct gateway_view *view = arena_alloc(arena, 1, sizeof(*view));

	if (!view)
		return NULL;
	*view = (struct gateway_view){
		.relay = view_relay(arena, gateway),
		.candidates = view_candidates(arena, &gateway->selection),
		.rewrites = view_rewrites(arena, config),
		.refused = gateway->refusals.n,
		.refused_by = { .counts = gateway->refusals.by,
				.first = CANDIDATE_SKIP_NONE + 1,
				.end = gateway->refusals.n > 0 ? _CANDIDATE_SKIP_MAX : 0,
				.name = skip_name },
		.dns = gateway->dns_outcome,
		.on_failure = config->strict ? "drop" : "accept",
		.discoveries = gateway->discoveries,
		.requests = gateway->requests,
		.advertisements = view_control(arena, &gateway->advertisements),
		.queries = view_control(arena, &gateway->queries),
		.last_relay = gateway->device->relay,
		.last_query = gateway->last_query,
		.seen_as = format_seen_as(arena, gateway),
	};
	return view;
}

struct sysctl_scan {
	struct arena *arena;
	const struct device *device;
	struct sysctl_view *views;
	size_t n;
};

static int count_sysctl(const char *key, const char *value, bool configured, void *userdata)
{
	size_t *n = userdata;

	(*n)++;
	return 0;
}

static int view_sysctl(const char *key, const char *value, bool configured, void *userdata)
{
	struct sysctl_scan *scan = userdata;
	const struct config_sysctl *before = record_find_sysctl(&scan->device->record, key);
	char now[SYSCTL_VALUE_MAX];

	if (sysctl_read(scan->device->config->name, key, now) < 0)
		return 0;
	scan->views[scan->n++] = (struct sysctl_view){
		.key = arena_string(scan->arena, key),
		.value = arena_string(scan->arena, now),
		.previous = before ? arena_string(scan->arena, before->value) : NULL,
	};
	return 0;
}

static const struct tuning_view *view_tuning(struct arena *arena, const struct device *device)
{
	struct tuning_view *view = arena_alloc(arena, 1, sizeof(*view));
	struct sysctl_scan scan = { .arena = arena, .device = device };
	size_t n = 0;

	(void)tuning_for_each(device->config, count_sysctl, &n);
	scan.views = arena_alloc(arena, n, sizeof(*scan.views));
	if (arena->failed)
		return NULL;
	(void)tuning_for_each(device->config, view_sysctl, &scan);
	view->sysctls = (struct field_list){ scan.views, scan.n };
	return view;
}

static struct field_list view_dropins(struct arena *arena, const struct config *config)
{
	size_t n = config->n_pieces > 0 ? config->n_pieces - 1 : 0;
	const char **dropins = arena_alloc(arena, n, sizeof(*dropins));

	for (size_t i = 0; dropins && i < n; i++)
		dropins[i] = config->pieces[i + 1];
	return (struct field_list){ dropins, n };
}

static struct field_list view_hints(struct arena *arena, const struct describe_device *describe)
{
	const struct forward *forward = describe->forward ? describe->forward->forward : NULL;
	struct hint_view *views = arena_alloc(arena, HINTS_MAX, sizeof(*views));
	struct hint_facts facts = {
		.mode = describe->device->config->mode,
		.name = describe->device->config->name,
		.upstream_packets = forward ? upstream_packets(forward) : 0,
		.too_big4 = describe->fragments.fails,
		.too_big6 = describe->too_big6,
		.incomplete = describe->fragments.reasm_fails,
	};
	struct tunnels_counters counters = { 0 };
	struct hint hints[HINTS_MAX];
	size_t n;

	if (!views)
		return (struct field_list){ 0 };
	if (describe->link) {
		facts.mtu = describe->link->link.mtu;
		facts.sent = describe->link->link.tx_packets;
	}
	if (describe->relay && describe->relay->tunnels)
		tunnels_counters(describe->relay->tunnels, &counters);
	facts.queries = counters.queries;
	n = hints_find(&facts, hints);
	for (size_t i = 0; i < n; i++)
		views[i] = (struct hint_view){ .cause = hints[i].cause,
					       .text = arena_string(arena, hints[i].text),
					       .packets = hints[i].packets };
	return (struct field_list){ views, n };
}

json_t *describe_device(const struct describe_device *describe)
{
	const struct device *device = describe->device;
	const struct config *config = device->config;
	const bool has_link = describe->link;
	struct arena arena = { 0 };
	struct device_view view = {
		.ifname = config->name,
		.mode = config_mode_string(config->mode),
		.link = or_empty(config->link),
		.port = device->port,
		.interface = has_link ? view_interface(&arena, device, describe->link) : NULL,
		.description = config->description,
		.file = config->pieces[0],
		.dropins = view_dropins(&arena, config),
		.state = device_state_string(device->state),
		.reason = device->reason,
		.state_since = device->state_since,
		.gateway = config->mode == CONFIG_GATEWAY ? view_gateway(&arena, describe->gateway)
							  : NULL,
		.tuning = has_link ? view_tuning(&arena, device) : NULL,
		.forward = view_forward(&arena, describe->forward),
		.serving = view_serving(&arena, describe->relay),
		.listeners = view_listeners(&arena, describe->forward),
		.hints = view_hints(&arena, describe),
	};
	json_t *object = arena.failed ? NULL : fields_to_json(device_fields, &view);

	arena_clear(&arena);
	return object;
}
