/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *file_root(void)
{
	const char *root = getenv("AMTD_ROOT");

	return root && strcmp(root, "/") != 0 ? root : "";
}

int file_path(char buf[static PATH_MAX], const char *format, ...)
{
	va_list arguments;
	int head, tail;

	head = snprintf(buf, PATH_MAX, "%s", file_root());
	if (head < 0 || head >= PATH_MAX)
		return -ENAMETOOLONG;
	va_start(arguments, format);
	tail = vsnprintf(buf + head, PATH_MAX - head, format, arguments);
	va_end(arguments);
	return tail < 0 || head + tail >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int file_make_directory(const char *path, mode_t mode)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		length -= n;
	}
	return 0;
}

int file_write(const char *path, const char *text, size_t length, mode_t mode)
{
	char temporary[PATH_MAX];
	int fd, r;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fchmod(fd, mode) < 0 ? -errno : 0;
	if (r == 0)
		r = write_all(fd, text, length);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r;
}

#define READ_FIRST 4096 /* bytes; a file in /proc has no size */

int file_read(const char *path, size_t max, char **ret, size_t *ret_length)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	size_t length = 0, size = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0) {
		if (length + 1 >= size) { /* room for a byte, and the end of the string */
			char *grown;

			size = size > 0 ? 2 * size : READ_FIRST;
			grown = realloc(text, size);
			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		n = read(fd, text + length, size - length - 1);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			length += n;
		if (length > max)
			return -EFBIG;
	}
	if (n < 0)
		return -errno;
	text[length] = '\0';
	*ret = TAKE(text);
	*ret_length = length;
	return 0;
}
