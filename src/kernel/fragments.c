/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/fragments.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LENGTH 4096

/* The value in the line below the one that has the name at the same place. */
static uint64_t find_value(const char *names, const char *values, const char *name)
{
	const size_t length = strlen(name);

	while (*names != '\0' && *values != '\0') {
		size_t n = strcspn(names, " \n"), m = strcspn(values, " \n");

		if (n == length && memcmp(names, name, n) == 0)
			return strtoull(values, NULL, 10);
		names += n + strspn(names + n, " \n");
		values += m + strspn(values + m, " \n");
	}
	return 0;
}

/* Two lines a protocol, "Ip: Forwarding DefaultTTL ...", "Ip: 1 64 ...". */
int fragments_parse(FILE *file, struct fragments *ret)
{
	char names[LINE_MAX_LENGTH], values[LINE_MAX_LENGTH];

	while (fgets(names, sizeof(names), file) && fgets(values, sizeof(values), file)) {
		if (strncmp(names, "Ip: ", 4) != 0)
			continue;
		ret->fails = find_value(names, values, "FragFails");
		ret->reasm_fails = find_value(names, values, "ReasmFails");
		return 0;
	}
	return -EBADMSG;
}

int fragments_read(struct fragments *ret)
{
	FILE *file = fopen("/proc/net/snmp", "re");
	int r;

	*ret = (struct fragments){ 0 };
	if (!file)
		return -errno;
	r = fragments_parse(file, ret);
	fclose(file);
	return r;
}

uint64_t fragments_fails6(const char *name)
{
	char path[sizeof("/proc/net/dev_snmp6/") + IF_NAMESIZE], line[LINE_MAX_LENGTH];
	uint64_t fails = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/net/dev_snmp6/%s", name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file) &&
	       sscanf(line, "Ip6FragFails %" SCNu64, &fails) != 1)
		;
	fclose(file);
	return fails;
}
