/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors by the thousand. Libraries that wait with select() take none from FD_SETSIZE on, and
 * libnftables, given a higher one, ends the program: the low numbers are left to those.
 */
#ifndef AMT_BASE_DESCRIPTOR_H
#define AMT_BASE_DESCRIPTOR_H

/* The limit of open files as far up as it goes. */
void descriptor_raise_limit(void);

/* fd by a number from FD_SETSIZE on, close-on-exec; or fd itself where the limit is no higher; or
 * negative errno, and fd is closed. */
int descriptor_move_up(int fd);

#endif
