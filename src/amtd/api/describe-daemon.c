/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/describe-daemon.h"

#include <jansson.h>

struct queue_view {
	uint64_t packets, overruns;
};

static const struct field queue_fields[] = {
	{ "packets", FIELD_UINT, offsetof(struct queue_view, packets),
	  .help = "control messages from the NFQUEUE" },
	{ "overruns", FIELD_UINT, offsetof(struct queue_view, overruns),
	  .help = "times that some were lost, because amtd did not read in time" },
	{ NULL },
};

struct prober_view {
	uint64_t sent, answers, refused, icmp;
};

static const struct field prober_fields[] = {
	{ "sent", FIELD_UINT, offsetof(struct prober_view, sent), .help = "Discoveries" },
	{ "answers", FIELD_UINT, offsetof(struct prober_view, answers),
	  .help = "Advertisements that answered one" },
	{ "refused", FIELD_UINT, offsetof(struct prober_view, refused),
	  .help = "messages that answer no Discovery, or are invalid" },
	{ "icmp", FIELD_UINT, offsetof(struct prober_view, icmp),
	  .help = "ICMP errors about Discoveries" },
	{ NULL },
};

struct daemon_view {
	const char *version, *queue_error, *firewall_error;
	uint64_t devices, broken, channels;
	const struct queue_view *queue;
	const struct prober_view *prober;
};

#define DAEMON(member) offsetof(struct daemon_view, member)

const struct field daemon_fields[] = {
	{ "version", FIELD_STRING, DAEMON(version), .help = "of amtd" },
	{ "devices", FIELD_UINT, DAEMON(devices), .help = "devices" },
	{ "broken_files", FIELD_UINT, DAEMON(broken), .help = "device files that cannot be used" },
	{ "channels", FIELD_UINT, DAEMON(channels), .help = "channels" },
	{ "queue", FIELD_OBJECT, DAEMON(queue), FIELD_IF_SET, queue_fields, .help = "NFQUEUE" },
	{ "queue_error", FIELD_STRING, DAEMON(queue_error), FIELD_IF_SET,
	  .help = "why control messages do not reach amtd" },
	{ "firewall_error", FIELD_STRING, DAEMON(firewall_error), FIELD_IF_SET,
	  .help = "why the nftables table could not be committed" },
	{ "prober", FIELD_OBJECT, DAEMON(prober), .fields = prober_fields,
	  .help = "Discoveries of amtd's own" },
	{ NULL },
};

json_t *describe_daemon(const struct describe_daemon *describe)
{
	const struct queue_view queue = {
		.packets = describe->queue ? describe->queue->packets : 0,
		.overruns = describe->queue ? describe->queue->overruns : 0,
	};
	const struct prober_view prober = {
		.sent = describe->prober->sent,
		.answers = describe->prober->answers,
		.refused = describe->prober->refused,
		.icmp = describe->prober->icmp,
	};
	const struct daemon_view view = {
		.version = describe->version,
		.devices = describe->devices,
		.broken = describe->broken,
		.channels = describe->channels,
		.queue = describe->queue ? &queue : NULL,
		.queue_error = describe->queue_error,
		.firewall_error = describe->firewall_error,
		.prober = &prober,
	};

	return fields_to_json(daemon_fields, &view);
}
