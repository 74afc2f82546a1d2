/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd's private bus: peer-to-peer D-Bus over a Unix socket, without a bus daemon.
 */
#ifndef AMTCTL_CLIENT_H
#define AMTCTL_CLIENT_H

#include "amtctl/amtctl.h"

#include <jansson.h>
#include <systemd/sd-bus.h>

struct client;

/* Connect. AMTCTL_OK; AMTCTL_NO_DAEMON, without an error printed, for callers that can do without;
 * or another exit status, with an error on stderr. */
int client_open(const struct settings *settings, struct client **ret);
void client_close(struct client *client); /* NULL is fine */

/* The same, for verbs that need amtd: any failure has its error on stderr. */
int client_connect(const struct settings *settings, struct client **ret);

/* Call a method whose arguments are all strings, NULL at the end, and which answers with JSON in a
 * string, or, when ret is NULL, with nothing. subject is what an error is about: a device, a verb.
 * AMTCTL_OK, or another exit status, with an error on stderr. */
int client_call(struct client *client, const char *subject, json_t **ret, const char *method, ...)
	__attribute__((sentinel));

/* For asynchronous calls: the connection, the error of a call, and the JSON in a message's string;
 * the latter two return an exit status, with an error on stderr. */
sd_bus *client_bus(const struct client *client);
int client_call_failed(const char *subject, const sd_bus_error *error, int r);
int client_read_json(const char *subject, sd_bus_message *message, json_t **ret);

#endif
