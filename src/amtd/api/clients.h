/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections to amtd's socket, and what waits for those that do not read: all of it is bounded.
 * The listener rests while no descriptor can be spared, so it does not spin.
 */
#ifndef AMTD_API_CLIENTS_H
#define AMTD_API_CLIENTS_H

#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

/* At the same time, and of one user; a runaway script must not keep others out. */
#define CLIENTS_MAX	64
#define CLIENTS_OF_USER 48

/* Answers that wait for one client, and their bytes: one more ends it. A single answer may be
 * longer. */
#define CLIENT_CALLS_MAX   256
#define CLIENT_ANSWERS_MAX (4 * 1024 * 1024)

/* One for which something waits, and that reads nothing of it for so long, is ended. */
#define CLIENT_STALLED_USEC 60000000ULL

/* Descriptors that clients leave to amtd: libnftables ends the process when it gets none. */
#define CLIENTS_SPARE 8

struct clients;
struct client;
struct json_t;

/* Adds the objects of a new connection. client is their userdata. 0, or negative errno. */
typedef int (*client_start)(sd_bus *connection, struct client *client, void *userdata);

/* Takes over fd, which listens; path is for the log, and borrowed. */
int clients_new(sd_event *event, int fd, const char *path, client_start start, void *userdata,
		struct clients **ret);
void clients_free(struct clients *clients); /* NULL is fine */

void *client_userdata(const struct client *client); /* that of clients_new() */

/* Return from a method with a string; NULL: with nothing. What the method is to return. */
int client_answer(struct client *client, sd_bus_message *call, const char *text);

/* Send an event to all. Those that have too many unread get the number of lost ones later. */
void clients_send(struct clients *clients, const struct json_t *event);

#endif
