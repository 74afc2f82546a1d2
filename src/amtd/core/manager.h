/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd's heart: all devices, the events that concern them, and what the bus asks for.
 */
#ifndef AMTD_CORE_MANAGER_H
#define AMTD_CORE_MANAGER_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct manager;

/* What went wrong, for the user: one line with the mend. kind picks the bus error. */
enum failure_kind {
	FAILURE_FAILED,
	FAILURE_INVALID,
	FAILURE_EXISTS,
	FAILURE_NO_DEVICE,
	FAILURE_NO_CHANNEL,
	_FAILURE_KIND_MAX,
};

struct failure {
	enum failure_kind kind;
	char text[1024];
};

/* queue_base: the first of the NFQUEUE numbers to use. */
int manager_new(sd_event *event, uint16_t queue_base, struct manager **ret);
void manager_free(struct manager *manager); /* leaves the kernel as it is; NULL is fine */

/* Take up what a former amtd left, read the files, make the devices. */
int manager_start(struct manager *manager);

/* KeepConfiguration= for each device; the firewall's table goes when no device needs it. */
void manager_stop(struct manager *manager);

/* Each: 0, or -1 and *ret_failure. */
int manager_create(struct manager *manager, const char *name, const char *text, char **ret_json,
		   struct failure *ret_failure);
int manager_delete(struct manager *manager, const char *name, struct failure *ret_failure);
int manager_reload(struct manager *manager, struct failure *ret_failure);
/* Take the sources that have no prefix of their own from another interface, Upstream= or
 * Alternative= of [Forward]. name "": of each device that can. */
int manager_switch(struct manager *manager, const char *upstream, const char *name,
		   struct failure *ret_failure);
/* Send Reports, or Leaves, once. */
struct manager_report {
	const char *on;		 /* the interface */
	char **channels;	 /* SOURCE,GROUP or GROUP; NULL at the end */
	uint32_t version;	 /* of IGMP or MLD; 0: the latest */
	const char *destination; /* the address of a host; "": where such messages go */
	bool leave;
};
int manager_report(struct manager *manager, const struct manager_report *request,
		   struct failure *ret_failure);
/* name "": all, as an array. free(*ret_json). */
int manager_describe(struct manager *manager, const char *name, char **ret_json,
		     struct failure *ret_failure);

/* Channels, as users write them; device "": any. *ret_json: an array of what is known of the
 * channel (manager_channels(): of all), free() it. */
int manager_join(struct manager *manager, const char *channel, const char *device, char **ret_json,
		 struct failure *ret_failure);
int manager_leave(struct manager *manager, const char *channel, const char *device,
		  struct failure *ret_failure);
int manager_channels(struct manager *manager, char **ret_json, struct failure *ret_failure);

#endif
