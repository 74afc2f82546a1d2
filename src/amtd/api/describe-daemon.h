/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd itself as JSON.
 */
#ifndef AMTD_API_DESCRIBE_DAEMON_H
#define AMTD_API_DESCRIBE_DAEMON_H

#include "amtd/api/fields.h"
#include "discovery/probe.h"
#include "kernel/queue.h"

extern const struct field daemon_fields[];

struct describe_daemon {
	const char *version;
	size_t devices, broken, channels;
	const char *queue_error, *firewall_error; /* "": it works */
	const struct queue_counters *queue;	  /* NULL: none */
	const struct prober_counters *prober;
};

/* NULL when out of memory; json_decref() it. */
struct json_t *describe_daemon(const struct describe_daemon *describe);

#endif
