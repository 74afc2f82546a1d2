/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <amt/device.h>

#include <amt/log.h>
#include <amt/message.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* IGMP Queries without an MLD one between them after which the P bit in use is doubted: one round
 * of the driver may have been cut short by the next. */
#define MLD_PATIENCE 2
/* After so many changes of the P bit without any MLD Query the relay has no IPv6, and the place
 * that the RFC gives is kept. */
#define MLD_TRIALS 4

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

int device_new(struct config *config, struct device **ret)
{
	struct device *device;
	int r;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->record.keep = true;
	r = record_load(config->name, &device->record);
	if (r < 0 && r != -ENOENT)
		log_warning(config->name,
			    "what was done before cannot be read: %s; taken as nothing",
			    strerror(-r));
	device->config = config;
	device->port = config->port;
	device->dirty = true;
	device->state_since = now_usec();
	*ret = device;
	return 0;
}

void device_free(struct device *device)
{
	if (!device)
		return;
	record_clear(&device->record);
	config_free(device->config);
	free(device);
}

void device_set_config(struct device *device, struct config *config)
{
	if (config->port != device->config->port || config->mode != device->config->mode) {
		device->port = config->port;
		device->port_skip = 0;
	}
	config_free(device->config);
	device->config = config;
	device->dirty = true;
}

const char *device_state_string(enum device_state state)
{
	static const char *const names[_DEVICE_STATE_MAX] = {
		[DEVICE_WAITING] = "waiting",	      [DEVICE_FAILED] = "failed",
		[DEVICE_DISCOVERING] = "discovering", [DEVICE_CONNECTED] = "connected",
		[DEVICE_SUSPECT] = "suspect",	      [DEVICE_RUNNING] = "running",
	};

	return names[state];
}

void device_set_state(struct device *device, enum device_state state, const char *format, ...)
{
	static const int levels[_DEVICE_STATE_MAX] = {
		[DEVICE_WAITING] = LOG_NOTICE,	 [DEVICE_FAILED] = LOG_ERR,
		[DEVICE_DISCOVERING] = LOG_INFO, [DEVICE_CONNECTED] = LOG_INFO,
		[DEVICE_SUSPECT] = LOG_WARNING,	 [DEVICE_RUNNING] = LOG_INFO,
	};
	char reason[sizeof(device->reason)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);

	if (device->state == state && strcmp(device->reason, reason) == 0)
		return;
	if (device->state != state || device->reason[0] == '\0')
		device->state_since = now_usec();
	device->state = state;
	strcpy(device->reason, reason);
	log_full(levels[state], device->config->name, "%s: %s", device_state_string(state), reason);
}

uint16_t device_private_port(const char *name, unsigned int n)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return DEVICE_PORT_FIRST + (hash % DEVICE_PORT_COUNT + n) % DEVICE_PORT_COUNT;
}

/* One Query after the other, IGMP and MLD ones: does the relay understand P where it is sent? */
static void learn_mld_flag(struct device *device, sa_family_t family)
{
	if (family == AF_INET6) {
		device->mld_confirmed = true;
		device->mld_trials = 0;
		device->queries_since_mld = 0;
		return;
	}
	if (device->queries_since_mld++ >= MLD_PATIENCE)
		device->mld_confirmed = false;
}

bool device_try_mld_flag(struct device *device)
{
	if (device->mld_confirmed || device->queries_since_mld == 0 ||
	    device->mld_trials >= MLD_TRIALS)
		return false;

	device->mld_trials++;
	device->queries_since_mld = 0;
	device->record.mld_linux = !device->record.mld_linux;
	device->record.mld_relay = device->relay;
	log_debug(device->config->name, "no MLD Query: trying P at %s",
		  device->record.mld_linux ? "0x80, where the Linux driver has it"
					   : "0x01, where RFC 7450 has it");
	return true;
}

/* Another relay: what was learnt of the former one's P bit says nothing of this one's. */
static void set_relay(struct device *device, struct in_addr relay)
{
	if (device->relay.s_addr == relay.s_addr)
		return;
	if (device->record.mld_relay.s_addr != relay.s_addr)
		device->record.mld_linux = false;
	device->mld_confirmed = false;
	device->queries_since_mld = 0;
	device->mld_trials = 0;
	device->relay = relay;
}

static void on_advertisement(struct device *device, const struct inspect_result *result)
{
	/* The driver goes on asking every 5 s while it gets no Query: say it once. */
	int level = device->relay.s_addr == result->relay.s_addr ? LOG_DEBUG : LOG_INFO;
	char address[INET_ADDRSTRLEN];

	set_relay(device, result->relay);
	inet_ntop(AF_INET, &result->relay, address, sizeof(address));
	log_full(level, device->config->name, "Advertisement: relay %s%s", address,
		 result->changed ? " (rewritten)" : "");
}

static void on_query(struct device *device, const struct inspect_result *result)
{
	char address[INET_ADDRSTRLEN];

	set_relay(device, result->relay);
	device->last_query = now_usec();
	learn_mld_flag(device, result->family);
	if (result->seen_port != 0) {
		device->seen_as = result->seen_as;
		device->seen_port = result->seen_port;
	}
	inet_ntop(AF_INET, &device->relay, address, sizeof(address));
	device_set_state(device, DEVICE_CONNECTED, "Queries from %s%s", address,
			 result->loaded ? ", which says that it is loaded (L)" : "");
}

enum inspect_drop device_inspect(struct device *device, enum firewall_queue queue,
				 struct packet *packet, size_t length, struct inspect_result *ret)
{
	const struct inspect_rules rules = {
		.discovery = device->discovery,
		.relay = device->relay,
		.relay_port = device->config->relay_port,
		.rewrites = device->config->rewrites,
		.n_rewrites = device->config->n_rewrites,
	};

	inspect_packet(&rules, queue, packet, length, &device->advertisements, &device->queries,
		       ret);
	if (ret->drop != INSPECT_PASS)
		log_debug(device->config->name, "%s dropped: %s",
			  ret->query ? "Query" : "Advertisement", inspect_drop_string(ret->drop));
	else if (ret->query)
		on_query(device, ret);
	else
		on_advertisement(device, ret);
	return ret->drop;
}

void device_silent(struct device *device)
{
	char address[INET_ADDRSTRLEN];

	if (device->state != DEVICE_CONNECTED)
		return;
	inet_ntop(AF_INET, &device->relay, address, sizeof(address));
	device_set_state(device, DEVICE_SUSPECT, "no Query from %s for %llu s", address,
			 DEVICE_SILENCE_USEC / 1000000);
}
