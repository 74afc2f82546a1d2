/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/groups.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>

#define LINE_MAX_LENGTH 256
#define READ_SIZE	65536

static bool is_routed4(const struct address *group)
{
	return (ntohl(group->in.s_addr) & 0xffffff00) != INADDR_UNSPEC_GROUP;
}

/* The scope, RFC 4291, 2.7: 1 interface-local, 2 link-local. */
static bool is_routed6(const struct address *group)
{
	uint8_t scope = group->in6.s6_addr[1] & 0x0f;

	return scope != 1 && scope != 2;
}

bool groups_is_routed(const struct address *group)
{
	return group->family == AF_INET ? is_routed4(group) : is_routed6(group);
}

/* A line for each interface, "2\teth0 : 1 V3", followed by one for each group, with the address as
 * a number in host byte order. */
bool groups_read4(FILE *file, groups_handler each, void *userdata)
{
	char line[LINE_MAX_LENGTH], device[IFNAMSIZ] = "";

	while (fgets(line, sizeof(line), file)) {
		struct address group = { .family = AF_INET };
		int index;

		if (line[0] != '\t') {
			if (sscanf(line, "%d %15s", &index, device) != 2)
				device[0] = '\0'; /* the heading */
			/* A long name has no blank before the colon. */
			device[strcspn(device, ":")] = '\0';
			continue;
		}
		if (device[0] == '\0' || sscanf(line, " %8x", &group.in.s_addr) != 1)
			continue;
		if (groups_is_routed(&group) && !each(device, &group, userdata))
			return false;
	}
	return true;
}

/* A line for each group: "2    eth0            ff02000000000000000000000000fb 1 00000004 0". */
bool groups_read6(FILE *file, groups_handler each, void *userdata)
{
	char line[LINE_MAX_LENGTH], device[IFNAMSIZ], text[33];

	while (fgets(line, sizeof(line), file)) {
		struct address group;
		int index;

		if (sscanf(line, "%d %15s %32s", &index, device, text) != 3 ||
		    address_parse_hex6(text, &group) < 0)
			continue;
		if (groups_is_routed(&group) && !each(device, &group, userdata))
			return false;
	}
	return true;
}

/* *ret NULL: the kernel has no such family. */
static int open_list(const char *path, FILE **ret)
{
	*ret = fopen(path, "re");
	if (!*ret)
		return errno == ENOENT ? 0 : -errno;
	/* The kernel returns at most a page at a time. */
	(void)setvbuf(*ret, NULL, _IOFBF, READ_SIZE);
	return 0;
}

int groups_list(groups_handler each, void *userdata)
{
	static const struct {
		const char *path;
		bool (*read)(FILE *file, groups_handler each, void *userdata);
	} files[] = {
		{ "/proc/net/igmp", groups_read4 },
		{ "/proc/net/igmp6", groups_read6 },
	};

	bool more = true;

	for (size_t i = 0; more && i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *file;
		int r = open_list(files[i].path, &file);

		if (r < 0)
			return r;
		if (!file)
			continue;
		more = files[i].read(file, each, userdata);
		fclose(file);
	}
	return 0;
}

/* "  2   eth0 0xe8010101 0xcb007102      1      0": the name is cut to 6 bytes, and of how many
 * sockets the group's filter includes the source, and excludes it. */
void groups_read_sources4(FILE *file, groups_source_handler each, void *userdata)
{
	char line[LINE_MAX_LENGTH];

	while (fgets(line, sizeof(line), file)) {
		struct address group = { .family = AF_INET }, source = group;
		unsigned long included;
		uint32_t g, s;
		int ifindex;

		if (sscanf(line, "%d %*s 0x%8x 0x%8x %lu", &ifindex, &g, &s, &included) != 4 ||
		    ifindex <= 0 || included == 0)
			continue;
		group.in.s_addr = htonl(g);
		source.in.s_addr = htonl(s);
		each(ifindex, &group, &source, userdata);
	}
}

/* The same with the addresses as 32 hexadecimal digits. */
void groups_read_sources6(FILE *file, groups_source_handler each, void *userdata)
{
	char line[LINE_MAX_LENGTH], group_text[33], source_text[33];

	while (fgets(line, sizeof(line), file)) {
		struct address group, source;
		unsigned long included;
		int ifindex;

		if (sscanf(line, "%d %*s %32s %32s %lu", &ifindex, group_text, source_text,
			   &included) != 4 ||
		    ifindex <= 0 || included == 0 || address_parse_hex6(group_text, &group) < 0 ||
		    address_parse_hex6(source_text, &source) < 0)
			continue;
		each(ifindex, &group, &source, userdata);
	}
}

int groups_list_sources(sa_family_t family, groups_source_handler each, void *userdata)
{
	const bool in6 = family == AF_INET6;
	FILE *file;
	int r;

	r = open_list(in6 ? "/proc/net/mcfilter6" : "/proc/net/mcfilter", &file);
	if (r < 0 || !file)
		return r;
	(in6 ? groups_read_sources6 : groups_read_sources4)(file, each, userdata);
	fclose(file);
	return 0;
}
