/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sysctls of a device: amtd's defaults for its mode, overridden by [Sysctl], and their previous
 * values. Written by reconcile only.
 */
#ifndef AMT_DEVICE_TUNING_H
#define AMT_DEVICE_TUNING_H

#include "device/config.h"
#include "device/record.h"

/* The value of key for a device of this configuration; NULL: amtd leaves it alone. */
const char *tuning_value(const struct config *config, const char *key);

/* Call each for every key that amtd sets on such a device. Stops at the first that does not return
 * 0, and returns that. */
typedef int (*tuning_each)(const char *key, const char *value, bool configured, void *userdata);
int tuning_for_each(const struct config *config, tuning_each each, void *userdata);

/* Write values that differ, read them back, and save the previous ones in record; restore those in
 * record that the configuration no longer sets. Errors are warned about. True when record was
 * changed. */
bool tuning_apply(const struct config *config, struct record *record);

/* Restore every value in record, and drop them. */
void tuning_restore(const char *name, struct record *record);

#endif
