/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft commands, through libnftables.
 */
#ifndef AMT_KERNEL_NFT_H
#define AMT_KERNEL_NFT_H

struct nft_ctx;

/* One transaction. ctx: one that keeps its netlink socket, from nft_open(); NULL: one for this run,
 * whose cache of the ruleset is freed with it. 0 or negative errno; on failure *ret_error (free()
 * it) is nft's error text, unless out of memory. */
int nft_run(struct nft_ctx *ctx, const char *commands, char **ret_error);

struct nft_ctx *nft_open(void);	     /* NULL: out of memory, or no netlink socket */
void nft_close(struct nft_ctx *ctx); /* NULL is fine */

#endif
