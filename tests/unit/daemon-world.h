/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All of amtd in this process, on a host of its own: a network namespace with three veth pairs
 * that lead to a second one, and a directory for AMTD_ROOT. The driver and the NFQUEUE are those
 * of fake-kernel.h, all else of the kernel is the real one.
 *
 *   host                       peer
 *   up0   192.0.2.2/24     --  upp   192.0.2.1/24
 *   alt0  198.51.100.2/24  --  altp  198.51.100.1/24
 *   lan0  10.9.0.1/24      --  lanp  (hosts are made of packets, daemon-peer.h)
 */
#ifndef TESTS_UNIT_DAEMON_WORLD_H
#define TESTS_UNIT_DAEMON_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sd_event sd_event;

/* Once, before all tests. Ends the program as skipped where namespaces cannot be made. */
void world_enter(void);
/* Once, after all tests. */
void world_leave(void);

/* cmocka's, around each test: a new host, without files; amtd does not run. */
int world_setup(void **state);
int world_teardown(void **state);

/* amtd starts as main.c does it; it ends as with SIGTERM, or as when killed. */
void world_start(void);
int world_try_start(void); /* 0, or negative errno, and it does not run */
void world_stop(void);
void world_kill(void);

struct manager *world_manager(void);
sd_event *world_event(void); /* while amtd runs */
const char *world_bus(void); /* its socket */

/* Files; path is one below the root. */
const char *world_path(const char *path);
void world_write(const char *path, const char *text);
void world_remove(const char *path);
bool world_has(const char *path);
/* All of it, until the next call; "": there is none. */
const char *world_read(const char *path);

/* sh -c, which must succeed. */
void world_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void world_peer_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Waits, and amtd with it, until the three links can carry packets. */
void world_links_up(void);
/* Does a line of the file, or of the output of the command, have the text? */
bool world_file_shows(const char *path, const char *text);
bool world_shows(const char *command, const char *text);

/* A socket of the peer's. */
int world_peer_socket(int family, int type, int protocol);

/* amtd works until the condition holds. The test fails when that takes too long. */
#define UNTIL(condition)                                                        \
	do {                                                                    \
		uint64_t until_end_ = world_deadline();                         \
		while (!(condition))                                            \
			world_turn(until_end_, #condition, __FILE__, __LINE__); \
	} while (0)

uint64_t world_deadline(void);
void world_turn(uint64_t end, const char *condition, const char *file, int line);

/* What others do while amtd works. */
void world_each_turn(void (*serve)(void *userdata), void *userdata);
void world_no_turn(void *userdata);

/* amtd works off what is ready now. */
void world_settle(void);

#endif
