/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What users see of the amtd of daemon-world.h: its answers and events, as text.
 */
#ifndef TESTS_UNIT_DAEMON_CLIENT_H
#define TESTS_UNIT_DAEMON_CLIENT_H

#include "daemon-world.h"

#include <amt/bus.h>
#include <jansson.h>

/* A path is keys and numbers of list entries with dots between them, "forward.upstreams.0.ifname".
 * The value, as text: strings as they are, and JSON of all else; "": there is none. Lives for some
 * calls. */
const char *look_into(const json_t *json, const char *path);
const char *look(const char *device, const char *path);
const char *look_daemon(const char *path);
const char *look_channel(const char *channel, const char *path);

bool looks(const char *device, const char *path, const char *text);
#define UNTIL_LOOKS(device, path, text)	 UNTIL(looks(device, path, text))
#define assert_looks(device, path, text) assert_string_equal(look(device, path), text)

/* A program at amtd's socket. Events are kept from here on. */
void client_open(void);
void client_close(void);

/* The answer to a method. amtd works until it is there. */
struct answer {
	char error[64];	    /* the error's name; "": none */
	char message[1024]; /* what it says */
	json_t *json;	    /* NULL: none. Until the next call */
};
const struct answer *ask(const char *method, const char *types, ...);
/* The error's name is this one, and the words are among what it says. */
void check_refused(const struct answer *answer, const char *error, const char *words,
		   const char *file, int line);
#define assert_refused(answer, error, words) check_refused(answer, error, words, __FILE__, __LINE__)
#define assert_granted(answer)		     assert_string_equal((answer)->message, "")

/* Of the last event of this kind for the device (NULL: any); "": there was none. */
const char *event_look(const char *kind, const char *device, const char *path);
size_t event_count(const char *kind);
bool event_looks(const char *kind, const char *device, const char *path, const char *text);
void events_forget(void);
const json_t *events_all(void); /* an array */

#endif
