/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error texts for the kernel's multicast interfaces, with a hint, for the user. Others have
 * strerror()'s text. rtnetlink has the kernel's extack: netlink_error_text().
 */
#ifndef AMT_KERNEL_ERROR_TEXT_H
#define AMT_KERNEL_ERROR_TEXT_H

#include <sys/socket.h>

/* Of joins_set(): negative errno or JOINS_WIDER. */
const char *joins_error_text(int error, sa_family_t family);

/* Of mroute_open() and mroute_add_interface(). */
const char *mroute_error_text(int error, sa_family_t family);

#endif
