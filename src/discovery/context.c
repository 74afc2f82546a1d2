/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "discovery/context.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *value;
} settings[] = {
	/* The library has private reverse zones built in as empty ones (RFC 6303). Sources may have
	 * such addresses, so the server is queried for their zones. */
	{ "unblock-lan-zones:", "yes" },
	/* Allow servers on this host, such as systemd-resolved. */
	{ "do-not-query-localhost:", "no" },
	/* Retry a server that was down: otherwise after 15 minutes only, and queries would wait for
	 * two minutes before they are sent again. */
	{ "infra-host-ttl:", "30" },
	{ "infra-keep-probing:", "yes" },
	{ "infra-cache-max-rtt:", "3000" },
};

/* Domains that a DNS-SD service may be in, and that are built in as empty, too. */
static const char *const built_in[] = { "home.arpa.", "test." };

static int errno_of(int error)
{
	switch (error) {
	case UB_NOERROR:
		return 0;
	case UB_NOMEM:
		return -ENOMEM;
	case UB_INITFAIL:
		return -EIO;
	default:
		return -EINVAL;
	}
}

static int set_up(struct context *context, char *const *servers, size_t n_servers,
		  const char *resolv_conf, const char *trust_anchor)
{
	struct ub_ctx *ub = context->ub;
	int error = UB_NOERROR;
	size_t i;

	/* It would write to stderr. */
	ub_ctx_debugout(ub, NULL);
	for (i = 0; error == UB_NOERROR && i < n_servers; i++)
		error = ub_ctx_set_fwd(ub, servers[i]);
	/* Without that file it queries the root servers itself. */
	if (error == UB_NOERROR && n_servers == 0 && ub_ctx_resolvconf(ub, resolv_conf) == UB_NOMEM)
		error = UB_NOMEM;
	for (i = 0; error == UB_NOERROR && i < ARRAY_SIZE(settings); i++)
		error = ub_ctx_set_option(ub, settings[i].name, settings[i].value);
	if (error == UB_NOERROR)
		error = ub_ctx_set_option(ub, "module-config:",
					  context->validates ? "validator iterator" : "iterator");
	if (error == UB_NOERROR && context->validates)
		error = ub_ctx_add_ta_file(ub, trust_anchor);
	if (error == UB_NOERROR)
		error = ub_ctx_async(ub, 1);
	/* No setting can be changed after this. */
	for (i = 0; error == UB_NOERROR && i < ARRAY_SIZE(built_in); i++)
		error = ub_ctx_zone_remove(ub, built_in[i]);
	/* Only then the trust anchor is read. */
	return error == UB_INITFAIL && context->validates ? -EBADMSG : errno_of(error);
}

int context_new(char *const *servers, size_t n_servers, const char *resolv_conf,
		const char *trust_anchor, struct context **ret)
{
	struct context *context;
	int r;

	context = calloc(1, sizeof(*context));
	if (!context)
		return -ENOMEM;
	context->validates = trust_anchor != NULL;
	context->ub = ub_ctx_create();
	if (!context->ub) {
		free(context);
		return -ENOMEM;
	}

	r = set_up(context, servers, n_servers, resolv_conf, trust_anchor);
	if (r < 0) {
		context_free(context);
		return r;
	}

	*ret = context;
	return 0;
}

void context_free(struct context *context)
{
	if (!context)
		return;
	ub_ctx_delete(context->ub);
	free(context);
}

int context_anchor_owner(const char *trust_anchor, struct dnsname *ret)
{
	_cleanup_free_ char *line = NULL;
	char *word;
	size_t size = 0;
	int r = -EBADMSG;
	FILE *file;

	file = fopen(trust_anchor, "re");
	if (!file)
		return -errno;
	while (r < 0 && getline(&line, &size, file) >= 0) {
		word = line + strspn(line, " \t\r\n");
		word[strcspn(word, " \t\r\n;")] = '\0';
		if (*word != '\0' && dnsname_parse(word, ret) == 0)
			r = 0;
	}
	fclose(file);
	return r;
}
