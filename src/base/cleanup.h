/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and descriptors freed at the end of their variable's scope; it must be initialized.
 */
#ifndef AMT_BASE_CLEANUP_H
#define AMT_BASE_CLEANUP_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_free_	__attribute__((cleanup(cleanup_free)))	/* NULL is fine */
#define _cleanup_close_ __attribute__((cleanup(cleanup_close))) /* so is a negative number */

/* Pass on ownership: returns the value, and sets the variable to NULL or -1. */
#define TAKE_FD(fd) cleanup_take_fd(&(fd))
#define TAKE(pointer)                               \
	({                                          \
		__typeof__(pointer) _p = (pointer); \
		(pointer) = NULL;                   \
		_p;                                 \
	})

static inline int cleanup_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void cleanup_free(void *variable)
{
	void *memory;

	/* The pointer may be of any type. */
	memcpy(&memory, variable, sizeof(memory));
	free(memory);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
