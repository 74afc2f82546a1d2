/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/keep.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "kernel/joins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

/* Hosts answer a first Query within 10 s, RFC 9776, 8.3; with time for a second one. */
#define HOLD_USEC (30 * USEC_PER_SEC)

#define PREFIX		"joins-"
#define NAME_MAX_LENGTH 64

/* A descriptor stored by a previous amtd. */
struct held {
	int fd;
	char *name;
};

/* Joins whose sockets are stored. */
struct keeper {
	struct keep *keep;
	struct joins *joins;
	unsigned int number;
	struct keeper *next;
};

struct keep {
	struct held *held;
	size_t n_held;
	sd_event_source *drop;
	keep_expiry expiry;
	void *userdata;
	char token[SD_ID128_STRING_MAX]; /* tells this process's names from the previous one's */
	struct keeper *keepers;
	unsigned int n_keepers;
	bool leaving; /* amtd stops: sockets closed now stay stored */
};

static void forget_name(const char *name)
{
	char text[NAME_MAX_LENGTH + 32];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s\n", name);
	(void)sd_notify(false, text);
}

static void drop_held(struct keep *keep)
{
	for (size_t i = 0; i < keep->n_held; i++) {
		close(keep->held[i].fd);
		forget_name(keep->held[i].name);
		free(keep->held[i].name);
	}
	free(keep->held);
	keep->held = NULL;
	keep->n_held = 0;
}

static int on_drop(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct keep *keep = userdata;

	keep->expiry(keep->userdata);
	drop_held(keep);
	return 0;
}

static bool is_joins(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

static bool is_other(const char *name)
{
	return strncmp(name, KEEP_OTHERS, strlen(KEEP_OTHERS)) == 0;
}

/* Unknown descriptors are closed. */
static int take_held(struct keep *keep)
{
	char **names = NULL;
	int n;

	n = sd_listen_fds_with_names(true, &names);
	if (n <= 0)
		return 0; /* errors are not fatal: amtd can do without */
	keep->held = calloc(n, sizeof(*keep->held));
	descriptor_raise_limit();
	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (!keep->held || (!is_joins(names[i]) && !is_other(names[i]))) {
			close(fd);
			free(names[i]);
			continue;
		}
		fd = descriptor_move_up(fd);
		if (fd < 0) { /* not kept then */
			forget_name(names[i]);
			free(names[i]);
			continue;
		}
		keep->held[keep->n_held++] = (struct held){ .fd = fd, .name = names[i] };
	}
	free(names);
	return keep->held ? 0 : -ENOMEM;
}

int keep_open(sd_event *event, keep_expiry expiry, void *userdata, struct keep **ret)
{
	struct keep *keep;
	sd_id128_t id;
	int r;

	keep = calloc(1, sizeof(*keep));
	if (!keep)
		return -ENOMEM;
	keep->expiry = expiry;
	keep->userdata = userdata;
	r = sd_id128_randomize(&id);
	if (r >= 0) {
		sd_id128_to_string(id, keep->token);
		keep->token[8] = '\0'; /* enough to tell two processes apart */
		r = take_held(keep);
	}
	if (r >= 0)
		r = sd_event_add_time_relative(event, &keep->drop, CLOCK_MONOTONIC, HOLD_USEC,
					       USEC_PER_SEC, on_drop, keep);
	if (r < 0) {
		keep_close(keep);
		return r;
	}
	if (keep->n_held > 0)
		log_debug(NULL, "%zu sockets were kept", keep->n_held);
	*ret = keep;
	return 0;
}

void keep_release(struct keep *keep)
{
	if (keep)
		keep->leaving = true;
}

bool keep_is_released(const struct keep *keep)
{
	return keep->leaving;
}

/* systemd says so from version 254 on; before that, any service with its own unit, amtd.service(8).
 */
bool keep_hands_over(const struct keep *keep)
{
	return keep->leaving && getenv("NOTIFY_SOCKET") &&
	       (getenv("FDSTORE") || getenv("INVOCATION_ID"));
}

bool keep_holds(const struct keep *keep)
{
	for (size_t i = 0; i < keep->n_held; i++)
		if (is_joins(keep->held[i].name))
			return true;
	return false;
}

int keep_take(struct keep *keep, const char *name)
{
	for (size_t i = 0; i < keep->n_held; i++) {
		int fd = keep->held[i].fd;

		if (strcmp(keep->held[i].name, name) != 0)
			continue;
		free(keep->held[i].name);
		keep->held[i] = keep->held[--keep->n_held];
		return fd;
	}
	return -ENOENT;
}

void keep_forget(struct keep *keep, const char *name)
{
	if (!keep->leaving)
		forget_name(name);
}

void keep_close(struct keep *keep)
{
	if (!keep)
		return;
	/* The service manager's copies stay. */
	for (size_t i = 0; i < keep->n_held; i++) {
		close(keep->held[i].fd);
		free(keep->held[i].name);
	}
	free(keep->held);
	sd_event_source_disable_unref(keep->drop);
	while (keep->keepers) {
		struct keeper *next = keep->keepers->next;

		free(keep->keepers);
		keep->keepers = next;
	}
	free(keep);
}

void keep_store(struct keep *keep, const char *name, int fd)
{
	char text[NAME_MAX_LENGTH + 32];
	int r;

	/* FDPOLL=0: an unbound socket sees no EOF. */
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s\n", name);
	r = sd_pid_notify_with_fds(0, false, text, &fd, 1);
	if (r < 0)
		log_debug(name, "will not outlive amtd: %s", strerror(-r));
}

static void on_socket(int fd, uint32_t id, bool kept, void *userdata)
{
	struct keeper *keeper = userdata;
	char name[NAME_MAX_LENGTH];

	if (keeper->keep->leaving)
		return;
	snprintf(name, sizeof(name), PREFIX "%s-%u-%u", keeper->keep->token, keeper->number, id);
	if (!kept) {
		forget_name(name);
		return;
	}
	keep_store(keeper->keep, name, fd);
}

int keep_joins_open(struct keep *keep, sa_family_t family, struct joins **ret)
{
	struct keeper *keeper;
	int r;

	keeper = calloc(1, sizeof(*keeper));
	if (!keeper)
		return -ENOMEM;
	r = joins_open(family, &keeper->joins);
	if (r < 0) {
		free(keeper);
		return r;
	}
	keeper->keep = keep;
	keeper->number = keep->n_keepers++;
	keeper->next = keep->keepers;
	keep->keepers = keeper;
	joins_keep(keeper->joins, on_socket, keeper);
	*ret = keeper->joins;
	return 0;
}

void keep_joins_close(struct keep *keep, struct joins *joins)
{
	struct keeper **link = &keep->keepers, *keeper;

	if (!joins)
		return;
	joins_close(joins);
	while ((*link)->joins != joins)
		link = &(*link)->next;
	keeper = *link;
	*link = keeper->next;
	free(keeper);
}

bool keep_has(const struct keep *keep, int ifindex, const struct address *group,
	      const struct address *source)
{
	for (const struct keeper *keeper = keep->keepers; keeper; keeper = keeper->next)
		if (joins_family(keeper->joins) == group->family &&
		    joins_has(keeper->joins, ifindex, group, source))
			return true;
	return false;
}
