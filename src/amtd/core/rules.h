/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firewall rules of a set of devices. No I/O.
 */
#ifndef AMTD_CORE_RULES_H
#define AMTD_CORE_RULES_H

#include "amtd/core/ports.h"
#include "kernel/firewall.h"

/* Devices whose port another device or socket has get no rules. 0 or -ENOMEM; rules_clear() the
 * result. */
int rules_build(const struct ports *ports, struct device *const *devices, size_t n,
		struct firewall_rules *ret);
void rules_clear(struct firewall_rules *rules);

#endif
