/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device as JSON, keys as in `ip -d -s -j link` where they mean the same.
 */
#ifndef AMTD_API_DESCRIBE_DEVICE_H
#define AMTD_API_DESCRIBE_DEVICE_H

#include "amtd/api/fields.h"
#include "amtd/forward/forward.h"
#include "amtd/gateway/gateway.h"
#include "amtd/relay/relay.h"
#include "kernel/amtlink.h"
#include "kernel/fragments.h"

extern const struct field device_fields[];

struct describe_device {
	const struct device *device;
	const struct gateway *gateway;	      /* from its wing, */
	const struct forward_device *forward; /* like these */
	const struct relay_device *relay;
	const struct amtlink *link; /* the kernel's view of the interface; NULL: none */
	struct fragments fragments; /* since amtd started */
	uint64_t too_big6;	    /* fragments_fails6() */
};

/* NULL when out of memory; json_decref() it. */
struct json_t *describe_device(const struct describe_device *describe);

#endif
