/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of a device from its file, amt(5), and the check that it is complete.
 */
#ifndef AMT_DEVICE_CONFIG_H
#define AMT_DEVICE_CONFIG_H

#include "base/address.h"
#include "base/channel.h"
#include "base/conf.h"
#include "device/config-forward.h"
#include "discovery/candidates.h"
#include "discovery/resolver.h"
#include "kernel/sysctl.h"

#include <net/if.h>
#include <stdint.h>

#define CONFIG_RELAYS_MAX   64
#define CONFIG_REWRITES_MAX 64
#define CONFIG_SYSCTLS_MAX  64
#define CONFIG_ALLOW_MAX    64
#define CONFIG_SERVERS_MAX  8
#define CONFIG_JOINS_MAX    100000

enum config_mode {
	CONFIG_GATEWAY,
	CONFIG_RELAY,
	CONFIG_PROXY, /* no tunnel: [Forward] alone */
	_CONFIG_MODE_MAX,
	_CONFIG_MODE_INVALID = -22,
};

/* [Rewrite]: a relay address within advertised is replaced by relay. */
struct config_rewrite {
	unsigned int section; /* conf_assignment.section_number, while the file is read */
	struct prefix advertised;
	struct address relay; /* IPv4 */
};

struct config_sysctl {
	char key[SYSCTL_KEY_MAX];
	char value[SYSCTL_VALUE_MAX];
};

struct config {
	char name[IFNAMSIZ];
	char *description; /* NULL: none */
	enum config_mode mode;
	char link[IFNAMSIZ];
	struct address local; /* AF_UNSPEC: from the route to the relay */
	uint16_t port;	      /* local UDP port; 0: derived from the name (gateway), 2268 (relay) */
	uint16_t relay_port;  /* the relay's UDP port, on the wire */
	uint32_t max_tunnels; /* relay; 0: the driver's default */
	uint32_t mtu;	      /* bytes; 0: the link's less the tunnel's overhead */
	bool keep;	      /* KeepConfiguration= */
	bool strict;	      /* OnFailure=drop */
	bool on_demand;	      /* deleted after its last channel was left */

	struct address *relays; /* in order */
	size_t n_relays;
	struct address source;	      /* Driad=: the relays of this source; AF_UNSPEC: none */
	char *service;		      /* DNSSD=: the relays of this domain; NULL: none */
	bool anycast;		      /* Anycast=: 192.52.193.1 */
	struct candidate_order order; /* n 0: the default */
	struct prefix *allow;	      /* relays within these only; none: all */
	size_t n_allow;
	char **servers; /* DNS= */
	size_t n_servers;
	enum dnssec_mode dnssec;
	char *trust_anchor;		 /* NULL: the host's */
	uint32_t hold_down_sec;		 /* random, from three tenths of it up to this */
	uint32_t dead_sec;		 /* without a Query */
	uint32_t return_sec;		 /* 0: never go back to a better relay */
	struct config_rewrite *rewrites; /* in order, first match wins */
	size_t n_rewrites;
	struct config_sysctl *sysctls; /* no key twice */
	size_t n_sysctls;
	struct config_forward forward;
	struct channel_key *joins;
	size_t n_joins;

	char **pieces; /* the files it came from, main file first */
	size_t n_pieces;
};

/* Read a unit. 0; -EINVAL when it cannot be used (warned); -ESRCH when [Match] excludes this host;
 * or another negative errno. Warnings go through warn->warning. */
int config_load(const struct conf_unit *unit, const struct conf_handler *warn, struct config **ret);

/* The same from text; file names it in warnings and, without ".amt", is the default of Name=. */
int config_load_text(const char *file, const char *text, size_t length,
		     const struct conf_handler *warn, struct config **ret);

void config_free(struct config *config); /* NULL is fine */

/* Whether relays come from anything besides Address=. */
bool config_discovers(const struct config *config);

/* Whether both make the same device; the files they come from may differ. */
bool config_equal(const struct config *a, const struct config *b);

/* The same of one section. */
bool config_section_equal(const struct config *a, const struct config *b, const char *section);

const char *config_mode_string(enum config_mode mode);

#endif
