/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon-dns.h"

#include "addresses.h"
#include "daemon-world.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER	    "192.0.2.1"
#define MESSAGE_MAX 512
#define HEADER	    12
#define RECORDS_MAX 8

static struct {
	int fd;
	struct {
		char name[64]; /* of the question, with dots */
		struct address relay;
	} records[RECORDS_MAX];
	size_t n;
} dns;

/* The name of the question in text; where its type is. 0: malformed. */
static size_t read_name(const uint8_t *message, size_t length, char name[static 256])
{
	size_t at = HEADER, n = 0;

	while (at < length && message[at] != 0) {
		const size_t label = message[at++];

		if (label > 63 || at + label > length || n + label + 2 > 256)
			return 0;
		memcpy(name + n, message + at, label);
		n += label;
		name[n++] = '.';
		at += label;
	}
	name[n] = '\0';
	return at + 5 <= length ? at + 1 : 0;
}

/* RFC 1035, 4.1, and RFC 8777, 4.2: precedence 10, D 0, type 1. With all relays of the name. */
static size_t answer(uint8_t *message, size_t question, const char *name)
{
	const uint8_t record[] = { 0xc0, HEADER, 260 >> 8, 260 & 0xff, 0, 1,  0,
				   0,	 0,	 60,	   0,	       6, 10, 1 };
	const uint8_t *type = message + question - 4;
	const bool asked = type[0] == 260 >> 8 && type[1] == (260 & 0xff);
	size_t length = question;
	uint8_t n = 0;

	for (size_t i = 0; asked && i < dns.n; i++) {
		if (strcasecmp(dns.records[i].name, name) != 0)
			continue;
		memcpy(message + length, record, sizeof(record));
		length += sizeof(record);
		memcpy(message + length, &dns.records[i].relay.in, 4);
		length += 4;
		n++;
	}
	message[2] = 0x84 | (message[2] & 1);
	message[3] = n > 0 ? 0x80 : 0x83; /* NXDOMAIN */
	memset(message + 6, 0, 6);
	message[7] = n;
	return length;
}

static void serve(void *userdata)
{
	uint8_t message[MESSAGE_MAX];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	char name[256];
	ssize_t n;

	while ((n = recvfrom(dns.fd, message, MESSAGE_MAX - 32 * RECORDS_MAX, MSG_DONTWAIT,
			     (struct sockaddr *)&from, &size)) > HEADER) {
		size_t type = read_name(message, (size_t)n, name);

		if (type == 0)
			continue;
		n = (ssize_t)answer(message, type + 4, name);
		(void)sendto(dns.fd, message, (size_t)n, 0, (struct sockaddr *)&from, size);
		size = sizeof(from);
	}
}

void dns_open(void)
{
	const struct sockaddr_in own = { .sin_family = AF_INET,
					 .sin_port = htons(53),
					 .sin_addr = address_of(SERVER).in };

	memset(&dns, 0, sizeof(dns));
	dns.fd = world_peer_socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(dns.fd, (const struct sockaddr *)&own, sizeof(own)) < 0)
		err(1, "bind to port 53");
	world_each_turn(serve, &dns);
}

void dns_close(void)
{
	world_no_turn(&dns);
	close(dns.fd);
}

void dns_add(const char *source, const char *relay)
{
	unsigned int a, b, c, d;

	assert_true(dns.n < RECORDS_MAX);
	assert_int_equal(sscanf(source, "%u.%u.%u.%u", &a, &b, &c, &d), 4);
	snprintf(dns.records[dns.n].name, sizeof(dns.records[dns.n].name),
		 "%u.%u.%u.%u.in-addr.arpa.", d, c, b, a);
	dns.records[dns.n++].relay = address_of(relay);
}
