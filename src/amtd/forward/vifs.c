/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/vifs.h"

#include "base/file.h"
#include "base/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_LENGTH 32
#define FILE_MAX    (MROUTE_INTERFACES * LINE_LENGTH)

static int vifs_path(char path[static PATH_MAX], const char *name)
{
	return file_path(path, "/run/amt/routing/%s", name);
}

int vifs_parse(const char *text, int ret[static MROUTE_INTERFACES])
{
	memset(ret, 0, MROUTE_INTERFACES * sizeof(*ret));
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		char line[LINE_LENGTH], *ifindex;
		uint32_t number, index;

		if (text[length] != '\n' || length >= sizeof(line))
			return -EINVAL;
		memcpy(line, text, length);
		line[length] = '\0';
		ifindex = strchr(line, ' ');
		if (!ifindex)
			return -EINVAL;
		*ifindex++ = '\0';
		if (parse_u32(line, 0, MROUTE_INTERFACES - 1, &number) < 0 ||
		    parse_u32(ifindex, 1, INT32_MAX, &index) < 0 || ret[number] != 0)
			return -EINVAL;
		for (int i = 0; i < MROUTE_INTERFACES; i++)
			if (ret[i] == (int)index)
				return -EINVAL;
		ret[number] = (int)index;
		text += length + 1;
	}
	return 0;
}

int vifs_load(const char *name, int ret[static MROUTE_INTERFACES])
{
	char path[PATH_MAX], *text;
	size_t length;
	int r;

	r = vifs_path(path, name);
	if (r == 0)
		r = file_read(path, FILE_MAX, &text, &length);
	if (r < 0)
		return r;
	r = strlen(text) == length ? vifs_parse(text, ret) : -EINVAL;
	free(text);
	return r;
}

int vifs_save(const char *name, const int interfaces[static MROUTE_INTERFACES])
{
	char path[PATH_MAX], text[FILE_MAX + 1];
	size_t length = 0;
	int r;

	for (int i = 0; i < MROUTE_INTERFACES; i++)
		if (interfaces[i] != 0)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%d %d\n",
						   i, interfaces[i]);
	r = file_path(path, "/run/amt/routing");
	if (r == 0)
		r = file_make_directory(path, 0700);
	if (r == 0)
		r = vifs_path(path, name);
	return r < 0 ? r : file_write(path, text, length, 0600);
}

void vifs_remove(const char *name)
{
	char path[PATH_MAX];

	if (vifs_path(path, name) == 0)
		(void)unlink(path);
}
