/* SPDX-License-Identifier: GPL-2.0-or-later */
/* amtctl's pure parts: near names, times and sizes, the options of create and their device file. */
#include "amtctl/create-options.h"
#include "amtctl/output/human.h"
#include "amtctl/suggest.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define SEC  UINT64_C(1000000)
#define MIN  (60 * SEC)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)

static void test_suggest_distance(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned int distance;
	} cases[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "list", "list", 0 },
		{ "lst", "list", 1 },
		{ "lisst", "list", 1 },
		{ "lost", "list", 1 },
		{ "stauts", "status", 2 },
		{ "kitten", "sitting", 3 },
	};
	char word[SUGGEST_WORD_MAX + 2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(suggest_distance(cases[i].a, cases[i].b), cases[i].distance);
		assert_int_equal(suggest_distance(cases[i].b, cases[i].a), cases[i].distance);
	}

	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(suggest_distance(word, "a"), UINT_MAX);
	word[SUGGEST_WORD_MAX] = '\0';
	assert_int_equal(suggest_distance(word, "a"), SUGGEST_WORD_MAX - 1);
}

static const char *verb(size_t i)
{
	static const char *const verbs[] = { "list", "status", "create", "delete", "cat", NULL };

	return verbs[i];
}

static void test_suggest_find(void **state)
{
	assert_string_equal(suggest_find("lst", verb), "list");
	assert_string_equal(suggest_find("crate", verb), "create");
	assert_string_equal(suggest_find("stats", verb), "status");
	assert_null(suggest_find("cta", verb));
	assert_null(suggest_find("x", verb));
	assert_null(suggest_find("", verb));
	assert_null(suggest_find("wireguard", verb));
}

static void test_human_span(void **state)
{
	static const struct {
		uint64_t usec;
		const char *text;
	} cases[] = {
		{ 0, "0ms" },
		{ 999, "0ms" },
		{ 250 * 1000, "250ms" },
		{ SEC - 1, "999ms" },
		{ SEC, "1s" },
		{ 59 * SEC + 999999, "59s" },
		{ MIN, "1min" },
		{ 3 * MIN + 2 * SEC, "3min 2s" },
		{ HOUR, "1h" },
		{ HOUR + 59 * SEC, "1h" },
		{ 23 * HOUR + 59 * MIN, "23h 59min" },
		{ 400 * DAY + 3 * HOUR + 5 * MIN, "400d 3h" },
		{ UINT64_MAX, "213503982d 8h" },
	};
	char buf[HUMAN_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(human_span(buf, cases[i].usec), cases[i].text);
}

static void test_human_ago(void **state)
{
	const uint64_t now = UINT64_C(1700000000) * SEC;
	char buf[HUMAN_MAX];

	assert_string_equal(human_ago(buf, now, now), "just now");
	assert_string_equal(human_ago(buf, now, now + SEC), "just now");
	assert_string_equal(human_ago(buf, now, now + 2 * SEC), "in the future");
	assert_string_equal(human_ago(buf, now, now - 1500 * 1000), "1s ago");
	assert_string_equal(human_ago(buf, now, now - 2 * DAY - 3 * HOUR), "2d 3h ago");
}

static void test_human_size(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0B" },
		{ 1023, "1023B" },
		{ 1024, "1.0K" },
		{ 1536, "1.5K" },
		{ 1024 * 1024 - 1, "1.0M" },
		{ 20971520, "20.0M" },
		{ UINT64_MAX, "16.0E" },
	};
	char buf[HUMAN_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(human_size(buf, cases[i].bytes), cases[i].text);
}

static const struct config_key *option(const char *name)
{
	const struct config_key *row = request_find_option(name);

	assert_non_null(row);
	return row;
}

struct word {
	const char *option, *value;
};

/* Up to the first that is refused. */
static int fill(struct request *request, const struct word *words, char *why)
{
	int r = request_set_name(request, "amt0", why);

	for (; r == 0 && words->option; words++)
		r = request_set(request, option(words->option), words->value, why);
	return r;
}

static void test_request_text(void **state)
{
	static const struct {
		struct word words[16];
		const char *text;
	} cases[] = {
		{ { { "link", "eth0" }, { "relay", "192.0.2.1" } },
		  "[AMT]\nName=amt0\nLink=eth0\n\n[Relay]\nAddress=192.0.2.1\n" },
		{ { { "mode", "relay" }, { "link", "eth0" }, { "max-tunnels", "7" } },
		  "[AMT]\nName=amt0\nMode=relay\nLink=eth0\nMaxTunnels=7\n" },
		{ { { "downstream", "lan0" },
		    { "upstream", "eth1 10.0.0.0/8" },
		    { "link", "eth0" },
		    { "relay", "192.0.2.1" },
		    { "downstream", "br0" },
		    { "backup-upstream", "gre0" } },
		  "[AMT]\nName=amt0\nLink=eth0\n\n[Relay]\nAddress=192.0.2.1\n\n"
		  "[Forward]\nDownstream=lan0\nDownstream=br0\nUpstream=eth1 10.0.0.0/8\n"
		  "BackupUpstream=gre0\n" },
		{ { { "mode", "proxy" }, { "upstream", "eth0" }, { "downstream", "br0" } },
		  "[AMT]\nName=amt0\nMode=proxy\n\n[Forward]\nDownstream=br0\n"
		  "Upstream=eth0\n" },
		{ { { "sysctl", "ipv4.rp_filter=0" },
		    { "rewrite", "any=192.0.2.9" },
		    { "relay", "192.0.2.1" },
		    { "on-failure", "drop" },
		    { "relay", "192.0.2.2" },
		    { "mtu", "1400" },
		    { "rewrite", "10.0.0.0/8=192.0.2.8" },
		    { "link", "eth0" },
		    { "local", "198.51.100.7" },
		    { "port", "5000" },
		    { "relay-port", "2269" },
		    { "description", "Sport, [live] = #1" },
		    { "sysctl", "ipv6.accept_ra=2" } },
		  "[AMT]\nName=amt0\nDescription=Sport, [live] = "
		  "#1\nLink=eth0\nLocal=198.51.100.7\n"
		  "Port=5000\nRelayPort=2269\nMTUBytes=1400\n\n"
		  "[Relay]\nAddress=192.0.2.1\nAddress=192.0.2.2\n\n"
		  "[Rewrite]\nAdvertised=any\nRelay=192.0.2.9\n\n"
		  "[Rewrite]\nAdvertised=10.0.0.0/8\nRelay=192.0.2.8\nOnFailure=drop\n\n"
		  "[Sysctl]\nipv4.rp_filter=0\nipv6.accept_ra=2\n" },
	};
	char why[REQUEST_WHY_MAX];
	struct request *request;
	char *text;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		request = request_new();
		assert_int_equal(fill(request, cases[i].words, why), 0);
		assert_int_equal(request_check(request, why), 0);
		text = request_text(request);
		assert_string_equal(text, cases[i].text);
		free(text);
		request_free(request);
	}
}

/* Each is refused by itself; why names the option and what is expected. */
static void test_request_bad_value(void **state)
{
	static const struct {
		struct word word;
		const char *expected;
	} cases[] = {
		{ { "link", "" }, "name of an interface" },
		{ { "link", "sixteen-bytes-16" }, "too long" },
		{ { "link", "a/b" }, "name of an interface" },
		{ { "link", "a b" }, "name of an interface" },
		{ { "mode", "router" }, "gateway, relay or proxy" },
		{ { "relay", "relay.example.net" }, "an IPv4 address" },
		{ { "relay", "192.0.2.256" }, "an IPv4 address" },
		{ { "relay", "192.0.2.1 " }, "an IPv4 address" },
		{ { "relay", "2001:db8::1" }, "IPv6" },
		{ { "relay", "127.0.0.1" }, "one host" },
		{ { "relay", "232.1.1.1" }, "one host" },
		{ { "relay", "0.0.0.0" }, "one host" },
		{ { "local", "255.255.255.255" }, "one host" },
		{ { "rewrite", "any" }, "no \"=\"" },
		{ { "rewrite", "any=" }, "empty" },
		{ { "rewrite", "any=::1" }, "IPv6" },
		{ { "rewrite", "=192.0.2.1" }, "invalid prefix" },
		{ { "rewrite", "10.0.0.1/8=192.0.2.1" }, "beyond its length" },
		{ { "rewrite", "10.0.0.0/33=192.0.2.1" }, "invalid prefix" },
		{ { "port", "0" }, "from 1 to 65535" },
		{ { "port", "65536" }, "out of range" },
		{ { "port", "22x" }, "a number" },
		{ { "port", "-1" }, "a number" },
		{ { "relay-port", "" }, "empty" },
		{ { "max-tunnels", "0" }, "out of range" },
		{ { "mtu", "107" }, "from 108 to 65535" },
		{ { "description", "a\nb" }, "control characters" },
		{ { "description", "a\xff" }, "UTF-8" },
		{ { "description", "goes on\\" }, "backslash" },
		{ { "description", "" }, "empty" },
		{ { "on-failure", "maybe" }, "accept or drop" },
		{ { "downstream", "a/b" }, "name of an interface" },
		{ { "upstream", " " }, "empty" },
		{ { "upstream", "eth0 10.0.0.1/8" }, "prefixes" },
		{ { "upstream", "eth0 10.0.0.0/8 x" }, "prefixes" },
		{ { "sysctl", "rp_filter=0" }, "ipv4.NAME" },
		{ { "sysctl", "ipv4.../../x=0" }, "ipv4.NAME" },
		{ { "sysctl", "ipv4.rp_filter" }, "no \"=\"" },
		{ { "sysctl", "ipv4.rp_filter=" }, "empty" },
		{ { "sysctl", "ipv4.rp_filter=0\n[AMT]" }, "control characters" },
	};
	char why[REQUEST_WHY_MAX], dashed[32];
	struct request *request;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		request = request_new();
		why[0] = '\0';
		if (request_set(request, option(cases[i].word.option), cases[i].word.value, why) !=
		    -EINVAL)
			fail_msg("--%s \"%s\" is taken", cases[i].word.option, cases[i].word.value);
		snprintf(dashed, sizeof(dashed), "--%s ", cases[i].word.option);
		assert_ptr_equal(strstr(why, dashed), why);
		if (!strstr(why, cases[i].expected) || !strstr(why, "; expected "))
			fail_msg("\"%s\" lacks \"%s\"", why, cases[i].expected);
		assert_true(request_is_empty(request));
		request_free(request);
	}
}

static void test_request_combination(void **state)
{
	static const struct {
		struct word words[8];
		const char *why; /* NULL: fine */
	} cases[] = {
		{ { { "relay", "192.0.2.1" } }, "--link is missing" },
		{ { { "mode", "proxy" }, { "downstream", "br0" } }, "needs --upstream" },
		{ { { "mode", "proxy" }, { "upstream", "br0" } } },
		{ { { "mode", "proxy" },
		    { "upstream", "eth0" },
		    { "downstream", "br0" },
		    { "relay", "192.0.2.1" } },
		  "--relay: not valid with --mode proxy" },
		{ { { "link", "eth0" } }, "--relay is missing" },
		{ { { "link", "eth0" }, { "mode", "relay" } }, NULL },
		{ { { "link", "eth0" }, { "mode", "relay" }, { "port", "2269" } }, NULL },
		{ { { "relay", "192.0.2.1" }, { "link", "eth0" }, { "mode", "relay" } },
		  "--relay: not valid with --mode relay" },
		{ { { "rewrite", "any=192.0.2.1" }, { "link", "eth0" }, { "mode", "relay" } },
		  "--rewrite: not valid with --mode relay" },
		{ { { "relay", "192.0.2.1" }, { "link", "eth0" }, { "on-failure", "drop" } },
		  "--on-failure: not valid without" },
		{ { { "link", "eth0" }, { "link", "eth0" } }, "--link: given twice" },
	};
	char why[REQUEST_WHY_MAX];
	struct request *request;
	size_t i;
	int r;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		request = request_new();
		why[0] = '\0';
		r = fill(request, cases[i].words, why);
		if (r == 0)
			r = request_check(request, why);
		assert_int_equal(r, cases[i].why ? -EINVAL : 0);
		if (cases[i].why && !strstr(why, cases[i].why))
			fail_msg("\"%s\" lacks \"%s\"", why, cases[i].why);
		request_free(request);
	}
}

static void test_request_name(void **state)
{
	static const char *const good[] = { "amt0", "a", "fifteen-bytes-1", "isp.1" };
	static const char *const bad[] = { "",	    ".",     "..",	"sixteen-bytes-16",
					   "a/b",   "all",   "default", "a b",
					   "a\n",   "amt%d", "a:1",	"\xff",
					   "\033[m" };
	struct request *request = request_new();
	char why[REQUEST_WHY_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(request_set_name(request, good[i], why), 0);
		assert_string_equal(request_name(request), good[i]);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(request_set_name(request, bad[i], why), -EINVAL);
		assert_string_equal(request_name(request), "isp.1");
	}
	request_free(request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suggest_distance),
		cmocka_unit_test(test_suggest_find),
		cmocka_unit_test(test_human_span),
		cmocka_unit_test(test_human_ago),
		cmocka_unit_test(test_human_size),
		cmocka_unit_test(test_request_text),
		cmocka_unit_test(test_request_bad_value),
		cmocka_unit_test(test_request_combination),
		cmocka_unit_test(test_request_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
