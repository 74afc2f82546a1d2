/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AMT_DEVICE_STATE_H
#define AMT_DEVICE_STATE_H

enum device_state {
	DEVICE_WAITING,	     /* for Link, an address or a route; reason says which */
	DEVICE_FAILED,	     /* the kernel refused; tried again now and then */
	DEVICE_DISCOVERING,  /* gateway: no Query yet */
	DEVICE_CONNECTED,    /* gateway: Queries are received */
	DEVICE_SUSPECT,	     /* gateway: no recent sign of life; being probed */
	DEVICE_FAILING_OVER, /* gateway: the relay is dead, others are probed or tried */
	DEVICE_NO_RELAY,     /* gateway: none of the relays works; tried again now and then */
	DEVICE_RUNNING,	     /* relay, proxy */
	_DEVICE_STATE_MAX,
};

const char *device_state_string(enum device_state state);

#endif
