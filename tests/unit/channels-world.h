/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels in a virtual clock: DNS and the kernel are the test's, files and devices are real.
 */
#ifndef TESTS_UNIT_CHANNELS_WORLD_H
#define TESTS_UNIT_CHANNELS_WORLD_H

#include "addresses.h"
#include "amtd/channels/channels.h"
#include "amtd/core/manager.h"
#include "device/device.h"
#include "discovery/resolver.h"

#define LOOKUPS_MAX 128
#define IFINDEX	    10 /* of the first device's interface */
#define S1	    "198.51.100.1"
#define S2	    "198.51.100.2"
#define G1	    "232.1.1.1"
#define G2	    "232.1.1.2"

/* Asked of DNS. */
struct asked {
	struct address source;
	lookup_done done;
	void *userdata;
	bool open;
};

struct channels_world {
	struct manager manager;
	void *states[1];
	struct channels channels;
	struct asked asked[LOOKUPS_MAX];
	size_t n_asked;
	unsigned int interfaces; /* made so far */
	int joins_error;
	unsigned int joined, left, lines;
	struct filter last; /* without its sources */
	int last_ifindex;
};

extern struct channels_world world;

/* Around each test. */
void channels_begin(void);
void channels_end(void);
/* Around all tests: AMTD_ROOT. */
int channels_make_root(void **state);
int channels_remove_root(void **state);
/* DNS has these relays of the source asked for in the ith place, in ascending precedence; NULL: it
 * has none. */
void answer(size_t i, const char *first, const char *second);

/* As amtctl does; they must not fail. */
struct channel *join_on(const char *channel, const char *on);
struct channel *join(const char *channel);
void leave(const char *channel);

struct device *find_device(const char *name);
bool file_there(const char *name);
/* A gateway that is configured; relay: in use. */
struct device *add_gateway(const char *name, const char *source, const char *relay);

/* name NULL: none */
void assert_via(const struct channel *channel, const char *name);

#endif
