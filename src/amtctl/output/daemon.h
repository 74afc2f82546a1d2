/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AMTCTL_OUTPUT_DAEMON_H
#define AMTCTL_OUTPUT_DAEMON_H

#include <jansson.h>
#include <stdbool.h>

/* Print amtd's description of itself. */
void daemon_print(const json_t *daemon);

/* Whether it reports any error. */
bool daemon_has_errors(const json_t *daemon);

#endif
