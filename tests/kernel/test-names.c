/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of interfaces that mean something to nft. */
#include "../names.h"
#include "base/array.h"
#include "kernel/channel-counters.h"
#include "kernel/firewall.h"
#include "kernel/nft-name.h"
#include "net.h"

#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BASE	7000
#define GROUP	"232.1.1.1"
#define NUMBER	5
#define PACKETS 3

static int setup(void **state)
{
	net_setup();
	return 0;
}

static size_t all_names(struct firewall_ttl *ttls)
{
	size_t n = 0;

	for (int place = 0; place < NAME_PLACES; place++)
		for (int byte = 1; byte < 256; byte++) {
			name_with(ttls[n].interface, byte, place);
			ttls[n++].ttl = 64;
		}
	return n;
}

static char *listing(const char *command)
{
	FILE *f = popen(command, "re");
	char *text = NULL;
	size_t size = 0;

	assert_non_null(f);
	if (getdelim(&text, &size, '\0', f) < 0 || pclose(f) != 0)
		errx(1, "'%s' failed", command);
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* The rules that the kernel has are those of the names that nft can write, each for that name. */
static void test_ttl(void **state)
{
	struct firewall_ttl ttls[NAME_PLACES * 256];
	const struct firewall_rules rules = { .ttls = ttls, .n_ttls = all_names(ttls) };
	struct firewall *firewall;
	char *error_text = NULL, *text;
	size_t valid = 0;

	assert_int_equal(firewall_new(BASE, &firewall), 0);
	if (firewall_commit(firewall, &rules, &error_text) < 0)
		fail_msg("%s", error_text);
	text = listing("nft list chain ip amtd ttl");
	for (size_t i = 0; i < rules.n_ttls; i++) {
		char *rule = NULL;

		if (!nft_name_valid(ttls[i].interface))
			continue;
		assert_true(asprintf(&rule, "\n\t\tiifname \"%s\" ip daddr ", ttls[i].interface) >
			    0);
		if (count(text, rule) == 0)
			fail_msg("no rule for '%s'", ttls[i].interface);
		free(rule);
		valid++;
	}
	assert_int_equal(count(text, "ip ttl set"), valid);
	free(text);
	firewall_free(firewall);
}

static void on_count(unsigned int number, const struct channel_key *key, uint64_t packets,
		     void *userdata)
{
	uint64_t *sum = userdata;

	assert_int_equal(number, NUMBER);
	*sum += packets;
}

/* Packets to the group on the interface of this name are counted, as many as expected. Another one
 * is called as the index of the first. */
static void check_counted(const char *name, uint64_t expected)
{
	struct channel_counters *counters;
	char *error_text = NULL, command[192];
	struct channel_key key = { .group.family = AF_INET };
	uint64_t sum = 0;
	int fd;

	net_setup();
	snprintf(command, sizeof(command),
		 "ip link set host down && ip link set host name '%s' && ip link set '%s' up && "
		 "ip link add %u type veth peer name other",
		 name, name, if_nametoindex("host"));
	net_shell(command);
	net_enter(RELAY);
	net_shell("ip route add 224.0.0.0/4 dev relay");
	net_enter(HOST);
	assert_int_equal(inet_pton(AF_INET, GROUP, &key.group.in), 1);

	assert_int_equal(channel_counters_new(&counters), 0);
	channel_counters_device(counters, NUMBER, name);
	channel_counters_channel(counters, NUMBER, &key, true);
	if (channel_counters_commit(counters, &error_text) < 0)
		fail_msg("'%s': %s", name, error_text);
	free(error_text);

	fd = net_udp(RELAY, 0);
	for (int i = 0; i < PACKETS; i++)
		net_send(fd, GROUP, 9, "x", 1);
	close(fd);
	for (int tries = 0; sum < expected && tries < 100; tries++) {
		sum = 0;
		assert_int_equal(channel_counters_read(counters, on_count, &sum), 0);
		usleep(10000);
	}
	if (sum != expected)
		fail_msg("'%s': %llu packets", name, (unsigned long long)sum);
	channel_counters_remove(counters);
	channel_counters_free(counters);
}

static void test_counters(void **state)
{
	static const char *const names[] = {
		"amt0", "a\"b", "a\"", "\"", "a*", "*",		"a\\",	    "a\\*", "$a",
		"@a",	"{a",	"a;b", "a}", "#a", "a\xc3\xa4", "a\x1b[1m", "\x7f", "999",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check_counted(names[i], PACKETS);
	check_counted("a\xff\"", 0);
}

/* One that has gone is counted nowhere, and breaks nothing. */
static void test_gone(void **state)
{
	struct channel_counters *counters;
	char *error_text = NULL;

	assert_int_equal(channel_counters_new(&counters), 0);
	channel_counters_device(counters, NUMBER, "gone\"");
	assert_int_equal(channel_counters_commit(counters, &error_text), 0);
	channel_counters_remove(counters);
	channel_counters_free(counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ttl, setup),
		cmocka_unit_test(test_counters),
		cmocka_unit_test_setup(test_gone, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
