/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors of the kernel, or conflicts with another device: counted, and logged with a rate limit.
 */
#ifndef AMTD_FORWARD_REFUSED_H
#define AMTD_FORWARD_REFUSED_H

#include "amtd/forward/forward.h"

void forward_refused(struct forward *forward, enum family family, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
