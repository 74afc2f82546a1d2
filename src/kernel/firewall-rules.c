/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All rules are at the hooks of this host's own packets, input and output: what is forwarded is not
 * amtd's, whatever its ports. A port of ports is a device's on all addresses of the host: its
 *driver has bound it so.
 *
 * Every packet for this host passes the input chain, data of the tunnels twice: encapsulated, and
 * again after decapsulation. So the first tests decide the cost of the table. Measured on one
 * x86-64 machine, nanoseconds for each rule that does not match:
 *
 *	@th,64,8 4, ip protocol icmp    5   load and cmp are inlined in nft_do_chain()
 *	@th,64,8 & 0xf8 0 (and then != 6)  14   inlined, but three or five expressions
 *	@th,64,8 < 6                   21   only == and != are inlined
 *	@th,64,8 1-5                   39
 *	@th,64,8 { 1, 2, 3, 4, 5 }     41   set lookup
 *	udp dport vmap @ports          61   meta l4proto, then a set lookup
 *	@th,64,8 != 6                   5 for encapsulated data, 67 for decapsulated
 *
 * So the cheapest test is a rule for each message type, with version 0 in the same byte. Rules for
 * relay devices exist only while there is one.
 *
 * @th,64,8 is byte 0 of the UDP payload (version and type), @th,72,8 byte 1 (flags). nft does not
 * update the UDP checksum after a write to raw bytes; zero, "none", is allowed over IPv4. That is
 * right on the wire too: the driver sends Requests with a finished checksum (CHECKSUM_NONE), so no
 * interface will complete what is zero.
 */
#include "kernel/firewall-rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADVERTISEMENT	 0x02u
#define QUERY		 0x04u
#define UPDATE		 0x05u
#define TEARDOWN	 0x07u
#define REQUEST_P	 0x0301u /* RFC 7450, 5.1.3.3 */
#define REQUEST_P_DRIVER 0x0380u /* where drivers/net/amt.c has P */

/* An element of a map or set, as text; equal keys are sorted alike in both lists. */
struct element_kind {
	const char *set;
	size_t (*count)(const struct firewall_rules *rules);
	int64_t (*key)(const struct firewall_rules *rules, size_t i);
	uint32_t (*value)(const struct firewall_rules *rules, size_t i);
	void (*print)(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only);
};

static size_t gateway_count(const struct firewall_rules *rules)
{
	return rules->n_gateways;
}

static int64_t gateway_key(const struct firewall_rules *rules, size_t i)
{
	return rules->gateways[i].port;
}

static uint32_t gateway_strict(const struct firewall_rules *rules, size_t i)
{
	return rules->gateways[i].strict;
}

static uint32_t gateway_relay_port(const struct firewall_rules *rules, size_t i)
{
	return rules->gateways[i].relay_port;
}

static void print_gateway(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	fprintf(f, "%u", rules->gateways[i].port);
	if (!key_only)
		fprintf(f, " : goto %s", rules->gateways[i].strict ? "gateway-strict" : "gateway");
}

static void print_relay_port(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	fprintf(f, "%u", rules->gateways[i].port);
	if (!key_only)
		fprintf(f, " : %u", rules->gateways[i].relay_port);
}

static void print_port(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	fprintf(f, "%u", rules->gateways[i].port);
}

static size_t relay_count(const struct firewall_rules *rules)
{
	return rules->n_relay_devices;
}

static int64_t relay_key(const struct firewall_rules *rules, size_t i)
{
	return rules->relay_devices[i];
}

static uint32_t no_value(const struct firewall_rules *rules, size_t i)
{
	return 0;
}

static void print_relay(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	fprintf(f, "%u%s", rules->relay_devices[i], key_only ? "" : " : goto relay");
}

static size_t linux_count(const struct firewall_rules *rules)
{
	return rules->n_linux_relays;
}

static int64_t linux_key(const struct firewall_rules *rules, size_t i)
{
	return ntohl(rules->linux_relays[i].in.s_addr);
}

static void print_relay_device(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	fprintf(f, "%u", rules->relay_devices[i]);
}

/* Unknown addresses, as of a device that could not be set up, are 0.0.0.0, which no packet has.
 * "none" would be a host name to nft, which waits for DNS. */
static void print_address(FILE *f, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	fputs(address_is_set(address) ? address_format(address, text) : "0.0.0.0", f);
}

static void print_linux(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	print_address(f, &rules->linux_relays[i]);
}

static size_t redirect_count(const struct firewall_rules *rules)
{
	return rules->n_redirects;
}

static int64_t redirect_key(const struct firewall_rules *rules, size_t i)
{
	return rules->redirects[i].port;
}

static uint32_t redirect_relay(const struct firewall_rules *rules, size_t i)
{
	return ntohl(rules->redirects[i].relay.in.s_addr);
}

/* The port is first, as the list is sorted by it. */
static int64_t redirected_key(const struct firewall_rules *rules, size_t i)
{
	return (int64_t)rules->redirects[i].port << 32 | redirect_relay(rules, i);
}

static uint32_t redirect_discovery(const struct firewall_rules *rules, size_t i)
{
	return ntohl(rules->redirects[i].discovery.in.s_addr);
}

static uint32_t redirect_remote(const struct firewall_rules *rules, size_t i)
{
	return ntohl(rules->redirects[i].remote.in.s_addr);
}

static void print_redirect(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	fprintf(f, "%u", rules->redirects[i].port);
	if (key_only)
		return;
	fputs(" : ", f);
	print_address(f, &rules->redirects[i].relay);
}

static void print_redirected(FILE *f, const struct firewall_redirect *redirect,
			     const struct address *to, bool key_only)
{
	print_address(f, &redirect->relay);
	fprintf(f, " . %u", redirect->port);
	if (key_only)
		return;
	fputs(" : ", f);
	print_address(f, to);
}

static void print_discovery(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	print_redirected(f, &rules->redirects[i], &rules->redirects[i].discovery, key_only);
}

static void print_remote(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	print_redirected(f, &rules->redirects[i], &rules->redirects[i].remote, key_only);
}

static size_t previous_count(const struct firewall_rules *rules)
{
	return rules->n_previous_redirects;
}

static int64_t previous_key(const struct firewall_rules *rules, size_t i)
{
	return (int64_t)rules->previous_redirects[i].port << 32 |
	       ntohl(rules->previous_redirects[i].relay.in.s_addr);
}

static uint32_t previous_remote(const struct firewall_rules *rules, size_t i)
{
	return ntohl(rules->previous_redirects[i].remote.in.s_addr);
}

static void print_previous(FILE *f, const struct firewall_rules *rules, size_t i, bool key_only)
{
	print_redirected(f, &rules->previous_redirects[i], &rules->previous_redirects[i].remote,
			 key_only);
}

static bool has_ipv6(const struct firewall_redirect *redirects, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (redirects[i].relay.family == AF_INET6 ||
		    redirects[i].discovery.family == AF_INET6 ||
		    redirects[i].remote.family == AF_INET6)
			return true;
	return false;
}

/* All that the table ip can hold? */
static bool is_ipv4(const struct firewall_rules *rules)
{
	for (size_t i = 0; i < rules->n_linux_relays; i++)
		if (rules->linux_relays[i].family == AF_INET6)
			return false;
	return !has_ipv6(rules->redirects, rules->n_redirects) &&
	       !has_ipv6(rules->previous_redirects, rules->n_previous_redirects);
}

/* Does the source of received packets need rewriting? */
static bool has_redirected(const struct firewall_rules *rules)
{
	return rules->n_redirects > 0 || rules->n_previous_redirects > 0;
}

static const struct element_kind kinds[] = {
	{ "ports", gateway_count, gateway_key, gateway_strict, print_gateway },
	{ "ports", relay_count, relay_key, no_value, print_relay },
	{ "relay_devices", relay_count, relay_key, no_value, print_relay_device },
	{ "relay_ports", gateway_count, gateway_key, gateway_relay_port, print_relay_port },
	{ "gateways", gateway_count, gateway_key, no_value, print_port },
	{ "quoted", gateway_count, gateway_key, no_value, print_port },
	{ "linux_relays", linux_count, linux_key, no_value, print_linux },
	{ "redirects", redirect_count, redirect_key, redirect_relay, print_redirect },
	{ "discoveries", redirect_count, redirected_key, redirect_discovery, print_discovery },
	{ "remotes", redirect_count, redirected_key, redirect_remote, print_remote },
	{ "remotes", previous_count, previous_key, previous_remote, print_previous },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* One "verb element ..." command, begun with its first element. */
struct command {
	FILE *f;
	const char *verb, *set;
	bool begun;
};

static void put_element(struct command *command, const struct element_kind *kind,
			const struct firewall_rules *rules, size_t i, bool key_only)
{
	if (!command->begun)
		fprintf(command->f, "%s element ip " FIREWALL_TABLE " %s { ", command->verb,
			command->set);
	else
		fputs(", ", command->f);
	command->begun = true;
	kind->print(command->f, rules, i, key_only);
}

static void end_command(struct command *command)
{
	if (command->begun)
		fputs(" }\n", command->f);
}

/* Elements of a that b lacks, or has with another value. */
static void put_missing(FILE *f, const char *verb, const struct element_kind *kind,
			const struct firewall_rules *a, const struct firewall_rules *b)
{
	struct command command = { .f = f, .verb = verb, .set = kind->set };
	bool key_only = strcmp(verb, "delete") == 0;
	size_t i, j = 0;

	for (i = 0; i < kind->count(a); i++) {
		while (j < kind->count(b) && kind->key(b, j) < kind->key(a, i))
			j++;
		if (j < kind->count(b) && kind->key(b, j) == kind->key(a, i) &&
		    kind->value(b, j) == kind->value(a, i))
			continue;
		put_element(&command, kind, a, i, key_only);
	}
	end_command(&command);
}

static unsigned int queue_number(uint16_t base, unsigned int queue)
{
	return base + queue;
}

/* More that the packet must be: test. */
static void put_queued(FILE *f, const char *test, unsigned int type, unsigned int number)
{
	fprintf(f, "\t\t@th,64,8 %u%s queue flags bypass to %u\n", type, test, number);
}

/* The ports of the gateways again in "quoted", for lookups of raw bytes of ICMP errors. */
static void put_maps(FILE *f)
{
	fputs("\tset gateways {\n"
	      "\t\ttype inet_service\n"
	      "\t}\n"
	      "\tset quoted {\n"
	      "\t\ttypeof @th,224,16\n"
	      "\t}\n"
	      "\tmap ports {\n"
	      "\t\ttype inet_service : verdict\n"
	      "\t}\n"
	      "\tset relay_devices {\n"
	      "\t\ttype inet_service\n"
	      "\t}\n"
	      "\tmap relay_ports {\n"
	      "\t\ttype inet_service : inet_service\n"
	      "\t}\n"
	      "\tset linux_relays {\n"
	      "\t\ttype ipv4_addr\n"
	      "\t}\n"
	      "\tmap redirects {\n"
	      "\t\ttype inet_service : ipv4_addr\n"
	      "\t}\n"
	      "\tmap discoveries {\n"
	      "\t\ttype ipv4_addr . inet_service : ipv4_addr\n"
	      "\t}\n"
	      "\tmap remotes {\n"
	      "\t\ttype ipv4_addr . inet_service : ipv4_addr\n"
	      "\t}\n",
	      f);
}

/* NF_QUEUE with bypass goes on with the next hook, not the next rule, without a listener. So the
 * flags of a Query are cleared before, and the queue's number encodes them for amtd. The driver
 * treats G and L as reserved bits and refuses the Query; other bits are reserved indeed. */
static void put_query_chain(FILE *f, uint16_t queue_base, bool has_queue)
{
	unsigned int flags;

	fputs("\tchain query {\n", f);
	for (flags = 1; flags <= 3; flags++) {
		fprintf(f, "\t\t@th,64,16 0x%04x @th,72,8 set 0 udp checksum set 0",
			QUERY << 8 | flags);
		if (has_queue)
			fprintf(f, " queue flags bypass to %u",
				queue_number(queue_base, FIREWALL_QUEUE_QUERY + flags));
		fputs("\n", f);
	}
	if (has_queue)
		put_queued(f, "", QUERY, queue_number(queue_base, FIREWALL_QUEUE_QUERY));
	fputs("\t}\n", f);
}

static void put_gateway_chains(FILE *f, uint16_t queue_base, bool has_queue)
{
	put_query_chain(f, queue_base, has_queue);

	fputs("\tchain gateway {\n", f);
	if (has_queue)
		put_queued(f, "", ADVERTISEMENT,
			   queue_number(queue_base, FIREWALL_QUEUE_ADVERTISEMENT));
	fputs("\t\tgoto query\n\t}\n", f);

	fputs("\tchain gateway-strict {\n", f);
	if (has_queue)
		fprintf(f, "\t\t@th,64,8 %u queue to %u\n", ADVERTISEMENT,
			queue_number(queue_base, FIREWALL_QUEUE_ADVERTISEMENT_STRICT));
	else
		fprintf(f, "\t\t@th,64,8 %u drop\n", ADVERTISEMENT);
	fputs("\t\tgoto query\n\t}\n", f);
}

/* Memberships of gateways are only visible in these: the driver does not export them. Data has
 * another type. */
static void put_relay_chain(FILE *f, uint16_t queue_base, bool has_queue)
{
	fprintf(f,
		"\tchain relay {\n"
		"\t\t@th,64,16 0x%04x @th,72,8 set 0x80 udp checksum set 0\n",
		REQUEST_P);
	if (has_queue) {
		put_queued(f, "", UPDATE, queue_number(queue_base, FIREWALL_QUEUE_UPDATE));
		put_queued(f, "", TEARDOWN, queue_number(queue_base, FIREWALL_QUEUE_TEARDOWN));
	}
	fputs("\t}\n", f);
}

/* To an ICMP error about one of its Requests the driver answers with the next Request at once; the
 * fourth is its last, and then it discovers, every 5 s. It looks neither at the kind of the error
 * nor at addresses (amt_err_lookup() in drivers/net/amt.c, Linux 6.1), so all kinds that reach it
 * are queued to amtd: those that Linux gives to sockets (icmp_pointers[] in net/ipv4/icmp.c) and
 * that quote UDP from a gateway's port. Not from this host itself: that is a kick. What follows the
 * quoted IPv4 header is 8 bytes of UDP; with options, which are not amtd's, amtd finds it. */
static void put_errors(FILE *f, uint16_t queue_base)
{
	unsigned int number = queue_number(queue_base, FIREWALL_QUEUE_UNREACHABLE);

	fprintf(f,
		"\tchain quoted-udp {\n"
		"\t\t@th,64,8 != 0x45 queue flags bypass to %u\n"
		"\t\t@th,224,16 @quoted queue flags bypass to %u\n"
		"\t}\n"
		"\tchain errors {\n"
		"\t\t@th,136,8 17 @th,0,8 { 3, 4, 5, 11, 12 } iifname != \"lo\" goto quoted-udp\n"
		"\t}\n",
		number, number);
}

/* Priority mangle: after connection tracking, which must see the addresses on the wire, and before
 * the host's filter. */
static void put_input(FILE *f, bool gateways, bool relays, bool has_queue, uint16_t queue_base)
{
	if (gateways && has_queue)
		put_errors(f, queue_base);
	fputs("\tchain input {\n"
	      "\t\ttype filter hook input priority mangle; policy accept;\n",
	      f);
	if (gateways)
		fprintf(f,
			"\t\t@th,64,8 %u udp dport vmap @ports\n"
			"\t\t@th,64,8 %u udp dport vmap @ports\n",
			QUERY, ADVERTISEMENT);
	if (gateways && has_queue)
		fputs("\t\tip protocol icmp goto errors\n", f);
	if (relays)
		fprintf(f, "\t\t@th,64,16 0x%04x udp dport vmap @ports\n", REQUEST_P);
	if (relays && has_queue)
		fprintf(f,
			"\t\t@th,64,8 %u udp dport vmap @ports\n"
			"\t\t@th,64,8 %u udp dport vmap @ports\n",
			UPDATE, TEARDOWN);
	fputs("\t}\n", f);
}

/* After the queue and connection tracking, which see the addresses on the wire. Every packet pays
 * for these lookups, so the chain exists only while a tunnel is redirected. */
static void put_redirected(FILE *f)
{
	fprintf(f,
		"\tchain redirected {\n"
		"\t\ttype filter hook input priority mangle + 1; policy accept;\n"
		"\t\t@th,64,8 %u ip saddr set ip saddr . udp dport map @discoveries\n"
		"\t\tip saddr set ip saddr . udp dport map @remotes\n"
		"\t}\n",
		ADVERTISEMENT);
}

/* Priority raw: before connection tracking, for the same reason. What a gateway sends (Discovery
 * 1, Request 3, Update 5, Teardown 7) has bit 0 set and the higher ones clear, one inlined test;
 * data that a relay device sends (6) ends here. A port that is not in the map ends the rule there.
 */
static void put_sent(FILE *f, bool redirects)
{
	fputs("\tchain sent {\n", f);
	if (redirects)
		fprintf(f, "\t\tmeta mark != 0x%x ip daddr set udp sport map @redirects\n",
			FIREWALL_MARK);
	fprintf(f,
		"\t\t@th,64,16 0x%04x ip daddr != @linux_relays @th,72,8 set 0x01 udp checksum set 0\n"
		"\t}\n",
		REQUEST_P_DRIVER);
}

static void put_output(FILE *f, bool gateways, bool relays, uint16_t queue_base)
{
	fputs("\tchain output {\n"
	      "\t\ttype route hook output priority raw; policy accept;\n",
	      f);
	if (relays)
		put_queued(f, " udp sport @relay_devices", QUERY,
			   queue_number(queue_base, FIREWALL_QUEUE_RELAY_QUERY));
	if (gateways)
		fputs("\t\t@th,64,8 & 0xf9 1 udp dport set udp sport map @relay_ports goto sent\n",
		      f);
	fputs("\t}\n", f);
}

/* The nonces of Discovery 1 and Request 3, to which the driver binds the answers. A chain behind
 * the one that redirects: the kernel routes a packet anew at the end of a chain, but not one that
 * is queued there. Not amtd's own Request before a leave, which the Updates behind it must not
 * overtake. */
static void put_asked(FILE *f, uint16_t queue_base)
{
	fprintf(f,
		"\tchain asked {\n"
		"\t\ttype filter hook output priority raw + 1; policy accept;\n"
		"\t\t@th,64,8 & 0xfd 1 meta mark != 0x%x udp sport @gateways queue flags bypass to %u\n"
		"\t}\n",
		FIREWALL_MARK, queue_number(queue_base, FIREWALL_QUEUE_ASKED));
}

int firewall_rules_replace(const struct firewall_rules *rules, uint16_t queue_base, bool has_queue,
			   bool has_table6, char **ret)
{
	bool gateways = rules->n_gateways > 0, relays = rules->n_relay_devices > 0;
	static const struct firewall_rules none;
	size_t length, i;
	char *text;
	FILE *f;

	if (!is_ipv4(rules))
		return -EAFNOSUPPORT;
	f = open_memstream(&text, &length);
	if (!f)
		return -errno;

	/* "delete" alone fails without a table. */
	fputs("add table ip " FIREWALL_TABLE "\n"
	      "delete table ip " FIREWALL_TABLE "\n"
	      "table ip " FIREWALL_TABLE " {\n",
	      f);
	put_maps(f);
	put_gateway_chains(f, queue_base, has_queue);
	put_relay_chain(f, queue_base, has_queue);
	put_input(f, gateways, relays, has_queue, queue_base);
	if (gateways)
		put_sent(f, has_redirected(rules));
	if (gateways || (relays && has_queue))
		put_output(f, gateways, relays && has_queue, queue_base);
	if (gateways && has_queue)
		put_asked(f, queue_base);
	if (has_redirected(rules))
		put_redirected(f);
	firewall_ttl_put(f, rules);
	fputs("}\n", f);
	firewall_ttl_put6(f, rules, has_table6);
	for (i = 0; i < N_KINDS; i++)
		put_missing(f, "add", &kinds[i], rules, &none);

	if (fclose(f) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

static bool ttls_equal(const struct firewall_rules *a, const struct firewall_rules *b)
{
	if (a->n_ttls != b->n_ttls)
		return false;
	for (size_t i = 0; i < a->n_ttls; i++)
		if (a->ttls[i].ttl != b->ttls[i].ttl ||
		    strcmp(a->ttls[i].interface, b->ttls[i].interface) != 0)
			return false;
	return true;
}

int firewall_rules_difference(const struct firewall_rules *old, const struct firewall_rules *new,
			      char **ret)
{
	size_t length, i;
	char *text;
	FILE *f;

	if (!is_ipv4(new))
		return -EAFNOSUPPORT;
	if (!old->n_gateways != !new->n_gateways ||
	    !old->n_relay_devices != !new->n_relay_devices ||
	    has_redirected(old) != has_redirected(new) || !ttls_equal(old, new))
		return -ESTALE;

	f = open_memstream(&text, &length);
	if (!f)
		return -errno;
	/* Deletions first: a key may come back with another value, or move between kinds. */
	for (i = 0; i < N_KINDS; i++)
		put_missing(f, "delete", &kinds[i], old, new);
	for (i = 0; i < N_KINDS; i++)
		put_missing(f, "add", &kinds[i], new, old);
	if (fclose(f) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

static int copy_array(const void *from, size_t n, size_t size, void *ret_to)
{
	void *to = NULL;

	if (n > 0) {
		to = malloc(n * size);
		if (!to)
			return -ENOMEM;
		memcpy(to, from, n * size);
	}
	memcpy(ret_to, &to, sizeof(to));
	return 0;
}

int firewall_rules_copy(const struct firewall_rules *rules, struct firewall_rules *ret)
{
	struct firewall_rules copy = {
		.n_gateways = rules->n_gateways,
		.n_relay_devices = rules->n_relay_devices,
		.n_linux_relays = rules->n_linux_relays,
		.n_redirects = rules->n_redirects,
		.n_previous_redirects = rules->n_previous_redirects,
		.n_ttls = rules->n_ttls,
	};

	if (copy_array(rules->gateways, rules->n_gateways, sizeof(*rules->gateways),
		       &copy.gateways) < 0 ||
	    copy_array(rules->relay_devices, rules->n_relay_devices, sizeof(*rules->relay_devices),
		       &copy.relay_devices) < 0 ||
	    copy_array(rules->linux_relays, rules->n_linux_relays, sizeof(*rules->linux_relays),
		       &copy.linux_relays) < 0 ||
	    copy_array(rules->redirects, rules->n_redirects, sizeof(*rules->redirects),
		       &copy.redirects) < 0 ||
	    copy_array(rules->previous_redirects, rules->n_previous_redirects,
		       sizeof(*rules->previous_redirects), &copy.previous_redirects) < 0 ||
	    copy_array(rules->ttls, rules->n_ttls, sizeof(*rules->ttls), &copy.ttls) < 0) {
		firewall_rules_clear(&copy);
		return -ENOMEM;
	}
	*ret = copy;
	return 0;
}

void firewall_rules_clear(struct firewall_rules *rules)
{
	free(rules->gateways);
	free(rules->relay_devices);
	free(rules->linux_relays);
	free(rules->redirects);
	free(rules->previous_redirects);
	free(rules->ttls);
	*rules = (struct firewall_rules){};
}
