/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memberships outlive amtd: the service manager holds a copy of each socket that has some
 * (FileDescriptorStoreMax=, sd_pid_notify_with_fds(3)), so that a group is not left while no amtd
 * runs, nor when the next one joins it again. That one is handed the copies, and drops them when it
 * has had time to hear from all who want something.
 */
#include "amtd/channels/channels.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "kernel/joins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

/* Hosts answer a first Query within 10 s, RFC 9776, 8.3; and once more, should that be lost. */
#define HOLD_USEC (30 * USEC_PER_SEC)

#define PREFIX		"joins-"
#define NAME_MAX_LENGTH 64

/* What a former amtd left. */
struct held {
	int fd;
	char *name;
};

/* Whose sockets are kept. */
struct keeper {
	struct keep *keep;
	unsigned int number;
	struct keeper *next;
};

struct keep {
	struct held *held;
	size_t n_held;
	sd_event_source *drop;
	char token[SD_ID128_STRING_MAX]; /* names of this process are none of the former one's */
	struct keeper *keepers;
	unsigned int n_keepers;
	bool leaving; /* this process ends: what is closed now was not left */
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
	struct manager *manager = userdata;

	channels_settle(manager);
	drop_held(manager->keep);
	return 0;
}

/* What is not known was somebody else's idea: closed. */
static int take_held(struct keep *keep)
{
	char **names = NULL;
	int n;

	n = sd_listen_fds_with_names(true, &names);
	if (n <= 0)
		return 0; /* whatever is wrong with them, amtd can do without */
	keep->held = calloc(n, sizeof(*keep->held));
	descriptor_raise_limit();
	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (!keep->held || strncmp(names[i], PREFIX, strlen(PREFIX)) != 0) {
			close(fd);
			free(names[i]);
			continue;
		}
		fd = descriptor_move_up(fd);
		if (fd < 0) { /* not held then */
			forget_name(names[i]);
			free(names[i]);
			continue;
		}
		keep->held[keep->n_held++] = (struct held){ .fd = fd, .name = names[i] };
	}
	free(names);
	return keep->held ? 0 : -ENOMEM;
}

int keep_open(struct manager *manager)
{
	struct keep *keep;
	sd_id128_t id;
	int r;

	keep = calloc(1, sizeof(*keep));
	if (!keep)
		return -ENOMEM;
	manager->keep = keep;
	r = sd_id128_randomize(&id);
	if (r < 0)
		return r;
	sd_id128_to_string(id, keep->token);
	keep->token[8] = '\0'; /* enough to tell two processes apart */
	r = take_held(keep);
	if (r < 0)
		return r;
	if (keep->n_held > 0)
		log_debug(NULL, "the memberships of %zu sockets were kept", keep->n_held);
	return sd_event_add_time_relative(manager->event, &keep->drop, CLOCK_MONOTONIC, HOLD_USEC,
					  USEC_PER_SEC, on_drop, manager);
}

void keep_release(struct manager *manager)
{
	if (manager->keep)
		manager->keep->leaving = true;
}

bool keep_released(const struct manager *manager)
{
	return manager->keep && manager->keep->leaving;
}

bool keep_holds(const struct manager *manager)
{
	return manager->keep && manager->keep->n_held > 0;
}

void keep_close(struct manager *manager)
{
	struct keep *keep = manager->keep;

	if (!keep)
		return;
	/* What is held and what was given stays with the service manager. */
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
	manager->keep = NULL;
}

static void on_socket(int fd, uint32_t id, bool kept, void *userdata)
{
	struct keeper *keeper = userdata;
	char name[NAME_MAX_LENGTH], text[NAME_MAX_LENGTH + 32];
	int r;

	if (keeper->keep->leaving)
		return;
	snprintf(name, sizeof(name), PREFIX "%s-%u-%u", keeper->keep->token, keeper->number, id);
	if (!kept) {
		forget_name(name);
		return;
	}
	/* Not to be watched: a socket without a port has no end. */
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s\n", name);
	r = sd_pid_notify_with_fds(0, false, text, &fd, 1);
	if (r < 0)
		log_debug(NULL, "memberships will not outlive amtd: %s", strerror(-r));
}

int keep_joins(struct manager *manager, struct joins *joins)
{
	struct keeper *keeper;

	keeper = calloc(1, sizeof(*keeper));
	if (!keeper)
		return -ENOMEM;
	keeper->keep = manager->keep;
	keeper->number = manager->keep->n_keepers++;
	keeper->next = manager->keep->keepers;
	manager->keep->keepers = keeper;
	joins_keep(joins, on_socket, keeper);
	return 0;
}
