/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of amtd's private bus: D-Bus, peer to peer, on a socket that only root may use. For
 * amtctl and other programs that talk to amtd.
 */
#ifndef AMT_BUS_H
#define AMT_BUS_H

#define BUS_SOCKET    "/run/amt/bus" /* below $AMTD_ROOT */
#define BUS_PATH      "/org/amtd"
#define BUS_INTERFACE "org.amtd.Manager"

#define BUS_ERROR_FAILED	  "org.amtd.Error.Failed"
#define BUS_ERROR_INVALID	  "org.amtd.Error.Invalid"
#define BUS_ERROR_EXISTS	  "org.amtd.Error.Exists"
#define BUS_ERROR_NO_SUCH_DEVICE  "org.amtd.Error.NoSuchDevice"
#define BUS_ERROR_NO_SUCH_CHANNEL "org.amtd.Error.NoSuchChannel"

#endif
