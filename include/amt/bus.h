/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd's private bus: D-Bus, peer to peer, on a socket that only root may use.
 */
#ifndef AMT_BUS_H
#define AMT_BUS_H

#include <amt/manager.h>

#define BUS_SOCKET    "/run/amt/bus" /* below the root, when nobody says otherwise */
#define BUS_PATH      "/org/amtd"
#define BUS_INTERFACE "org.amtd.Manager"

/* Where the socket is when nobody says otherwise: run/amt/bus below the root. */
struct bus;

/* Listen. -EADDRINUSE: another amtd answers there. */
int bus_listen(sd_event *event, const char *path, struct manager *manager, struct bus **ret);
void bus_close(struct bus *bus); /* NULL is fine */

#endif
