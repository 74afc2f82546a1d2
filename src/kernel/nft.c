/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* libnftables gives no errno, only strerror()'s text. */
static int error_to_errno(const char *error_text)
{
	static const int errors[] = { EPERM,  ENOENT, ENOMEM,	  EBUSY,  EEXIST, EINVAL,
				      ENOSPC, EMFILE, EOPNOTSUPP, EAGAIN, ENFILE, EAFNOSUPPORT };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strstr(error_text, strerror(errors[i])))
			return -errors[i];
	return -EIO;
}

/* The first line says what and why, "/dev/stdin:3:1-8: Error: Could not process rule: ..."; the
 * rest quotes the commands, which the user never saw. */
static int take_error(struct nft_ctx *ctx, char **ret_error)
{
	const char *text = nft_ctx_get_error_buffer(ctx), *start;
	char *error_text;
	int r;

	start = text ? strstr(text, "Error: ") : NULL;
	start = start ? start + strlen("Error: ") : text && *text ? text : "no error text from nft";
	error_text = strndup(start, strcspn(start, "\n"));
	if (!error_text)
		return -ENOMEM;

	r = error_to_errno(error_text);
	*ret_error = error_text;
	return r;
}

struct nft_ctx *nft_open(void)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);

	if (!ctx)
		return NULL;
	nft_ctx_buffer_error(ctx);
	nft_ctx_buffer_output(ctx);
	return ctx;
}

void nft_close(struct nft_ctx *ctx)
{
	if (ctx)
		nft_ctx_free(ctx);
}

int nft_run(struct nft_ctx *ctx, const char *commands, char **ret_error)
{
	struct nft_ctx *own = ctx ? NULL : nft_open();
	int r = 0;

	ctx = ctx ?: own;
	if (!ctx)
		return -ENOMEM;
	if (nft_run_cmd_from_buffer(ctx, commands) != 0)
		r = take_error(ctx, ret_error);
	nft_close(own);
	return r;
}
