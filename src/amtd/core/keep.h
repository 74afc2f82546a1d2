/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memberships outlive amtd: the service manager stores a copy of each socket that has some
 * (FileDescriptorStoreMax=, sd_pid_notify_with_fds(3)), so that no group is left during a restart.
 * The next amtd gets the copies, and drops them once all hosts and programs had time to request
 * their channels again.
 */
#ifndef AMTD_CORE_KEEP_H
#define AMTD_CORE_KEEP_H

#include <netinet/in.h>
#include <stdbool.h>

struct address;
struct joins;
struct keep;

typedef struct sd_event sd_event;

/* The copies of a previous amtd are about to be dropped. */
typedef void (*keep_expiry)(void *userdata);

int keep_open(sd_event *event, keep_expiry expiry, void *userdata, struct keep **ret);
void keep_close(struct keep *keep); /* NULL is fine */

/* joins_open() and joins_close() for memberships that are kept. -EAFNOSUPPORT: the kernel does not
 * have the family. The joins must be closed before keep_close(). */
int keep_joins_open(struct keep *keep, sa_family_t family, struct joins **ret);
void keep_joins_close(struct keep *keep, struct joins *joins); /* NULL is fine */

/* amtd stops: sockets closed from now on stay stored. */
void keep_release(struct keep *keep);
bool keep_is_released(const struct keep *keep);

/* Other descriptors that outlive amtd; their names begin with KEEP_OTHERS. take: the one that a
 * previous amtd stored, the caller's from now on; it stays stored. -ENOENT: none. Those that nobody
 * takes are closed when the copies of memberships are dropped. forget: nothing while amtd stops. */
#define KEEP_OTHERS "mroute-"
int keep_take(struct keep *keep, const char *name);
void keep_store(struct keep *keep, const char *name, int fd);
void keep_forget(struct keep *keep, const char *name);

/* amtd stops, and the next one gets what is stored. */
bool keep_hands_over(const struct keep *keep);

/* A previous amtd's memberships are still held: they look like an application's. */
bool keep_holds(const struct keep *keep);

/* Did amtd itself join the source of the group there? */
bool keep_has(const struct keep *keep, int ifindex, const struct address *group,
	      const struct address *source);

#endif
