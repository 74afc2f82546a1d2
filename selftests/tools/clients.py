#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: clients.py SOCKET NUMBER

Programs at amtd's socket: connects so often, authenticates (D-Bus specification, "Authentication
Protocol"), and does nothing more until it is killed. Prints "connected" when all are in the queue of
the socket.
"""
import signal
import socket
import sys

path, number = sys.argv[1], int(sys.argv[2])
sockets = []
for _ in range(number):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.sendall(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")
    sockets.append(s)
print("connected", flush=True)
signal.pause()
