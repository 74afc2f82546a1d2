/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include "../become-root.h"
#include "base/file.h"
#include "input.h"

#include <err.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX (16 * 1024 * 1024)

static char root[64];

void host_enter(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (!become_root())
		err(1, "this needs root, or user namespaces");
	if (unshare(CLONE_NEWNET) < 0)
		err(1, "no network namespace");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		err(1, "lo");
	close(fd);
}

static void remove_root(void)
{
	char command[sizeof(root) + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	if (system(command) != 0)
		warnx("%s is left", root);
}

void host_make_root(void)
{
	static const char *const directories[] = { "/dev/shm", "/tmp" };

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		snprintf(root, sizeof(root), "%s/amtd-fuzz-XXXXXX", directories[i]);
		if (!mkdtemp(root))
			continue;
		if (setenv("AMTD_ROOT", root, 1) < 0 || atexit(remove_root) != 0)
			err(1, "%s", root);
		(void)unsetenv("NOTIFY_SOCKET");
		return;
	}
	err(1, "%s", root);
}

void host_write(const char *path, const void *data, size_t size)
{
	char full[PATH_MAX], *slash;

	REQUIRE(file_path(full, "%s", path) == 0);
	slash = strrchr(full, '/');
	*slash = '\0';
	REQUIRE(file_make_directory(full, 0755) == 0);
	*slash = '/';
	REQUIRE(file_write(full, data, size, 0644) == 0);
}

char *host_read(const char *path)
{
	char full[PATH_MAX], *text;
	size_t length;

	REQUIRE(file_path(full, "%s", path) == 0);
	return file_read(full, READ_MAX, &text, &length) < 0 ? NULL : text;
}
