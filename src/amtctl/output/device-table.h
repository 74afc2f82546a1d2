/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AMTCTL_OUTPUT_DEVICE_TABLE_H
#define AMTCTL_OUTPUT_DEVICE_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A line for each device of an array; 0 or negative errno. */
int device_table_print(const json_t *devices, bool legend, uint64_t now_usec);

#endif
