/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of interfaces in nft's language. Linux allows all bytes in them but NUL, '/', ':' and
 * blanks; to nft a '"' ends a string, '*' at its end matches any rest, and no escape stands for
 * either. So some names cannot be written, and nothing but these functions writes one.
 */
#ifndef AMT_KERNEL_NFT_NAME_H
#define AMT_KERNEL_NFT_NAME_H

#include <stdbool.h>
#include <stdio.h>

/* Means "name" in quotes that name, and no other? */
bool nft_name_valid(const char *name);

/* The name in quotes; it must be valid. */
void nft_put_name(FILE *f, const char *name);

/* An index (meta iif), not 0, which nft takes for no name of an interface. */
void nft_put_index(FILE *f, unsigned int ifindex);

#endif
