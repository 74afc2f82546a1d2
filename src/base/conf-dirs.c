/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories, drop-ins and masks, as systemd.netdev(5) has them. */
#include "base/array.h"
#include "base/cleanup.h"
#include "base/conf.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A file of one of the directories. */
struct entry {
	char *name, *path;
	size_t rank; /* the order in which it was found: of the same name the lowest counts */
	bool masked;
};

struct entries {
	struct entry *entry;
	size_t n, size;
};

static void __attribute__((format(printf, 3, 4)))
warn_file(const struct conf_handler *handler, const char *path, const char *format, ...)
{
	const struct conf_place place = { path, 0 };
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	handler->warning(&place, text, handler->userdata);
}

const char *const *conf_directories(void)
{
	static const char *const below[] = {
		"/etc/amt",
		"/run/amt",
		"/usr/local/lib/amt",
		"/usr/lib/amt",
	};
	static char *directories[ARRAY_SIZE(below) + 1];
	const char *root = file_root();
	size_t i, length = strlen(root);

	if (directories[0])
		return (const char *const *)directories;

	while (length > 0 && root[length - 1] == '/')
		length--;

	for (i = 0; i < ARRAY_SIZE(below); i++)
		if (asprintf(&directories[i], "%.*s%s", (int)length, root, below[i]) < 0) {
			directories[i] = NULL;
			break;
		}
	return (const char *const *)directories;
}

static void entries_deinit(struct entries *entries)
{
	size_t i;

	for (i = 0; i < entries->n; i++) {
		free(entries->entry[i].name);
		free(entries->entry[i].path);
	}
	free(entries->entry);
	*entries = (struct entries){ 0 };
}

/* Takes path. */
static int entries_add(struct entries *entries, const char *name, char *path, bool masked)
{
	_cleanup_free_ char *owned = path;
	struct entry *entry;

	if (!GROW(entries->entry, entries->n, entries->size))
		return -ENOMEM;
	entry = &entries->entry[entries->n];
	*entry = (struct entry){ strdup(name), path, entries->n, masked };
	if (!entry->name)
		return -ENOMEM;
	TAKE(owned);
	entries->n++;
	return 0;
}

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r;

	r = strcmp(x->name, y->name);
	return r != 0 ? r : x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Sort by name; of the same name keep the one found first. */
static void entries_settle(struct entries *entries)
{
	size_t i, n = 0;

	if (entries->n > 0)
		qsort(entries->entry, entries->n, sizeof(*entries->entry), entry_compare);

	for (i = 0; i < entries->n; i++)
		if (n > 0 && strcmp(entries->entry[n - 1].name, entries->entry[i].name) == 0) {
			free(entries->entry[i].name);
			free(entries->entry[i].path);
		} else {
			entries->entry[n++] = entries->entry[i];
		}
	entries->n = n;
}

static const char *kind_string(mode_t mode)
{
	return S_ISDIR(mode)	? "a directory"
	       : S_ISFIFO(mode) ? "a FIFO"
	       : S_ISSOCK(mode) ? "a socket"
				: "a device";
}

/* 1: to be read; 0: a mask; negative: neither, warned. Opens nothing: that of a device has effects,
 * that of a FIFO may block. */
static int examine(int dir_fd, const char *name, const char *path,
		   const struct conf_handler *handler)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, 0) < 0) {
		int error = errno;

		if (error != ENOENT)
			warn_file(handler, path, "cannot be examined, skipped: %s",
				  strerror(error));
		else if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			warn_file(handler, path,
				  "dangling link, skipped; link to /dev/null to mask");
		return -error;
	}
	if (S_ISREG(st.st_mode))
		return st.st_size > 0;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) /* /dev/null */
		return 0;

	warn_file(handler, path, "%s, skipped; put a regular file there", kind_string(st.st_mode));
	return -EINVAL;
}

/* ".a.amt" and ".#a.amt" are hidden; backup files end in something else, like "a.amt~". */
static bool name_fits(const char *name, const char *suffix)
{
	size_t length = strlen(name), n = strlen(suffix);

	return name[0] != '.' && length > n && strcmp(name + length - n, suffix) == 0;
}

static int scan_open(DIR *dir, const char *directory, const char *suffix,
		     const struct conf_handler *handler, struct entries *entries)
{
	struct dirent *dirent;
	size_t n = 0;
	char *path;
	int r;

	for (errno = 0; (dirent = readdir(dir)); errno = 0) {
		if (!name_fits(dirent->d_name, suffix))
			continue;
		if (++n > CONF_DIRECTORY_MAX) {
			warn_file(handler, directory, "more than %d files, the others are skipped",
				  CONF_DIRECTORY_MAX);
			return 0;
		}
		if (asprintf(&path, "%s/%s", directory, dirent->d_name) < 0)
			return -ENOMEM;

		r = examine(dirfd(dir), dirent->d_name, path, handler);
		if (r < 0) {
			free(path);
			continue;
		}
		r = entries_add(entries, dirent->d_name, path, r == 0);
		if (r < 0)
			return r;
	}
	if (errno != 0)
		warn_file(handler, directory, "cannot be read completely: %s", strerror(errno));
	return 0;
}

/* Add the files NAME<suffix> of the directory; a missing one is empty, also when its parent is not
 * a directory, which is warned about there. */
static int scan(const char *directory, const char *suffix, const struct conf_handler *handler,
		struct entries *entries)
{
	struct stat st;
	DIR *dir;
	int r;

	dir = opendir(directory);
	if (!dir) {
		r = -errno;
		if (r == -ENOMEM)
			return r;
		if (r == -ENOENT || (r == -ENOTDIR && lstat(directory, &st) < 0))
			return 0;
		warn_file(handler, directory, "cannot be read, skipped: %s", strerror(-r));
		return 0;
	}

	r = scan_open(dir, directory, suffix, handler, entries);
	closedir(dir);
	return r;
}

/* The drop-ins of the unit, without those that are masked, settled. */
static int find_dropins(const char *const *directories, const char *name,
			const struct conf_handler *handler, struct entries *ret)
{
	struct entries entries = { 0 };
	char *path;
	int r = 0;

	for (; *directories && r >= 0; directories++) {
		if (asprintf(&path, "%s/%s.d", *directories, name) < 0) {
			r = -ENOMEM;
			break;
		}
		r = scan(path, ".conf", handler, &entries);
		free(path);
	}
	if (r < 0) {
		entries_deinit(&entries);
		return r;
	}

	entries_settle(&entries);
	*ret = entries;
	return 0;
}

/* Takes name and path of main. */
static int unit_init(struct conf_unit *unit, struct entry *main, const char *const *directories,
		     const struct conf_handler *handler)
{
	struct entries dropins = { 0 };
	size_t i;
	int r;

	if (!main->masked) {
		r = find_dropins(directories, main->name, handler, &dropins);
		if (r < 0)
			return r;
	}

	unit->pieces = calloc(dropins.n + 1, sizeof(*unit->pieces));
	if (!unit->pieces) {
		entries_deinit(&dropins);
		return -ENOMEM;
	}

	unit->name = main->name;
	unit->masked = main->masked;
	unit->pieces[unit->n_pieces++] = main->path;
	main->name = main->path = NULL;
	for (i = 0; i < dropins.n; i++)
		if (!dropins.entry[i].masked) {
			unit->pieces[unit->n_pieces++] = dropins.entry[i].path;
			dropins.entry[i].path = NULL;
		}
	entries_deinit(&dropins);
	return 0;
}

int conf_find(const char *const *directories, const char *suffix,
	      const struct conf_handler *handler, struct conf_unit **ret_units, size_t *ret_n)
{
	struct entries entries = { 0 };
	struct conf_unit *units = NULL;
	size_t i, n = 0;
	int r = 0;

	for (i = 0; directories[i] && r >= 0; i++)
		r = scan(directories[i], suffix, handler, &entries);
	if (r < 0)
		goto out;

	entries_settle(&entries);
	units = calloc(entries.n + 1, sizeof(*units));
	if (!units) {
		r = -ENOMEM;
		goto out;
	}
	for (; n < entries.n && r >= 0; n++)
		r = unit_init(&units[n], &entries.entry[n], directories, handler);
	if (r < 0)
		goto out;

	*ret_units = units;
	*ret_n = n;
	units = NULL;
out:
	conf_units_free(units, n);
	entries_deinit(&entries);
	return r;
}

void conf_units_free(struct conf_unit *units, size_t n)
{
	size_t i, j;

	for (i = 0; units && i < n; i++) {
		for (j = 0; j < units[i].n_pieces; j++)
			free(units[i].pieces[j]);
		free(units[i].pieces);
		free(units[i].name);
	}
	free(units);
}

/* The first size bytes of the file, fewer when it has become shorter. */
static int read_bytes(int fd, size_t size, char **ret, size_t *ret_length)
{
	_cleanup_free_ char *text = malloc(size + 1);
	size_t length = 0;
	ssize_t n;

	if (!text)
		return -ENOMEM;

	do {
		n = read(fd, text + length, size - length);
		if (n > 0)
			length += (size_t)n;
	} while ((n > 0 && length < size) || (n < 0 && errno == EINTR));
	if (n < 0)
		return -errno;
	*ret = TAKE(text);
	*ret_length = length;
	return 0;
}

/* One more byte than CONF_FILE_MAX is enough for conf_parse_text() to refuse it. */
static int read_regular(const char *path, char **ret, size_t *ret_length)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	/* It was a regular file when it was found; should it have become something else since, do
	 * not block. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ESTALE;
	return read_bytes(fd, st.st_size > CONF_FILE_MAX ? CONF_FILE_MAX + 1 : (size_t)st.st_size,
			  ret, ret_length);
}

int conf_parse_unit(const struct conf_unit *unit, const struct conf_handler *handler)
{
	unsigned int section_number = 0;
	size_t i, length = 0;
	char *text = NULL;
	int r = 0;

	if (unit->masked)
		return 0;

	for (i = 0; i < unit->n_pieces && r >= 0; i++) {
		r = read_regular(unit->pieces[i], &text, &length);
		if (r < 0) {
			warn_file(handler, unit->pieces[i], "cannot be read: %s%s", strerror(-r),
				  r == -EACCES ? "; the user that amtd runs as must be able to"
					       : "");
			return r;
		}
		r = conf_parse_text(unit->pieces[i], text, length, &section_number, handler);
		free(text);
	}
	return r;
}
