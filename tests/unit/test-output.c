/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What amtctl prints of JSON as amtd returns it: the text and its alignment. */
#include "amtctl/output/channels.h"
#include "amtctl/output/daemon.h"
#include "amtctl/output/device-table.h"
#include "amtctl/output/device.h"
#include "amtctl/output/link.h"
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW (UINT64_C(1700000000) * USEC_PER_SEC)

static char printed[16384];
static int saved = -1;
static FILE *file;

static json_t *begin(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);

	if (!json)
		fail_msg("%s: %s", error.text, text);
	fflush(stdout);
	file = tmpfile();
	assert_non_null(file);
	saved = dup(STDOUT_FILENO);
	assert_true(saved >= 0);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
	return json;
}

static void end(json_t *json, const char *expected)
{
	size_t n;

	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	rewind(file);
	n = fread(printed, 1, sizeof(printed) - 1, file);
	printed[n] = '\0';
	fclose(file);
	json_decref(json);
	assert_string_equal(printed, expected);
}

static void test_device_table(void **state)
{
	json_t *json = begin("[{\"ifname\":\"amt0\",\"mode\":\"gateway\",\"state\":\"connected\","
			     "\"link\":\"eth0\",\"last_relay\":\"192.0.2.1\","
			     "\"state_since_usec\":1699999997000000,"
			     "\"linkinfo\":{\"info_data\":{\"local\":\"198.51.100.2\","
			     "\"gateway_port\":61000}}},"
			     "{\"ifname\":\"lan\",\"mode\":\"proxy\",\"state\":\"failed\"}]");
	int r = device_table_print(json, true, NOW);

	end(json, "NAME MODE    STATE     RELAY     LINK LOCAL              SINCE\n"
		  "amt0 gateway connected 192.0.2.1 eth0 198.51.100.2:61000 3s ago\n"
		  "lan  proxy   failed    -         -    -                  -\n"
		  "\n"
		  "2 devices.\n");
	assert_int_equal(r, 0);
	json = begin("[]");
	r = device_table_print(json, true, NOW);
	end(json, "0 devices.\n");
	assert_int_equal(r, 0);
}

static void test_channels(void **state)
{
	json_t *json = begin("[{\"channel\":\"203.0.113.2,232.1.1.1\",\"state\":\"joined\","
			     "\"device\":\"amt0\",\"relay\":\"192.0.2.1\","
			     "\"wanted_by\":[\"amtctl\",\"file\"],\"since_usec\":99999999999999999,"
			     "\"packets\":1234,\"rate\":100},"
			     "{\"channel\":\"239.1.1.1\",\"state\":\"waiting\",\"wanted_by\":[],"
			     "\"since_usec\":99999999999999999,\"reason\":\"no relay answers\"}]");
	int r = channels_print_table(json, true);

	end(json,
	    "CHANNEL               STATE   DEVICE RELAY     WANTED BY    SINCE         PACKETS  RATE LAST PACKET\n"
	    "203.0.113.2,232.1.1.1 joined  amt0   192.0.2.1 amtctl, file in the future    1234 100/s -\n"
	    "239.1.1.1             waiting -      -         -            in the future       -     - -\n"
	    "239.1.1.1: no relay answers\n"
	    "\n"
	    "2 channels.\n");
	assert_int_equal(r, 0);
}

/* All lines of a side stand below each other, what was ignored, too. */
static void test_forward(void **state)
{
	json_t *json = begin(
		"{\"ifname\":\"lan\",\"mode\":\"proxy\",\"forward\":{\"alternative\":\"gre0\","
		"\"switched\":true,\"upstreams\":["
		"{\"ifname\":\"eth1\",\"prefix\":\"any\",\"running\":true},"
		"{\"ifname\":\"e2\",\"prefix\":\"10.0.0.0/8\",\"running\":false}],"
		"\"downstreams\":[{\"ifname\":\"br0\",\"running\":true,"
		"\"igmp\":{\"groups\":1,\"reports\":2,\"querier\":\"10.4.0.1\",\"querying\":true,"
		"\"refused\":{\"ttl\":3,\"frame\":0},\"ignored\":{\"group\":4,\"query\":5}},"
		"\"mld\":{\"groups\":0,\"reports\":1,\"querier\":\"\",\"ignored\":{\"group\":6}}},"
		"{\"ifname\":\"lan1\",\"running\":false}],"
		"\"ipv4\":{\"groups\":1,\"joins\":1,\"flows\":2,\"evicted\":3,\"wrong_interface\":4},"
		"\"ipv6\":{\"failed\":2,\"failure\":\"too many\"},\"table\":7}}");

	device_print(json, NOW);
	end(json,
	    "* lan\n"
	    "          Mode: proxy\n"
	    "      Upstream: eth1  any source\n"
	    "                e2    10.0.0.0/8  missing or down\n"
	    "        Backup: gre0, in use\n"
	    "    Downstream: br0   IGMP  1 group, 2 Reports received, querier 10.4.0.1 (this host)\n"
	    "                            ignored: 3 from beyond the link, 4 for groups never forwarded, 5 Queries without source\n"
	    "                      MLD   0 groups, 1 Report received, no querier\n"
	    "                            ignored: 6 for groups never forwarded\n"
	    "                lan1  missing or down\n"
	    "    Forwarding: IPv4  1 group, 1 join upstream, 2 any-source flows, 4 on the wrong interface, 3 evicted\n"
	    "                IPv6  0 groups, 0 joins upstream, 0 any-source flows\n"
	    "                      2 kernel errors, last: too many\n"
	    "         Table: 7, see ip mroute show table 7\n");
}

static void test_relay(void **state)
{
	json_t *json = begin(
		"{\"ifname\":\"amtr\",\"mode\":\"relay\",\"mtu\":1460,"
		"\"payload\":{\"ipv4\":1432,\"ipv6\":1412},"
		"\"hints\":[{\"cause\":\"ttl\",\"packets\":9,\"text\":\"see TTL=\"}],"
		"\"forward\":{\"error\":\"no route\","
		"\"upstream_packets\":9},\"stats64\":{\"tx\":{\"packets\":2,\"bytes\":2048}},"
		"\"serving\":{\"max_tunnels\":1,\"queries\":2,\"updates\":1,\"teardowns\":0,"
		"\"malformed\":1,\"ignored\":{\"nonce\":2},\"tunnels\":[{\"gateway\":\"198.51.100.2\","
		"\"port\":4000,\"since_usec\":1699999940000000,\"last_update_usec\":1699999999000000,"
		"\"groups\":[{\"group\":\"232.1.1.1\",\"mode\":\"include\","
		"\"sources\":[\"203.0.113.2\",\"203.0.113.3\"]},"
		"{\"group\":\"239.1.1.1\",\"mode\":\"exclude\",\"sources\":[\"203.0.113.9\"]}]}]}}");

	device_print(json, NOW);
	end(json,
	    "* amtr\n"
	    "          Mode: relay\n"
	    "           MTU: 1460, UDP payload of 1432 bytes with IPv4, 1412 with IPv6\n"
	    "          Sent: 2 packets, 2.0K\n"
	    "       Tunnels: 1 of 1, no more accepted; see MaxTunnels= in amt(5)\n"
	    "                198.51.100.2 port 4000, started 1min ago, last Update 1s ago\n"
	    "                  232.1.1.1 from 203.0.113.2, 203.0.113.3\n"
	    "                  239.1.1.1 from any source except 203.0.113.9\n"
	    "      Gateways: 2 Queries sent, 1 Updates and 0 Teardowns accepted, 1 malformed, 2 ignored (nonce 2)\n"
	    "    Forwarding: failed: no route\n"
	    "          Hint: see TTL=\n");
}

static void test_daemon(void **state)
{
	json_t *json =
		begin("{\"version\":\"1.2\",\"devices\":3,\"broken_files\":1,\"channels\":4,"
		      "\"queue\":{\"packets\":5,\"overruns\":6},\"firewall_error\":\"no nft\","
		      "\"prober\":{\"sent\":7,\"answers\":8,\"refused\":9,\"icmp\":10}}");

	daemon_print(json);
	end(json, "amtd 1.2\n"
		  "       Devices: 3, 1 invalid device file; see journalctl -u amtd\n"
		  "      Channels: 4\n"
		  "       NFQUEUE: 5 control messages, 6 overruns\n"
		  "      nftables: no nft\n"
		  "   Discoveries: 7 sent, 8 answered, 9 messages rejected, 10 ICMP errors\n");
}

/* An interface below a tunnel, as the kernel names it. */
static void test_link_names(void **state)
{
	const struct link_view view = {
		.name = "amt\xff", .mode = "gateway", .operstate = "UP", .lower = "a\"\x9b"
	};
	json_t *json = links_to_json(&view, 1);
	const json_t *device = json_array_get(json, 0);

	assert_non_null(device);
	assert_string_equal(json_string_value(json_object_get(device, "ifname")), "amt\\xff");
	assert_string_equal(json_string_value(json_object_get(device, "link")), "a\"\\x9b");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_table), cmocka_unit_test(test_channels),
		cmocka_unit_test(test_forward),	     cmocka_unit_test(test_relay),
		cmocka_unit_test(test_daemon),	     cmocka_unit_test(test_link_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
