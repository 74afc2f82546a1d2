/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thousands of descriptors. Libraries with select() cannot use numbers from FD_SETSIZE on, and
 * libnftables aborts on one: the low numbers are left to those.
 */
#ifndef AMT_BASE_DESCRIPTOR_H
#define AMT_BASE_DESCRIPTOR_H

/* Raise the limit of open files to its maximum. */
void descriptor_raise_limit(void);

/* fd by a number from FD_SETSIZE on, close-on-exec; or fd itself where the limit is no higher; or
 * negative errno, and fd is closed. */
int descriptor_move_up(int fd);

#endif
