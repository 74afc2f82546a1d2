/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports and Leaves sent once, on request over the bus; no state is kept.
 */
#ifndef AMTD_FORWARD_INJECT_H
#define AMTD_FORWARD_INJECT_H

#include <stdbool.h>
#include <stdint.h>

struct failure;
struct manager;

struct inject_request {
	const char *on;		 /* the interface */
	char **channels;	 /* SOURCE,GROUP or GROUP; NULL at the end */
	uint32_t version;	 /* of IGMP or MLD; 0: the latest */
	const char *destination; /* a host's address; "": the RFC's */
	bool leave;
};

/* 0, or -1 and *ret_failure. */
int inject_report(struct manager *manager, const struct inject_request *request,
		  struct failure *ret_failure);

#endif
