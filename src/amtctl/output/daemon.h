/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AMTCTL_OUTPUT_DAEMON_H
#define AMTCTL_OUTPUT_DAEMON_H

#include <jansson.h>
#include <stdbool.h>

/* amtd itself, as it describes itself in JSON, for people. */
void daemon_print(const json_t *daemon);

/* Is there anything amiss? */
bool daemon_has_errors(const json_t *daemon);

#endif
