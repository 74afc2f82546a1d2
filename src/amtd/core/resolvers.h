/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS resolvers, shared by devices with equal resolver settings.
 */
#ifndef AMTD_CORE_RESOLVERS_H
#define AMTD_CORE_RESOLVERS_H

#include "device/config.h"

struct resolver;
struct resolvers;
struct shared_resolver;

typedef struct sd_event sd_event;

int resolvers_new(sd_event *event, struct resolvers **ret);
void resolvers_free(struct resolvers *resolvers); /* after the last release; NULL is fine */

/* The resolver that [Relay] of the configuration describes. 0, or what resolver_open() returns. */
int resolvers_share(struct resolvers *resolvers, const struct config *config,
		    struct shared_resolver **ret);
void resolvers_release(struct resolvers *resolvers,
		       struct shared_resolver *shared); /* NULL: fine */

/* Lives until resolvers_release(). */
struct resolver *resolvers_get(const struct shared_resolver *shared);

#endif
