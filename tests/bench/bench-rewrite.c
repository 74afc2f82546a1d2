/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cost of parsing a Relay Advertisement and rewriting it in place, without the kernel.
 * usage: bench-rewrite [COUNT]
 *
 * Instructions: valgrind --tool=callgrind --toggle-collect=rewrite bench-rewrite COUNT
 */
#include "wire/message.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 11

static unsigned long allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	allocations++;
	return __libc_realloc(p, size);
}

/* 10.9.0.1:2268 > 10.0.0.2:61234, Relay Address 10.9.0.1, both checksums right. */
static const uint8_t advertisement[] = {
	0x45, 0x00, 0x00, 0x28, 0x00, 0x01, 0x00, 0x00, 0x40, 0x11, 0x66, 0xb8, 0x0a, 0x09,
	0x00, 0x01, 0x0a, 0x00, 0x00, 0x02, 0x08, 0xdc, 0xef, 0x32, 0x00, 0x14, 0x7b, 0x61,
	0x02, 0x00, 0x00, 0x00, 0x11, 0x22, 0x33, 0x44, 0x0a, 0x09, 0x00, 0x01,
};

/* By name for --toggle-collect. */
__attribute__((noinline)) size_t rewrite(uint8_t *data, size_t length, struct in_addr relay);

size_t rewrite(uint8_t *data, size_t length, struct in_addr relay)
{
	struct message message;
	struct packet packet;

	if (packet_parse(data, length, &packet) != PACKET_ERROR_NONE ||
	    message_parse(packet.payload, packet.payload_length, &message) != MESSAGE_ERROR_NONE ||
	    message.type != AMT_ADVERTISEMENT)
		return 0;
	return packet_set_relay(&packet, relay);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* The fastest of some rounds, so that other load on the machine does not count. */
static double best_round(unsigned long count)
{
	struct in_addr relays[] = { { htonl(0xc0000201) }, { htonl(0xc6336407) } };
	double best = 0, start, took;
	uint8_t packet[sizeof(advertisement)];
	unsigned long i, done;
	int round;

	memcpy(packet, advertisement, sizeof(packet));
	for (round = 0; round < ROUNDS; round++) {
		start = seconds();
		for (i = 0, done = 0; i < count; i++)
			done += rewrite(packet, sizeof(packet), relays[i % 2]) == sizeof(packet);
		took = seconds() - start;
		if (done != count)
			errx(1, "%lu of %lu were rewritten", done, count);
		if (round == 0 || took < best)
			best = took;
	}
	return best / count * 1e9;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, before, made;
	double nanoseconds;

	if (count == 0)
		errx(2, "usage: bench-rewrite [COUNT]");
	before = allocations;
	nanoseconds = best_round(count);
	made = allocations - before; /* before stdio allocates its own */
	printf("Advertisement parsed and rewritten\t%.1f\tns\t\n", nanoseconds);
	printf("  allocations in %lu of them\t%lu\t\t0\n", ROUNDS * count, made);
	return 0;
}
