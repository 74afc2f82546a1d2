/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels, as amtd describes them in JSON, for people.
 */
#ifndef AMTCTL_OUTPUT_CHANNELS_H
#define AMTCTL_OUTPUT_CHANNELS_H

#include <jansson.h>
#include <stdbool.h>

/* A table of an array, then a line for each that has an error; 0 or negative errno. */
int channels_print_table(const json_t *channels, bool legend);

/* The line of join. */
void channels_print_joined(const json_t *channel);

#endif
