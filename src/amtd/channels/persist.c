/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/channels/persist.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX  (64 * 1024 * 1024) /* bytes; a longer one is not amtd's */
#define OUTDATED    64		       /* lines allowed besides one for each channel */
#define LINE_LENGTH 256

static int record_path(char path[static PATH_MAX])
{
	return file_path(path, "/run/amt/channels");
}

static int format_line(char line[static LINE_LENGTH], const struct channel *channel)
{
	char text[CHANNEL_TEXT_MAX];

	return snprintf(line, LINE_LENGTH, "%s %s %s %u %" PRIu64 "\n",
			channel_format(&channel->key, text), channel->on ? channel->on->name : "-",
			channel->via ? channel->via->name : "-", channel->owners, channel->since);
}

/* Invalid lines are skipped: truncated ones, or another version's. */
static void load_line(struct channels *channels, const char *line)
{
	char text[CHANNEL_TEXT_MAX], on[IFNAMSIZ], via[IFNAMSIZ], valid[IFNAMSIZ];
	struct channel *channel;
	struct channel_key key;
	unsigned int owners;
	const char *why;
	uint64_t since;

	if (sscanf(line, "%91s %15s %15s %u %" SCNu64, text, on, via, &owners, &since) != 5 ||
	    channel_parse(text, &key, &why) < 0 || parse_ifname(on, valid) < 0 ||
	    parse_ifname(via, valid) < 0 || owners >= 1u << CHANNEL_OWNERS)
		return;
	if (strcmp(on, "-") == 0)
		on[0] = '\0';
	if (strcmp(via, "-") == 0)
		via[0] = '\0';
	if (owners == 0) {
		channel = channel_table_find(channels->table, &key, on);
		if (channel)
			channel_table_remove(channels->table, channel);
		return;
	}
	channel = channel_table_add(channels->table, &key, on, since);
	if (!channel)
		return;
	channel->owners = owners;
	(void)channel_table_set_via(channels->table, channel, via);
}

void persist_load(struct channels *channels)
{
	char path[PATH_MAX], *text, *save = NULL;
	size_t length;
	int r;

	r = record_path(path);
	if (r == 0)
		r = file_read(path, RECORD_MAX, &text, &length);
	if (r == -ENOENT)
		return;
	if (r < 0) {
		log_warning(path, "cannot be read: %s; channels have to be joined again",
			    strerror(-r));
		return;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		load_line(channels, line);
	free(text);
}

static void warn_unwritten(const char *path, int error)
{
	log_warning(path, "cannot be written: %s; channels will not survive a restart of amtd",
		    strerror(-error));
}

void persist_write(struct channels *channels)
{
	char path[PATH_MAX], line[LINE_LENGTH], *text = NULL;
	size_t length;
	FILE *stream;
	int r;

	r = record_path(path);
	stream = r == 0 ? open_memstream(&text, &length) : NULL;
	if (!stream)
		return;
	channels->record_lines = 0;
	for (const struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c)) {
		if (c->owners == 0)
			continue;
		format_line(line, c);
		fputs(line, stream);
		channels->record_lines++;
	}
	if (fclose(stream) != 0)
		r = -ENOMEM;
	else if (length == 0)
		r = unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	else
		r = file_write(path, text, length, 0644);
	free(text);
	if (r < 0)
		warn_unwritten(path, r);
}

void persist_append(struct channels *channels, const struct channel *channel)
{
	char path[PATH_MAX], line[LINE_LENGTH];
	off_t before;
	int fd, length, r;

	/* The last channel: the file is removed. */
	if (++channels->record_lines > 2 * channel_table_count(channels->table) + OUTDATED ||
	    (channel->owners == 0 && channel_table_count(channels->table) <= 1)) {
		persist_write(channels);
		return;
	}
	if (record_path(path) < 0)
		return;
	length = format_line(line, channel);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	before = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	r = fd < 0 ? -errno : write(fd, line, length) != length ? -EIO : 0;
	/* A partial line would corrupt the next one. */
	if (r == -EIO && before >= 0 && ftruncate(fd, before) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	if (r < 0)
		warn_unwritten(path, r);
}
