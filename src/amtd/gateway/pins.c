/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/pins.h"

#include "amtd/gateway/gateway.h"
#include "base/array.h"
#include "base/clock.h"

/* A tunnel without an Update ends this long after its first Request: amt_gmi() in
 * drivers/net/amt.c. */
#define TUNNEL_USEC (260 * USEC_PER_SEC)

static bool is_of(const struct pin *pin, const struct address *local, const struct address *relay)
{
	return address_equal(&pin->local, local) && address_equal(&pin->relay, relay);
}

void pins_add(struct gateways *gateways, const struct address *local, const struct address *relay,
	      uint64_t now)
{
	struct pin *slot = &gateways->pins[0];

	for (size_t i = 0; i < ARRAY_SIZE(gateways->pins); i++) {
		struct pin *pin = &gateways->pins[i];

		if (is_of(pin, local, relay) && pin->until > now)
			return; /* the relay keeps the first one's port, and its time */
		if (pin->until < slot->until)
			slot = pin;
	}
	*slot = (struct pin){ *local, *relay, now + TUNNEL_USEC };
}

uint64_t pins_until(const struct gateways *gateways, const struct address *local,
		    const struct address *relay, uint64_t now)
{
	for (size_t i = 0; gateways && i < ARRAY_SIZE(gateways->pins); i++)
		if (gateways->pins[i].until > now && is_of(&gateways->pins[i], local, relay))
			return gateways->pins[i].until;
	return 0;
}
