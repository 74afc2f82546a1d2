/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to the host for a device, to be undone even after a restart of amtd; in
 * $AMTD_ROOT/run/amt/state/NAME, which like the kernel's state is gone after a reboot.
 */
#ifndef AMT_DEVICE_RECORD_H
#define AMT_DEVICE_RECORD_H

#include "device/config.h"

struct record {
	bool created;		  /* the interface is amtd's work, not adopted */
	int ifindex;		  /* the interface that this is about; 0: none */
	uint16_t port;		  /* local port in use */
	bool keep;		  /* the device's KeepConfiguration=, for when its file is gone */
	bool mld_linux;		  /* the relay reads P only where the driver has it, at 0x80 */
	struct address mld_relay; /* ... this relay */
	struct address chosen;	  /* the relay in use, by its discovery address; zero: none */
	struct address redirect;  /* the tunnel's relay on the wire; zero: the driver's */
	struct address discovery; /* the driver's DISCOVERY_IP */
	struct address remote;	  /* the driver's REMOTE_IP, from its last Advertisement */
	struct address address;	  /* added to the interface; zero: none */
	struct config_sysctl *sysctls; /* values as they were before */
	size_t n_sysctls;
};

int record_load(const char *name, struct record *ret);		/* -ENOENT: none */
int record_save(const char *name, const struct record *record); /* atomically */
int record_remove(const char *name);
void record_clear(struct record *record);

/* Remember the value a sysctl had, the first time only. */
int record_sysctl(struct record *record, const char *key, const char *value);
const struct config_sysctl *record_find_sysctl(const struct record *record, const char *key);
void record_forget_sysctl(struct record *record, const char *key);

/* Names of all records; free each and the array. */
int record_list(char ***ret, size_t *ret_n);

#endif
