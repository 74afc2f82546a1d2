/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [Match] of a device file: does it apply to this host? Semantics of systemd.netdev(5), with "!"
 * to negate. Each returns 1 (yes), 0 (no), or negative errno (-EINVAL: not understood).
 */
#ifndef AMT_BASE_MATCH_H
#define AMT_BASE_MATCH_H

/* A shell glob against the host name (gethostname), whatever its case, or a machine id in hex. */
int match_host(const char *pattern);

/* Blank-separated, all must hold: "<", "<=", "==", "<>", ">=", ">" and a version, compared as
 * versions; "=" or "!=" and a string; "$=" or "!$=" and a shell glob; without an operator a glob.
 * A "!" before anything but "=" and "$=" negates the result. */
int match_kernel_version(const char *expression);

/* The same against this release instead of uname -r. */
int match_version(const char *release, const char *expression);

/* A boolean, "vm", "container", "private-users", or a name that systemd-detect-virt(1) knows; that
 * is run once, -ENOENT when it is not installed. */
int match_virtualization(const char *kind);

#endif
