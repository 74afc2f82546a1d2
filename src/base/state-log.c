/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/state-log.h"

#include "base/array.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Outdated bytes that a file may have, besides as many as are not. */
#define OUTDATED (64 * 1024)

struct state_log {
	char path[PATH_MAX];
	int fd;		     /* -1: none */
	size_t bytes, fresh; /* of the file: now, and after it was written anew */
	char *former;	     /* as it was before, a string a line */
	char **lines;	     /* the ones that count, in order */
	size_t n_lines;
	FILE *stream;
	char *text;
	size_t length;
};

struct line {
	char *text;
	size_t key, number;
};

/* Bytes of the first two words. */
static size_t key_length(const char *line)
{
	const char *second = strchr(line, ' ');

	return second ? (size_t)(second + 1 - line) + strcspn(second + 1, " ") : strlen(line);
}

static int compare_keys(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	const size_t shorter = x->key < y->key ? x->key : y->key;
	int order = memcmp(x->text, y->text, shorter);

	if (order == 0)
		order = (x->key > y->key) - (x->key < y->key);
	return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

static int compare_numbers(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* The text of a partial write has no newline, and is left out. */
static int split_lines(struct state_log *log)
{
	struct line *lines = NULL;
	size_t n = 0, room = 0, kept = 0;

	for (char *text = log->former, *end; (end = strchr(text, '\n')); text = end + 1) {
		*end = '\0';
		if (!GROW(lines, n, room)) {
			free(lines);
			return -ENOMEM;
		}
		lines[n] = (struct line){ .text = text, .key = key_length(text), .number = n };
		n++;
	}
	log->lines = calloc(n + 1, sizeof(*log->lines));
	if (!log->lines) {
		free(lines);
		return -ENOMEM;
	}
	if (n > 0)
		qsort(lines, n, sizeof(*lines), compare_keys);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || lines[i].key != lines[i + 1].key ||
		    memcmp(lines[i].text, lines[i + 1].text, lines[i].key) != 0)
			lines[kept++] = lines[i];
	if (kept > 0)
		qsort(lines, kept, sizeof(*lines), compare_numbers);
	for (size_t i = 0; i < kept; i++)
		log->lines[i] = lines[i].text;
	log->n_lines = kept;
	free(lines);
	return 0;
}

static void forget_former(struct state_log *log)
{
	free(log->former);
	free(log->lines);
	log->former = NULL;
	log->lines = NULL;
	log->n_lines = 0;
}

static int open_file(struct state_log *log)
{
	struct stat status;

	if (log->fd >= 0)
		close(log->fd);
	log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log->fd < 0 || fstat(log->fd, &status) < 0)
		return -errno;
	log->bytes = (size_t)status.st_size;
	return 0;
}

int state_log_open(const char *directory, const char *name, struct state_log **ret)
{
	struct state_log *log = calloc(1, sizeof(*log));
	size_t length;
	int r;

	if (!log)
		return -ENOMEM;
	log->fd = -1;
	r = file_path(log->path, "%s", directory);
	if (r == 0)
		r = file_make_directory(log->path, 0700);
	if (r == 0)
		r = file_path(log->path, "%s/%s", directory, name);
	if (r == 0)
		r = file_read(log->path, STATE_LOG_MAX, &log->former, &length);
	if (r == 0)
		r = split_lines(log);
	else if (r == -ENOENT)
		r = 0;
	if (r == 0)
		r = open_file(log);
	if (r < 0) {
		state_log_close(log, false);
		return r;
	}
	log->fresh = log->bytes;
	*ret = log;
	return 0;
}

void state_log_close(struct state_log *log, bool remove)
{
	if (!log)
		return;
	if (remove)
		(void)unlink(log->path);
	if (log->fd >= 0)
		close(log->fd);
	forget_former(log);
	free(log);
}

void state_log_each(struct state_log *log, void (*call)(const char *line, void *userdata),
		    void *userdata)
{
	for (size_t i = 0; i < log->n_lines; i++)
		call(log->lines[i], userdata);
}

FILE *state_log_begin(struct state_log *log)
{
	log->stream = open_memstream(&log->text, &log->length);
	return log->stream;
}

int state_log_end(struct state_log *log)
{
	ssize_t n;
	int r = 0;

	if (fclose(log->stream) != 0) {
		free(log->text);
		return -ENOMEM;
	}
	n = write(log->fd, log->text, log->length);
	if (n < 0)
		r = -errno;
	else if ((size_t)n < log->length) /* the rest would spoil the next line */
		r = ftruncate(log->fd, (off_t)log->bytes) < 0 ? -errno : -ENOSPC;
	else
		log->bytes += log->length;
	free(log->text);
	if (r < 0)
		return r;
	return log->bytes > 2 * log->fresh + OUTDATED;
}

int state_log_rewrite(struct state_log *log, void (*write)(FILE *stream, void *userdata),
		      void *userdata)
{
	char *text = NULL;
	size_t length;
	FILE *stream;
	int r;

	stream = open_memstream(&text, &length);
	if (!stream)
		return -ENOMEM;
	write(stream, userdata);
	if (fclose(stream) != 0) {
		free(text);
		return -ENOMEM;
	}
	r = file_write(log->path, text, length, 0600);
	free(text);
	if (r == 0)
		r = open_file(log);
	if (r == 0) {
		log->fresh = log->bytes;
		forget_former(log);
	}
	return r;
}
