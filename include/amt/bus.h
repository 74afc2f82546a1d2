/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd's private bus, for amtctl and other programs: D-Bus, peer to peer, on a socket that only
 * root may use. In libsystemd: sd_bus_new(), sd_bus_set_address("unix:path=..."), sd_bus_start().
 *
 * Methods of BUS_INTERFACE at BUS_PATH, with their signatures. Results are JSON, whose fields and
 * units are in amtd-json(5); names, addresses and channels are written as for amtctl(1). "" stands
 * for an argument that is left out.
 *
 *	Describe(s name) -> s		devices; "": all
 *	Create(s name, s text) -> s	text: of a device file, amt(5); the device
 *	Delete(s name)
 *	Reload()
 *	Join(s channel, s device) -> s
 *	Leave(s channel, s device)
 *	Channels() -> s
 *	Daemon() -> s
 *	Upstream(s interface, s device)
 *	Pinned(s local, s relay)	the Linux relay keeps a port of that address, not a
 *gateway's Report(s interface, as channels, u version, s destination, b leave)
 *
 * Property Version (s). Signal Event(s): one event, to each client that is connected.
 *
 * Errors have a message of one line for the user; besides BUS_ERROR_*, those of D-Bus itself.
 */
#ifndef AMT_BUS_H
#define AMT_BUS_H

#define BUS_SOCKET    "/run/amt/bus" /* below $AMTD_ROOT */
#define BUS_PATH      "/org/amtd"
#define BUS_INTERFACE "org.amtd.Manager"

#define BUS_ERROR_FAILED	  "org.amtd.Error.Failed"
#define BUS_ERROR_INVALID	  "org.amtd.Error.Invalid" /* an argument */
#define BUS_ERROR_EXISTS	  "org.amtd.Error.Exists"
#define BUS_ERROR_NO_SUCH_DEVICE  "org.amtd.Error.NoSuchDevice"
#define BUS_ERROR_NO_SUCH_CHANNEL "org.amtd.Error.NoSuchChannel"

#endif
