/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server side of amtd's private bus, whose names are in amt/bus.h.
 */
#ifndef AMTD_API_BUS_H
#define AMTD_API_BUS_H

#include <amt/bus.h>
#include <systemd/sd-event.h>

struct bus;
struct manager;

/* Listen. -EADDRINUSE: another amtd answers there. */
int bus_listen(sd_event *event, const char *path, struct manager *manager, struct bus **ret);
void bus_close(struct bus *bus); /* NULL is fine */

#endif
