/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host for fuzz targets that do I/O: an empty network namespace with loopback up, and a directory
 * in memory for AMTD_ROOT. Whoever is not root gets a user namespace; where there is none, the
 * target ends at once.
 */
#ifndef TESTS_FUZZ_HOST_H
#define TESTS_FUZZ_HOST_H

#include <stddef.h>
#include <stdint.h>

/* Both once, from LLVMFuzzerInitialize(). */
void host_enter(void);
void host_make_root(void);

/* path is below the root; its directory is made. */
void host_write(const char *path, const void *data, size_t size);
/* A string, free() it; NULL: there is no such file. */
char *host_read(const char *path);

int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
