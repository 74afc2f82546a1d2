/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "device/config-keys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What was warned about, a line each: "LINE TEXT". */
struct warnings {
	char text[4096];
};

static void take_warning(const struct conf_place *place, const char *text, void *userdata)
{
	struct warnings *warnings = userdata;
	size_t length = strlen(warnings->text);

	snprintf(warnings->text + length, sizeof(warnings->text) - length, "%u %s\n", place->line,
		 text);
}

static int load(const char *text, struct warnings *warnings, struct config **ret)
{
	const struct conf_handler handler = { .warning = take_warning, .userdata = warnings };

	warnings->text[0] = '\0';
	return config_load_text("/run/amt/isp.amt", text, strlen(text), &handler, ret);
}

#define GATEWAY "[AMT]\nLink=eth0\n[Relay]\nAddress=192.0.2.1\n"

static void test_defaults(void **state)
{
	struct warnings warnings;
	struct config *config;

	assert_int_equal(load(GATEWAY, &warnings, &config), 0);
	assert_string_equal(warnings.text, "");
	assert_string_equal(config->name, "isp"); /* the file's name */
	assert_int_equal(config->mode, CONFIG_GATEWAY);
	assert_string_equal(config->link, "eth0");
	assert_int_equal(config->local.family, AF_UNSPEC);
	assert_int_equal(config->port, 0);
	assert_int_equal(config->relay_port, 2268);
	assert_true(config->keep);
	assert_false(config->strict);
	assert_int_equal(config->n_relays, 1);
	assert_int_equal(config->relays[0].in.s_addr, inet_addr("192.0.2.1"));
	assert_int_equal(config->n_rewrites, 0);
	assert_string_equal(config->pieces[0], "/run/amt/isp.amt");
	config_free(config);
}

static void test_everything(void **state)
{
	static const char text[] =
		"[Match]\nHost=*\n"
		"[AMT]\nName=amt7\nDescription=to the ISP\nMode=gateway\n"
		"Link=eth1\nLocal=198.51.100.2\nPort=40000\nRelayPort=2269\n"
		"MTUBytes=1400\nKeepConfiguration=no\n"
		"[Relay]\nAddress=192.0.2.1 192.0.2.2\nAddress=192.0.2.3\n"
		"[Rewrite]\nAdvertised=10.0.0.0/8\nRelay=192.0.2.1\n"
		"[Rewrite]\nAdvertised=any\nRelay=192.0.2.9\nOnFailure=drop\n"
		"[Sysctl]\nipv4.rp_filter=0\nipv6.accept_ra=1\nipv4.rp_filter=1\n";
	struct warnings warnings;
	struct config *config;

	assert_int_equal(load(text, &warnings, &config), 0);
	assert_string_equal(warnings.text, "");
	assert_string_equal(config->name, "amt7");
	assert_string_equal(config->description, "to the ISP");
	assert_int_equal(config->local.in.s_addr, inet_addr("198.51.100.2"));
	assert_int_equal(config->port, 40000);
	assert_int_equal(config->relay_port, 2269);
	assert_int_equal(config->mtu, 1400);
	assert_false(config->keep);
	assert_true(config->strict);
	assert_int_equal(config->n_relays, 3);
	assert_int_equal(config->relays[2].in.s_addr, inet_addr("192.0.2.3"));
	assert_int_equal(config->n_rewrites, 2);
	assert_int_equal(config->rewrites[0].advertised.length, 8);
	assert_int_equal(config->rewrites[0].relay.in.s_addr, inet_addr("192.0.2.1"));
	assert_int_equal(config->rewrites[1].advertised.address.family, AF_UNSPEC);
	assert_int_equal(config->n_sysctls, 2);
	assert_string_equal(config->sysctls[0].value, "1"); /* the last one wins */
	config_free(config);
}

static void test_warnings(void **state)
{
	static const struct {
		const char *line;    /* behind GATEWAY */
		const char *warning; /* begins so */
	} table[] = {
		{ "[AMT]\nPort=0\n", "6 Port=0: expected a number from 1 to 65535" },
		{ "[AMT]\nPort=65536\n", "6 Port=65536: expected" },
		{ "[AMT]\nLocal=127.0.0.1\n", "6 Local=127.0.0.1: expected an IPv4 address" },
		{ "[AMT]\nLocal=2001:db8::1\n", "6 Local=2001:db8::1: expected an IPv4 address" },
		{ "[AMT]\nMode=both\n", "6 Mode=both: expected gateway, relay or proxy" },
		{ "[AMT]\nLink=a/b\n", "6 Link=a/b: expected the name of an interface" },
		{ "[AMT]\nMTUBytes=107\n", "6 MTUBytes=107: expected a number" },
		{ "[AMT]\nKeepConfiguration=maybe\n", "6 KeepConfiguration=maybe: expected yes" },
		{ "[AMT]\nColour=red\n", "6 unknown key 'Colour' in section [AMT]" },
		{ "[Colour]\nRed=1\n", "6 unknown section [Colour]" },
		{ "[Relay]\nAddress=224.0.0.1\n", "6 Address=224.0.0.1: expected an IPv4 address" },
		{ "[Relay]\nAddress=relay.example\n", "6 Address=relay.example: expected" },
		{ "[Rewrite]\nAdvertised=10.0.0.1/8\n",
		  "6 Advertised=10.0.0.1/8: expected a prefix" },
		{ "[Rewrite]\nAdvertised=any\n", "0 a [Rewrite] section without Relay=" },
		{ "[Rewrite]\nRelay=0.0.0.0\n", "6 Relay=0.0.0.0: expected a unicast" },
		{ "[Rewrite]\nOnFailure=panic\n", "6 OnFailure=panic: expected accept or drop" },
		{ "[Sysctl]\nkernel.panic=1\n", "6 [Sysctl] kernel.panic=: expected ipv4.NAME" },
		{ "[Sysctl]\nipv4.../../x=1\n", "6 [Sysctl] ipv4.../../x=: expected ipv4.NAME" },
		{ "[Match]\nVirtualization=cheese\n", "6 Virtualization=cheese: expected" },
		{ "[Forward]\nAlternative=gre0\n",
		  "6 Alternative= is deprecated, use BackupUpstream=" },
		{ "[Forward]\nSilentSec=9\n",
		  "6 SilentSec= is deprecated, use UpstreamTimeoutSec=" },
		{ "[Forward]\nGratuitousReportSec=9\n",
		  "6 GratuitousReportSec= is deprecated, use UnsolicitedReportSec=" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct warnings warnings;
		struct config *config;
		char text[512];

		snprintf(text, sizeof(text), GATEWAY "%s", table[i].line);
		assert_int_equal(load(text, &warnings, &config), 0);
		if (strncmp(warnings.text, table[i].warning, strlen(table[i].warning)) != 0)
			fail_msg("%s: warned '%s'", table[i].line, warnings.text);
		/* one line, and the rest is as if the bad line were not there */
		assert_ptr_equal(strchr(warnings.text, '\n'),
				 warnings.text + strlen(warnings.text) - 1);
		assert_string_equal(config->link, "eth0");
		assert_int_equal(config->n_relays, 1);
		assert_int_equal(config->n_rewrites, 0);
		config_free(config);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *warning;
		int error;
	} table[] = {
		{ "", "0 no Link= in [AMT]", -EINVAL },
		{ "[AMT]\nLink=eth0\n", "0 no Address= in [Relay]", -EINVAL },
		{ "[Relay]\nAddress=192.0.2.1\n", "0 no Link= in [AMT]", -EINVAL },
		{ "[AMT]\nName=eth0\nLink=eth0\n[Relay]\nAddress=192.0.2.1\n",
		  "0 Link=eth0 is the device itself", -EINVAL },
		{ "[AMT]\nLink=eth0\nLink=\n[Relay]\nAddress=192.0.2.1\n", "0 no Link= in [AMT]",
		  -EINVAL },
		{ GATEWAY "Address=\n", "0 no Address= in [Relay]", -EINVAL },
		{ GATEWAY "[Match]\nHost=no-host-is-called-so\n", "", -ESRCH },
		{ GATEWAY "[Match]\nKernelVersion=<2.6\n", "", -ESRCH },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct config *config = NULL;
		struct warnings warnings;

		assert_int_equal(load(table[i].text, &warnings, &config), table[i].error);
		assert_null(config);
		if (strncmp(warnings.text, table[i].warning, strlen(table[i].warning)) != 0)
			fail_msg("%s: warned '%s'", table[i].text, warnings.text);
	}
}

static void test_reset(void **state)
{
	static const char text[] = GATEWAY "[AMT]\nPort=4\nPort=\nDescription=x\nDescription=\n"
					   "KeepConfiguration=no\nKeepConfiguration=\nRelayPort=9\n"
					   "RelayPort=\n[Relay]\nAddress=\nAddress=192.0.2.7\n";
	struct warnings warnings;
	struct config *config;

	assert_int_equal(load(text, &warnings, &config), 0);
	assert_int_equal(config->port, 0);
	assert_null(config->description);
	assert_true(config->keep);
	assert_int_equal(config->relay_port, 2268);
	assert_int_equal(config->n_relays, 1);
	assert_int_equal(config->relays[0].in.s_addr, inet_addr("192.0.2.7"));
	config_free(config);
}

static void test_relay_mode(void **state)
{
	struct warnings warnings;
	struct config *config;

	assert_int_equal(load("[AMT]\nMode=relay\nLink=eth0\nMaxTunnels=7\n", &warnings, &config),
			 0);
	assert_string_equal(warnings.text, "");
	assert_int_equal(config->mode, CONFIG_RELAY);
	assert_int_equal(config->max_tunnels, 7);
	config_free(config);
}

static void test_limits(void **state)
{
	char text[16384] = "[AMT]\nLink=eth0\n[Relay]\n";
	struct warnings warnings;
	struct config *config;

	for (int i = 1; i <= CONFIG_RELAYS_MAX + 1; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "Address=192.0.2.%d\n",
			 i);
	for (int i = 1; i <= CONFIG_REWRITES_MAX + 1; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "[Rewrite]\nRelay=192.0.2.%d\n", i);
	for (int i = 1; i <= CONFIG_SYSCTLS_MAX + 1; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sipv4.a%d=1\n",
			 i == 1 ? "[Sysctl]\n" : "", i);
	assert_int_equal(load(text, &warnings, &config), 0);
	assert_int_equal(config->n_relays, CONFIG_RELAYS_MAX);
	assert_int_equal(config->n_rewrites, CONFIG_REWRITES_MAX);
	assert_int_equal(config->n_sysctls, CONFIG_SYSCTLS_MAX);
	assert_non_null(strstr(warnings.text, "at most 64"));
	config_free(config);
}

/* Each is another device than GATEWAY. */
static const struct {
	const char *section, *key, *value;
	const char *more; /* lines of the same section, without which it is nothing; NULL: none */
	bool stays;	  /* the device needs it, or more remains of it */
} different[] = {
	{ "AMT", "Name", "b" },
	{ "AMT", "Description", "d" },
	{ "AMT", "Mode", "proxy", "[Forward]\nUpstream=eth1\n", true },
	{ "AMT", "Link", "eth1", NULL, true },
	{ "AMT", "Local", "198.51.100.1" },
	{ "AMT", "Port", "1" },
	{ "AMT", "RelayPort", "1" },
	{ "AMT", "MaxTunnels", "1" },
	{ "AMT", "MTUBytes", "1000" },
	{ "AMT", "KeepConfiguration", "no" },
	{ "AMT", "OnDemand", "yes" },
	{ "Relay", "Address", "192.0.2.2", NULL, true },
	{ "Relay", "Driad", "2001:db8::2" },
	{ "Relay", "DNSSD", "example.net" },
	{ "Relay", "Anycast", "yes" },
	{ "Relay", "Order", "driad anycast" },
	{ "Relay", "Allow", "192.0.2.0/24" },
	{ "Relay", "DNS", "192.0.2.53@5353" },
	{ "Relay", "DNSSEC", "yes" },
	{ "Relay", "TrustAnchor", "/root.key" },
	{ "Relay", "HoldDownSec", "0" },
	{ "Relay", "DeadSec", "6" },
	{ "Relay", "ReturnSec", "0" },
	{ "Rewrite", "Advertised", "10.0.0.0/8", "Relay=192.0.2.2\n", true },
	{ "Rewrite", "Relay", "192.0.2.2", NULL, true },
	{ "Rewrite", "OnFailure", "drop" },
	{ "Sysctl", "ipv4.tag", "1", NULL, true },
	{ "Membership", "Join", "239.1.1.1 203.0.113.2,232.1.1.1" },
	{ "Forward", "Downstream", "lan0" },
	{ "Forward", "Upstream", "eth1 10.0.0.0/8" },
	{ "Forward", "BackupUpstream", "eth1" },
	{ "Forward", "UpstreamTimeoutSec", "1" },
	{ "Forward", "Table", "1" },
	{ "Forward", "Querier", "no" },
	{ "Forward", "IGMPVersion", "1" },
	{ "Forward", "MLDVersion", "1" },
	{ "Forward", "Robustness", "7" },
	{ "Forward", "QueryIntervalSec", "3174" },
	{ "Forward", "QueryResponseSec", "11" },
	{ "Forward", "LastMemberSec", "2" },
	{ "Forward", "FastLeave", "yes" },
	{ "Forward", "MaxGroups", "1" },
	{ "Forward", "MaxSources", "65535" },
	{ "Forward", "MaxGroupsPerHost", "1" },
	{ "Forward", "AllowGroups", "lan0 239.1.0.0/16 10.0.0.1,232.1.1.1" },
	{ "Forward", "DenyGroups", "239.255.0.0/16 ff05::/16" },
	{ "Forward", "SSMPrefix", "233.252.0.0/24" },
	{ "Forward", "MapSource", "239.1.1.1 192.0.2.7 192.0.2.8" },
	{ "Forward", "TTL", "255" },
	{ "Forward", "RequireRouterAlert", "yes" },
	{ "Forward", "UnicastReports", "only" },
	{ "Forward", "ForwardQueries", "yes" },
	{ "Forward", "ForwardReports", "yes" },
	{ "Forward", "UnsolicitedReportSec", "604800" },
	{ "Forward", "SelfQuerySec", "1" },
};

static void test_equal(void **state)
{
	struct config *config, *other;
	struct warnings warnings;

	assert_int_equal(load(GATEWAY, &warnings, &config), 0);
	assert_int_equal(load(GATEWAY, &warnings, &other), 0);
	assert_true(config_equal(config, other));
	config_free(other);
	for (size_t i = 0; i < ARRAY_SIZE(different); i++) {
		char text[512];

		snprintf(text, sizeof(text), GATEWAY "[%s]\n%s=%s\n%s", different[i].section,
			 different[i].key, different[i].value, different[i].more ?: "");
		assert_int_equal(load(text, &warnings, &other), 0);
		assert_string_equal(warnings.text, "");
		if (config_equal(config, other))
			fail_msg("%s makes no difference", text);
		config_free(other);
		if (different[i].stays)
			continue;

		/* an empty value takes it back */
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "[%s]\n%s=\n",
			 different[i].section, different[i].key);
		assert_int_equal(load(text, &warnings, &other), 0);
		if (!config_equal(config, other))
			fail_msg("%s is not as if nothing was said", text);
		config_free(other);
	}
	config_free(config);
}

static bool is_different(const struct config_key *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(different); i++)
		if (strcmp(different[i].section, key->section) == 0 &&
		    strcmp(different[i].key, key->key) == 0)
			return true;
	return false;
}

/* A key that config_equal() ignored would not be applied by a reload. */
static void test_equal_knows_all_keys(void **state)
{
	const struct config_key *key;

	for (size_t i = 0; (key = config_key(i)); i++)
		if (key->key && strcmp(key->section, "Match") != 0 && !is_different(key))
			fail_msg("[%s] %s= is not among those that make a difference", key->section,
				 key->key);
}

static void test_forward(void **state)
{
	struct warnings warnings;
	struct config *config;

	assert_int_equal(load(GATEWAY "[Forward]\nDownstream=lan0 lan1\nDownstream=lan0 br0\n",
			      &warnings, &config),
			 0);
	assert_string_equal(warnings.text, "");
	assert_int_equal(config->forward.n_downstreams, 3);
	assert_string_equal(config->forward.downstreams[2], "br0");
	assert_int_equal(config->forward.n_upstreams, 1);
	assert_string_equal(config->forward.upstreams[0].name, "isp"); /* the tunnel itself */
	assert_int_equal(config->forward.upstreams[0].prefix.address.family, AF_UNSPEC);
	assert_true(config->forward.querier);
	/* RFC 9776, section 8 */
	assert_int_equal(config->forward.robustness, 2);
	assert_int_equal(config->forward.query_interval_sec, 125);
	assert_int_equal(config->forward.query_response_sec, 10);
	assert_int_equal(config->forward.last_member_sec, 1);
	assert_true(config_forwards(&config->forward));
	config_free(config);

	assert_int_equal(
		load("[AMT]\nMode=proxy\n[Forward]\nDownstream=br0\n"
		     "Upstream=eth0\nUpstream=gre0 10.0.0.0/8 2001:db8::/32\n"
		     "BackupUpstream=gre1\nUpstreamTimeoutSec=3\nTable=100\nUnicastReports=only\n"
		     "IGMPVersion=2\nFastLeave=yes\nTTL=64\n",
		     &warnings, &config),
		0);
	assert_string_equal(warnings.text, "");
	assert_int_equal(config->mode, CONFIG_PROXY);
	assert_int_equal(config->forward.n_upstreams, 3);
	assert_string_equal(config->forward.upstreams[1].name, "gre0");
	assert_int_equal(config->forward.upstreams[1].prefix.length, 8);
	assert_int_equal(config->forward.upstreams[2].prefix.length, 32);
	assert_int_equal(config->forward.unicast_reports, CONFIG_UNICAST_ONLY);
	assert_int_equal(config->forward.table, 100);
	assert_int_equal(config->forward.igmp_version, 2);
	config_free(config);

	/* a line that is not understood as a whole counts for nothing */
	assert_int_equal(load("[AMT]\nMode=proxy\n[Forward]\nDownstream=br0\nUpstream=eth0\n"
			      "DenyGroups=eth0 239.255.0.0/16 10.0.0.0/8,232.1.0.0/16\n"
			      "DenyGroups=ff05::/16\nAllowGroups=239.1.1.1 10.0.0.1\n"
			      "AllowGroups=eth0\nMapSource=239.1.1.1\n"
			      "MapSource=239.1.1.1 2001:db8::1\nSSMPrefix=10.0.0.0/8\n",
			      &warnings, &config),
			 0);
	assert_int_equal(config->forward.deny_groups.n, 3);
	assert_string_equal(config->forward.deny_groups.list[1].name, "eth0");
	assert_int_equal(config->forward.deny_groups.list[1].rule.source.length, 8);
	assert_string_equal(config->forward.deny_groups.list[2].name, "");
	assert_int_equal(config->forward.allow_groups.n, 0);
	assert_int_equal(config->forward.map_sources.n, 0);
	assert_int_equal(config->forward.ssm_prefixes.n, 0);
	config_free(config);

	/* RFC 9776, 8.3: the response interval is the shorter one */
	assert_int_equal(load(GATEWAY "[Forward]\nDownstream=lan0\nQueryIntervalSec=5\n", &warnings,
			      &config),
			 0);
	assert_non_null(strstr(warnings.text, "QueryResponseSec=10 is more"));
	assert_int_equal(config->forward.query_response_sec, 5);
	config_free(config);

	/* a relay's tunnels are what it forwards to */
	assert_int_equal(load("[AMT]\nMode=relay\nLink=eth0\n[Forward]\nUpstream=eth1\n", &warnings,
			      &config),
			 0);
	assert_int_equal(config->forward.n_downstreams, 1);
	assert_string_equal(config->forward.downstreams[0], "isp");
	config_free(config);
}

/* The device is its own upstream interface, and has a name that nft cannot write. */
static void test_ttl_of_itself(void **state)
{
	static const char *const names[] = { "is*", "i\"p", "i\\p" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct warnings warnings;
		struct config *config;
		char text[256];

		snprintf(text, sizeof(text),
			 GATEWAY "[AMT]\nName=%s\n[Forward]\nDownstream=lan0\nTTL=64\n", names[i]);
		assert_int_equal(load(text, &warnings, &config), 0);
		assert_string_equal(config->forward.upstreams[0].name, names[i]);
		assert_non_null(strstr(warnings.text, "TTL= needs"));
		assert_int_equal(config->forward.ttl, 0);
		config_free(config);
	}
}

static void test_forward_refused(void **state)
{
	struct warnings warnings;
	struct config *config;

	assert_int_equal(load("[AMT]\nMode=proxy\n[Forward]\nDownstream=br0\n", &warnings, &config),
			 -EINVAL);
	assert_non_null(strstr(warnings.text, "needs an Upstream="));

	/* bad prefixes leave nothing of their line */
	assert_int_equal(load(GATEWAY "[Forward]\nDownstream=lan0\n"
				      "Upstream=eth1 10.0.0.0/8 10.0.0.1/8\n",
			      &warnings, &config),
			 0);
	assert_non_null(strstr(warnings.text, "7 Upstream="));
	assert_int_equal(config->forward.n_upstreams, 1);
	assert_string_equal(config->forward.upstreams[0].name, "isp");
	config_free(config);

	assert_int_equal(
		load(GATEWAY "[Forward]\nDownstream=lan0\nUpstream=lan0\n", &warnings, &config), 0);
	assert_non_null(strstr(warnings.text, "lan0 as Upstream= and Downstream="));
	assert_false(config_forwards(&config->forward));
	config_free(config);
}

/* The order of the words in the table is that of the enums. */
static void test_words(void **state)
{
	static const struct {
		const char *line;
		enum dnssec_mode dnssec;
		enum config_unicast unicast;
		bool strict;
	} cases[] = {
		{ "", DNSSEC_MODE_ALLOW_DOWNGRADE, CONFIG_UNICAST_NO, false },
		{ "DNSSEC=no\n", DNSSEC_MODE_NO, CONFIG_UNICAST_NO, false },
		{ "DNSSEC=yes\n", DNSSEC_MODE_YES, CONFIG_UNICAST_NO, false },
		{ "DNSSEC=no\nDNSSEC=allow-downgrade\n[Rewrite]\nOnFailure=drop\n",
		  DNSSEC_MODE_ALLOW_DOWNGRADE, CONFIG_UNICAST_NO, true },
		{ "[Rewrite]\nOnFailure=drop\nOnFailure=accept\n[Forward]\nUnicastReports=yes\n",
		  DNSSEC_MODE_ALLOW_DOWNGRADE, CONFIG_UNICAST_YES, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct warnings warnings;
		struct config *config;
		char text[512];

		snprintf(text, sizeof(text), GATEWAY "%s", cases[i].line);
		assert_int_equal(load(text, &warnings, &config), 0);
		assert_string_equal(warnings.text, "");
		assert_int_equal(config->dnssec, cases[i].dnssec);
		assert_int_equal(config->forward.unicast_reports, cases[i].unicast);
		assert_int_equal(config->strict, cases[i].strict);
		config_free(config);
	}
	for (int i = 0; i < _CONFIG_MODE_MAX; i++) {
		struct warnings warnings;
		struct config *config;
		char text[512];

		snprintf(text, sizeof(text), GATEWAY "[AMT]\nMode=%s\n[Forward]\nUpstream=eth1\n",
			 config_mode_string(i));
		assert_int_equal(load(text, &warnings, &config), 0);
		assert_int_equal(config->mode, i);
		config_free(config);
	}
}

/* The old spelling does what the new one does. */
static void test_renamed(void **state)
{
	struct warnings warnings;
	struct config *config;

	assert_int_equal(load(GATEWAY "[Forward]\nUpstream=eth1\nAlternative=gre0\nSilentSec=9\n"
				      "GratuitousReportSec=7\n",
			      &warnings, &config),
			 0);
	assert_string_equal(config->forward.backup_upstream, "gre0");
	assert_int_equal(config->forward.upstream_timeout_sec, 9);
	assert_int_equal(config->forward.unsolicited_report_sec, 7);
	config_free(config);

	/* one warning for each, however often it is used */
	assert_int_equal(load(GATEWAY "[Forward]\nSilentSec=9\nSilentSec=\nAlternative=gre0\n"
				      "[Forward]\nSilentSec=8\nAlternative=gre1\n",
			      &warnings, &config),
			 0);
	assert_string_equal(warnings.text, "6 SilentSec= is deprecated, use UpstreamTimeoutSec=\n"
					   "8 Alternative= is deprecated, use BackupUpstream=\n");
	assert_string_equal(config->forward.backup_upstream, "gre1");
	assert_int_equal(config->forward.upstream_timeout_sec, 8);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_relay_mode),
		cmocka_unit_test(test_forward),
		cmocka_unit_test(test_ttl_of_itself),
		cmocka_unit_test(test_forward_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_equal_knows_all_keys),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
