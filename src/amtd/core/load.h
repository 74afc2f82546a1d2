/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device files to devices: at start, and again with each reload.
 */
#ifndef AMTD_CORE_LOAD_H
#define AMTD_CORE_LOAD_H

#include "base/conf.h"

struct failure;
struct manager;

extern const struct conf_handler load_log_places; /* logs warnings about files */

/* Makes the devices match the files. A broken file leaves its device unchanged. 0 or negative
 * errno; the caller runs the pass. */
int load_files(struct manager *manager);

/* load_files(), the pass and the wings' reload. 0, or -1 and *ret_failure. */
int load_reload(struct manager *manager, struct failure *ret_failure);

#endif
