/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sysctl.h"

#include "base/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *prefix;
	const char *directory;
} places[] = {
	/* the longer prefix first */
	{ "ipv4.neigh.", "ipv4/neigh" },
	{ "ipv6.neigh.", "ipv6/neigh" },
	{ "ipv4.", "ipv4/conf" },
	{ "ipv6.", "ipv6/conf" },
};

/* The directory for the key and, behind its prefix, the name; NULL when the key is not valid. */
static const char *split_key(const char *key, const char **ret_name)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t length = strlen(places[i].prefix);
		const char *name = key + length;

		if (strncmp(key, places[i].prefix, length) != 0)
			continue;
		if (*name == '\0' ||
		    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
			return NULL;
		*ret_name = name;
		return places[i].directory;
	}
	return NULL;
}

bool sysctl_key_valid(const char *key)
{
	const char *name;

	return strlen(key) < SYSCTL_KEY_MAX && split_key(key, &name);
}

static int open_sysctl(const char *device, const char *key, int flags)
{
	const char *directory, *name;
	char path[PATH_MAX], valid[IFNAMSIZ];
	int fd;

	directory = split_key(key, &name);
	/* Not "..", and not "all", which are directories, too. */
	if (!directory || parse_ifname(device, valid) < 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/sys/net/%s/%s/%s", directory, device, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_read(const char *device, const char *key, char ret[static SYSCTL_VALUE_MAX])
{
	char value[SYSCTL_VALUE_MAX];
	ssize_t n;
	int fd;

	fd = open_sysctl(device, key, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read(fd, value, sizeof(value) - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	strcpy(ret, value);
	return 0;
}

int sysctl_write(const char *device, const char *key, const char *value)
{
	int fd, r = 0;

	fd = open_sysctl(device, key, O_WRONLY);
	if (fd < 0)
		return fd;
	if (write(fd, value, strlen(value)) < 0)
		r = -errno;
	close(fd);
	return r;
}
