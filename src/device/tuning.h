/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sysctls of a device: amtd's defaults for its mode, what [Sysctl] says over them, and what they
 * were before. Written by reconcile only.
 */
#ifndef AMT_DEVICE_TUNING_H
#define AMT_DEVICE_TUNING_H

#include "device/config.h"
#include "device/record.h"

/* What key is to be for a device of this configuration; NULL: amtd leaves it alone. */
const char *tuning_value(const struct config *config, const char *key);

/* Call each for every key that amtd sets on such a device. Stops at the first that does not return
 * 0, and returns that. */
typedef int (*tuning_each)(const char *key, const char *value, bool configured, void *userdata);
int tuning_for_each(const struct config *config, tuning_each each, void *userdata);

/* Write what differs, read it back, and remember in record what it was; restore what record holds
 * and the configuration no longer sets. A sysctl that cannot be set is warned about. True when
 * record was changed. */
bool tuning_apply(const struct config *config, struct record *record);

/* Give back every value that record holds, and forget them. */
void tuning_restore(const char *name, struct record *record);

#endif
