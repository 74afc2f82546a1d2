/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below amtd's root: $AMTD_ROOT, or the host's.
 */
#ifndef AMT_BASE_FILE_H
#define AMT_BASE_FILE_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

/* The root, without a slash at its end; "" for the host's. Lives for the process. */
const char *file_root(void);

/* Root and path into buf, shortened never: -ENAMETOOLONG. */
int file_path(char buf[static PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* mkdir -p below the root. */
int file_make_directory(const char *path, mode_t mode);

/* Replace the file by text: written beside it, synced not (it lies in /run), and renamed, so that
 * a reader sees the old file or the new one, never a part. */
int file_write(const char *path, const char *text, size_t length, mode_t mode);

/* All of the file, NUL-terminated; free(*ret). -EFBIG when longer than max bytes. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_length);

#endif
