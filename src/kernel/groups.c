/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <amt/groups.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>

#define LINE_MAX_LENGTH 256
#define READ_SIZE	65536

/* A line for each interface, "2\teth0      :     1      V3", and behind it one for each group, in
 * which the address is the number that its bytes make on this machine. */
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
		if ((ntohl(group.in.s_addr) & 0xffffff00) != INADDR_UNSPEC_GROUP &&
		    !each(device, &group, userdata))
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
		/* the scope, RFC 4291, 2.7: 1 interface-local, 2 link-local */
		if (text[3] != '1' && text[3] != '2' && !each(device, &group, userdata))
			return false;
	}
	return true;
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
		FILE *file = fopen(files[i].path, "re");

		if (!file && errno == ENOENT)
			continue;
		if (!file)
			return -errno;
		/* As much at a time as the kernel gives: a page. */
		(void)setvbuf(file, NULL, _IOFBF, READ_SIZE);
		more = files[i].read(file, each, userdata);
		fclose(file);
	}
	return 0;
}
