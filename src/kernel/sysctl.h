/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-interface sysctls, /proc/sys/net. A key is written FAMILY.NAME or FAMILY.neigh.NAME, as in
 * the [Sysctl] section: "ipv4.rp_filter" is net.ipv4.conf.DEVICE.rp_filter.
 */
#ifndef AMT_KERNEL_SYSCTL_H
#define AMT_KERNEL_SYSCTL_H

#include <stdbool.h>

#define SYSCTL_KEY_MAX	 64
#define SYSCTL_VALUE_MAX 128

/* ipv4 or ipv6, and a name of [a-z0-9_] */
bool sysctl_key_valid(const char *key);

/* device: as parse_ifname() takes it. One line without its end. -EINVAL: not a name, nor a key; or
 * the kernel refuses the value. -ENOENT: no such sysctl (or no such interface, or no IPv6 here);
 * -EROFS: /proc/sys is read-only, as in many containers. */
int sysctl_read(const char *device, const char *key, char ret[static SYSCTL_VALUE_MAX]);
int sysctl_write(const char *device, const char *key, const char *value);

#endif
