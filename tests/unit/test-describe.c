/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Views to JSON, against golden texts; the help of each field is there. */
#include "addresses.h"
#include "amtd/api/describe-channel.h"
#include "amtd/api/describe-daemon.h"
#include "amtd/api/describe-device.h"
#include "amtd/api/describe-event.h"
#include "base/array.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Takes over object. The golden text is JSON with blanks as one likes; times of now are cut out. */
static void assert_json(json_t *object, const char *golden)
{
	json_t *expected = json_loads(golden, 0, NULL);
	char *a, *b;

	assert_non_null(object);
	assert_non_null(expected);
	json_object_del(object, "time_usec");
	a = json_dumps(object, JSON_COMPACT);
	b = json_dumps(expected, JSON_COMPACT);
	assert_string_equal(a, b); /* the order of the fields counts, too */
	free(a);
	free(b);
	json_decref(object);
	json_decref(expected);
}

#define ZERO_DROPS                                                                       \
	"{\"packet\":0,\"source\":0,\"port\":0,\"version\":0,\"type\":0,\"reserved\":0," \
	"\"length\":0,\"address\":0,\"family\":0,\"allow\":0,\"inner\":0,\"nonce\":0}"

static struct config *make_config(enum config_mode mode)
{
	struct config *config = calloc(1, sizeof(*config));

	strcpy(config->name, "amt0");
	strcpy(config->link, "eth0");
	config->mode = mode;
	config->relay_port = 2268;
	config->pieces = calloc(2, sizeof(*config->pieces));
	config->pieces[0] = strdup("/etc/amt/amt0.amt");
	config->pieces[1] = strdup("/etc/amt/amt0.amt.d/site.conf");
	config->n_pieces = 2;
	return config;
}

static void test_proxy(void **state)
{
	struct device device = { .config = make_config(CONFIG_PROXY),
				 .state = DEVICE_RUNNING,
				 .reason = "it has no tunnel",
				 .state_since = 1700000000000000 };
	const struct describe_device describe = { .device = &device };

	device.config->link[0] = '\0';
	assert_json(
		describe_device(&describe),
		"{\"ifname\":\"amt0\",\"mode\":\"proxy\",\"link\":\"\",\"port\":0,"
		"\"file\":\"/etc/amt/amt0.amt\",\"dropins\":[\"/etc/amt/amt0.amt.d/site.conf\"],"
		"\"state\":\"running\",\"reason\":\"it has no tunnel\","
		"\"state_since_usec\":1700000000000000}");
	config_free(device.config);
}

static void test_gateway(void **state)
{
	struct device device = { .config = make_config(CONFIG_GATEWAY),
				 .state = DEVICE_CONNECTED,
				 .reason = "Queries from 192.0.2.2",
				 .state_since = 5,
				 .port = 61234,
				 .relay = address_of("192.0.2.2") };
	struct gateway gateway = { .device = &device,
				   .refusals = { .n = 1, .by = { [CANDIDATE_SKIP_LOOPBACK] = 1 } },
				   .dns_outcome = "answered",
				   .last_query = 9,
				   .seen_as = address_of("198.51.100.7"),
				   .seen_port = 40000,
				   .mld = { .confirmed = true } };
	const struct amtlink link = {
		.link = { .ifindex = 7,
			  .mtu = 1460,
			  .rx_bytes = 1,
			  .rx_packets = 2,
			  .tx_bytes = 3,
			  .tx_packets = 4,
			  .operstate = 6 },
		.mode = AMT_MODE_GATEWAY,
		.relay_port = 61234,
		.gateway_port = 61234,
		.local = address_of("198.51.100.2"),
		.discovery = address_of("192.0.2.1"),
		.max_tunnels = 128,
	};
	const struct describe_device describe = { .device = &device,
						  .gateway = &gateway,
						  .link = &link };
	struct config *config = device.config;

	config->description = strdup("Sport");
	config->relays = calloc(1, sizeof(*config->relays));
	config->relays[0] = address_of("192.0.2.1");
	config->n_relays = 1;
	config->rewrites = calloc(1, sizeof(*config->rewrites));
	config->rewrites[0] = (struct config_rewrite){ .relay = address_of("192.0.2.9") };
	config->n_rewrites = 1;
	gateway.selection.n = 2;
	gateway.selection.chosen = 1;
	gateway.selection.candidates[0] = (struct selection_candidate){
		.address = address_of("192.0.2.1"), .origin = "configured", .note = "no answer"
	};
	gateway.selection.candidates[1] =
		(struct selection_candidate){ .address = address_of("192.0.2.2"),
					      .origin = "driad",
					      .relay = address_of("192.0.2.2"),
					      .rtt_usec = 10250 };
	gateway.discoveries = 2;
	gateway.requests = 6;
	gateway.advertisements =
		(struct inspect_counters){ .seen = 3, .passed = 2, .rewritten = 1 };
	gateway.advertisements.dropped[INSPECT_DROP_SOURCE] = 1;
	gateway.queries = (struct inspect_counters){
		.seen = 4, .passed = 4, .ipv4 = 2, .ipv6 = 2, .loaded = 1, .gateway_address = 1
	};
	assert_json(
		describe_device(&describe),
		"{\"ifname\":\"amt0\",\"mode\":\"gateway\",\"link\":\"eth0\",\"port\":61234,"
		"\"ifindex\":7,\"mtu\":1460,\"operstate\":\"UP\","
		"\"linkinfo\":{\"info_kind\":\"amt\",\"info_data\":{\"mode\":\"gateway\","
		"\"gateway_port\":61234,\"relay_port\":61234,\"link\":\"eth0\","
		"\"local\":\"198.51.100.2\",\"discovery\":\"192.0.2.1\",\"max_tunnels\":128}},"
		"\"stats64\":{\"rx\":{\"bytes\":1,\"packets\":2},\"tx\":{\"bytes\":3,\"packets\":4}},"
		"\"description\":\"Sport\",\"file\":\"/etc/amt/amt0.amt\","
		"\"dropins\":[\"/etc/amt/amt0.amt.d/site.conf\"],\"state\":\"connected\","
		"\"reason\":\"Queries from 192.0.2.2\",\"state_since_usec\":5,"
		"\"relay\":{\"configured\":[\"192.0.2.1\"],\"port\":2268,\"mld_flag\":\"0x01\"},"
		"\"candidates\":[{\"address\":\"192.0.2.1\",\"origin\":\"configured\",\"chosen\":false,"
		"\"note\":\"no answer\"},{\"address\":\"192.0.2.2\",\"origin\":\"driad\","
		"\"chosen\":true,\"relay\":\"192.0.2.2\",\"rtt_usec\":10250}],"
		"\"candidates_refused\":1,"
		"\"candidates_refused_by_reason\":{\"loopback address\":1},\"dns\":\"answered\","
		"\"rewrites\":[{\"advertised\":\"any\",\"relay\":\"192.0.2.9\"}],"
		"\"on_failure\":\"accept\",\"discoveries\":2,\"requests\":6,"
		"\"advertisements\":{\"seen\":3,\"passed\":2,\"dropped\":1,\"dropped_by_reason\":"
		"{\"packet\":0,\"source\":1,\"port\":0,\"version\":0,\"type\":0,\"reserved\":0,"
		"\"length\":0,\"address\":0,\"family\":0,\"allow\":0,\"inner\":0,\"nonce\":0},\"rewritten\":1},"
		"\"queries\":{\"seen\":4,\"passed\":4,\"dropped\":0,\"dropped_by_reason\":" ZERO_DROPS
		",\"ipv4\":2,\"ipv6\":2,\"loaded\":1,\"gateway_address\":1},"
		"\"last_relay\":\"192.0.2.2\",\"last_query_usec\":9,"
		"\"seen_as\":\"198.51.100.7:40000\",\"sysctls\":{}}");
	config_free(config);
}

static void test_channel(void **state)
{
	struct channel_device via = { .name = "amt0", .ifindex = 7 };
	struct device device = { .config = make_config(CONFIG_GATEWAY),
				 .state = DEVICE_CONNECTED,
				 .relay = address_of("192.0.2.1") };
	struct channel channel = {
		.key = { .source = address_of("203.0.113.2"), .group = address_of("232.1.1.1") },
		.owners = CHANNEL_AMTCTL | CHANNEL_HOST,
		.via = &via,
		.since = 5,
		.counted = true,
		.packets = 1000,
		.rate = 100,
		.last_packet = 9,
	};
	struct channel seeking = { .key = { .source = address_of("2001:db8::2"),
					    .group = address_of("ff3e::1") },
				   .owners = CHANNEL_FILE,
				   .seeking = true };

	assert_json(describe_channel(&channel, &device),
		    "{\"channel\":\"203.0.113.2,232.1.1.1\",\"source\":\"203.0.113.2\","
		    "\"group\":\"232.1.1.1\",\"wanted_by\":[\"amtctl\",\"host\"],\"since_usec\":5,"
		    "\"device\":\"amt0\",\"device_state\":\"connected\",\"relay\":\"192.0.2.1\","
		    "\"state\":\"joined\",\"packets\":1000,\"rate\":100,\"last_packet_usec\":9}");
	assert_json(describe_channel(&seeking, NULL),
		    "{\"channel\":\"2001:db8::2,ff3e::1\",\"source\":\"2001:db8::2\","
		    "\"group\":\"ff3e::1\",\"wanted_by\":[\"file\"],\"since_usec\":0,"
		    "\"state\":\"waiting\",\"reason\":\"looking for a relay in DNS\"}");
	config_free(device.config);
}

static void test_events(void **state)
{
	struct device device = { .config = make_config(CONFIG_GATEWAY),
				 .state = DEVICE_CONNECTED,
				 .reason = "Queries from 192.0.2.1" };
	const struct selection_candidate candidate = { .address = address_of("192.0.2.2"),
						       .origin = "driad" };
	const struct inspect_result refused = { .drop = INSPECT_DROP_ALLOW,
						.advertised = address_of("10.0.0.1") };
	const struct inspect_result rewritten = { .changed = true,
						  .advertised = address_of("10.0.0.1"),
						  .relay = address_of("192.0.2.1") };
	const struct {
		struct event event;
		const char *golden;
	} events[] = {
		{ { .kind = EVENT_CREATED, .device = &device },
		  "{\"ifname\":\"amt0\",\"event\":\"created\",\"mode\":\"gateway\","
		  "\"file\":\"/etc/amt/amt0.amt\"}" },
		{ { .kind = EVENT_REMOVED, .device = &device },
		  "{\"ifname\":\"amt0\",\"event\":\"removed\"}" },
		{ { .kind = EVENT_STATE,
		    .device = &device,
		    .had_state = true,
		    .previous_state = DEVICE_DISCOVERING },
		  "{\"ifname\":\"amt0\",\"event\":\"state\",\"state\":\"connected\","
		  "\"reason\":\"Queries from 192.0.2.1\",\"former_state\":\"discovering\"}" },
		{ { .kind = EVENT_RELAY,
		    .device = &device,
		    .candidate = &candidate,
		    .previous_relay = address_of("192.0.2.1"),
		    .reason = "it answers" },
		  "{\"ifname\":\"amt0\",\"event\":\"relay\",\"relay\":\"192.0.2.2\","
		  "\"origin\":\"driad\",\"former_relay\":\"192.0.2.1\",\"reason\":\"it answers\"}" },
		{ { .kind = EVENT_ADVERTISEMENT,
		    .device = &device,
		    .advertisement = &refused,
		    .count = 3 },
		  "{\"ifname\":\"amt0\",\"event\":\"advertisement\",\"advertisement\":\"refused\","
		  "\"advertised\":\"10.0.0.1\",\"reason\":\"allow\",\"count\":3}" },
		{ { .kind = EVENT_ADVERTISEMENT,
		    .device = &device,
		    .advertisement = &rewritten,
		    .count = 1 },
		  "{\"ifname\":\"amt0\",\"event\":\"advertisement\","
		  "\"advertisement\":\"rewritten\",\"advertised\":\"10.0.0.1\","
		  "\"relay\":\"192.0.2.1\",\"count\":1}" },
		{ { .kind = EVENT_OVERRUN, .reason = "nfqueue", .missed = 2 },
		  "{\"event\":\"overrun\",\"queue\":\"nfqueue\",\"count\":2}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		assert_json(describe_event(&events[i].event), events[i].golden);
	assert_json(describe_lost(7), "{\"event\":\"lost\",\"count\":7}");
	config_free(device.config);
}

/* An IGMPv3 Report of a host, and a Query; RFC 9776, 4.1 and 4.2. */
static void test_messages(void **state)
{
	static const uint8_t record[] = {
		GROUP_ALLOW_NEW_SOURCES, 0, 0, 1, 232, 1, 1, 1, 203, 0, 113, 2
	};
	struct device device = { .config = make_config(CONFIG_PROXY) };
	const struct group_message report = { .family = AF_INET,
					      .type = GROUP_REPORT,
					      .version = 3,
					      .source = address_of("10.0.0.5"),
					      .records = record,
					      .records_length = sizeof(record) };
	const struct group_message query = { .family = AF_INET,
					     .type = GROUP_QUERY,
					     .version = 3,
					     .source = address_of("10.0.0.1"),
					     .query = { .max_response_usec = 10000000 } };
	const struct event_received received = { .on = "lan0", .message = &report };
	const struct event_received asked = { .on = "eth0", .upstream = true, .message = &query };

	assert_json(describe_event(&(struct event){ .kind = EVENT_REPORT,
						    .device = &device,
						    .received = &received,
						    .missed = 2 }),
		    "{\"ifname\":\"amt0\",\"event\":\"report\",\"on\":\"lan0\","
		    "\"side\":\"downstream\",\"protocol\":\"igmp\",\"version\":3,"
		    "\"source\":\"10.0.0.5\",\"missed\":2,\"unicast\":false,\"leave\":false,"
		    "\"records\":[{\"type\":\"allow\",\"group\":\"232.1.1.1\","
		    "\"sources\":[\"203.0.113.2\"]}]}");
	assert_json(describe_event(&(struct event){
			    .kind = EVENT_QUERY, .device = &device, .received = &asked }),
		    "{\"ifname\":\"amt0\",\"event\":\"query\",\"on\":\"eth0\","
		    "\"side\":\"upstream\",\"protocol\":\"igmp\",\"version\":3,"
		    "\"source\":\"10.0.0.1\",\"max_response_usec\":10000000}");
	config_free(device.config);
}

static void test_daemon(void **state)
{
	const struct queue_counters queue = { .packets = 5, .overruns = 1 };
	const struct prober_counters prober = { .sent = 4, .answers = 3, .refused = 2, .icmp = 1 };
	struct describe_daemon describe = { .version = "1",
					    .devices = 2,
					    .channels = 3,
					    .firewall_error = "",
					    .queue = &queue,
					    .prober = &prober };

	assert_json(describe_daemon(&describe),
		    "{\"version\":\"1\",\"devices\":2,\"broken_files\":0,\"channels\":3,"
		    "\"queue\":{\"packets\":5,\"overruns\":1},"
		    "\"prober\":{\"sent\":4,\"answers\":3,\"refused\":2,\"icmp\":1}}");
	describe.queue = NULL;
	describe.queue_error = "NFQUEUE number 2268 is in use";
	describe.firewall_error = "cannot create the nftables table";
	assert_json(describe_daemon(&describe),
		    "{\"version\":\"1\",\"devices\":2,\"broken_files\":0,\"channels\":3,"
		    "\"queue_error\":\"NFQUEUE number 2268 is in use\","
		    "\"firewall_error\":\"cannot create the nftables table\","
		    "\"prober\":{\"sent\":4,\"answers\":3,\"refused\":2,\"icmp\":1}}");
}

/* The manual's list is made of them. */
static void check_help(const struct field *fields)
{
	for (const struct field *field = fields; field->name; field++) {
		if (field->type == FIELD_INLINE)
			assert_string_equal(field->name, "");
		else if (!field->help || field->name[0] == '\0')
			fail_msg("field '%s' has no help", field->name);
		if (field->type == FIELD_LIST || field->type == FIELD_MAP)
			assert_true(field->size > 0);
		if (field->fields)
			check_help(field->fields);
	}
}

/* The name of a file may have any bytes. */
static void test_not_utf8(void **state)
{
	struct device device = { .config = make_config(CONFIG_PROXY), .state = DEVICE_RUNNING };
	const struct describe_device describe = { .device = &device };
	json_t *json;

	for (size_t i = 0; i < device.config->n_pieces; i++)
		strcpy(device.config->pieces[i], "/etc/amt/\xff\033\xc3\xa4");
	json = describe_device(&describe);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "file")),
			    "/etc/amt/\\xff\\x1b\xc3\xa4");
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "dropins"), 0)),
			    "/etc/amt/\\xff\\x1b\xc3\xa4");
	json_decref(json);
	config_free(device.config);
}

static void test_help(void **state)
{
	check_help(device_fields);
	check_help(channel_fields);
	check_help(daemon_fields);
	check_help(lost_fields);
	for (int kind = 0; kind < _EVENT_KIND_MAX; kind++)
		check_help(event_fields[kind]);
}

/* Out of memory at any point: no JSON, rather than a part of it. */
static int allocations_left;

static void *scarce_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void test_out_of_memory(void **state)
{
	struct device device = { .config = make_config(CONFIG_PROXY) };
	const struct describe_device describe = { .device = &device };
	json_t *object = NULL;
	int n;

	for (n = 0; !object && n < 1000; n++) {
		json_set_alloc_funcs(scarce_malloc, free);
		allocations_left = n;
		object = describe_device(&describe);
		json_set_alloc_funcs(malloc, free);
	}
	assert_in_range(n, 10, 999);
	assert_int_equal(json_object_size(object), 9);
	json_decref(object);
	config_free(device.config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proxy),	      cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_channel),	      cmocka_unit_test(test_events),
		cmocka_unit_test(test_messages),      cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_not_utf8),      cmocka_unit_test(test_help),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
