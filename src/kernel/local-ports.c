/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/local-ports.h"

#include "base/file.h"
#include "wire/message.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The reserved ones are at most 65,536 numbers, and services of 64 KiB would be many. */
#define FILE_SIZE_MAX (512 * 1024)

/* net/ipv4/af_inet.c, Linux 6.1 */
#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_LAST	60999

static void refuse(struct local_ports *ports, unsigned long first, unsigned long last)
{
	for (unsigned long port = first; port <= last && port <= UINT16_MAX; port++)
		ports->refused[port / 64] |= UINT64_C(1) << port % 64;
}

/* "1,2-4,10-10" */
static void refuse_reserved(struct local_ports *ports, const char *text)
{
	unsigned long first, last;
	char *end;

	while (*text >= '0' && *text <= '9') {
		first = last = strtoul(text, &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		refuse(ports, first, last);
		text = end + (*end == ',');
	}
}

/* "NAME PORT/PROTOCOL ALIAS... # COMMENT" */
static void refuse_services(struct local_ports *ports, const char *text)
{
	unsigned int port;
	char protocol[4];

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (sscanf(text, "%*[^ \t\n#] %5u/%3s", &port, protocol) == 2 &&
		    strcmp(protocol, "udp") == 0)
			refuse(ports, port, port);
	}
}

void local_ports_fill(struct local_ports *ret, const char *range, const char *reserved,
		      const char *services)
{
	unsigned int first, last;

	*ret = (struct local_ports){ .ephemeral_first = EPHEMERAL_FIRST,
				     .ephemeral_last = EPHEMERAL_LAST };
	if (range && sscanf(range, "%u %u", &first, &last) == 2 && first <= last &&
	    last <= UINT16_MAX) {
		ret->ephemeral_first = first;
		ret->ephemeral_last = last;
	}
	refuse(ret, 0, LOCAL_PORTS_FIRST - 1);
	refuse(ret, AMT_PORT, AMT_PORT);
	if (reserved)
		refuse_reserved(ret, reserved);
	if (services)
		refuse_services(ret, services);
	for (unsigned int port = 0; port <= UINT16_MAX; port++)
		ret->n_lasting += local_ports_usable(ret, port, false);
}

static char *read_text(const char *path)
{
	size_t length;
	char *text;

	return file_read(path, FILE_SIZE_MAX, &text, &length) < 0 ? NULL : text;
}

void local_ports_read(struct local_ports *ret)
{
	char *range = read_text("/proc/sys/net/ipv4/ip_local_port_range");
	char *reserved = read_text("/proc/sys/net/ipv4/ip_local_reserved_ports");
	char *services = read_text("/etc/services");

	local_ports_fill(ret, range, reserved, services);
	free(range);
	free(reserved);
	free(services);
}

bool local_ports_usable(const struct local_ports *ports, uint16_t port, bool ephemeral)
{
	if (ports->refused[port / 64] >> port % 64 & 1)
		return false;
	return ephemeral || port < ports->ephemeral_first || port > ports->ephemeral_last;
}

/* The kernel judges: a bind without SO_REUSEADDR conflicts with any other of the port. */
bool local_ports_bound(uint16_t port)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool bound = false;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !bound; i++) {
		int fd = socket(AF_INET, types[i] | SOCK_CLOEXEC, 0);

		if (fd < 0)
			continue;
		bound = bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 &&
			errno == EADDRINUSE;
		close(fd);
	}
	return bound;
}
