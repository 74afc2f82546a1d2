#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Start a service as systemd does, and again whenever it ends, as far as its file descriptors go:
what it gives to the store (FDSTORE=1 on $NOTIFY_SOCKET, sd_pid_notify_with_fds(3)) is handed to the
next one (sd_listen_fds(3)). One that ends before it is ready is not started again.

usage: keeper.py STATE COMMAND...

STATE is a JSON file, rewritten with every change: {"pid", "ready", "stored"}. SIGTERM ends both.
"""

import array
import json
import os
import resource
import selectors
import signal
import socket
import sys
import tempfile

FIRST = 3  # SD_LISTEN_FDS_START
FDS_MAX = 253  # of one message, SCM_MAX_FD


class Keeper:
    def __init__(self, state, command):
        self.state, self.command = state, command
        self.store = []  # (name, fd), in order
        self.pid, self.ready = 0, False
        self.path = os.path.join(tempfile.mkdtemp(), "notify")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.path)

    def tell(self):
        with open(self.state + ".new", "w") as file:
            json.dump({"pid": self.pid, "ready": self.ready, "stored": len(self.store)}, file)
        os.rename(self.state + ".new", self.state)

    def start(self):
        self.ready = False
        self.pid = os.fork()
        if self.pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self.run()
        self.tell()

    def run(self):
        # Out of the way first, then to their places.
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
        high = [os.dup2(fd, 1000 + i) for i, (_, fd) in enumerate(self.store)]
        for i, fd in enumerate(high):
            os.dup2(fd, FIRST + i, inheritable=True)
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        os.environ["NOTIFY_SOCKET"] = self.path
        os.environ["FDSTORE"] = "8192"
        if self.store:
            os.environ["LISTEN_FDS"] = str(len(self.store))
            os.environ["LISTEN_PID"] = str(os.getpid())
            os.environ["LISTEN_FDNAMES"] = ":".join(name for name, _ in self.store)
        os.execvp(self.command[0], self.command)

    def receive(self):
        data, ancillary, _, _ = self.notify.recvmsg(65536, socket.CMSG_SPACE(4 * FDS_MAX))
        fds = array.array("i")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(payload)
        for fd in fds:
            os.set_inheritable(fd, False)
        lines = dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)
        name = lines.get("FDNAME", "stored")
        if lines.get("FDSTORE") == "1":
            self.store += [(name, fd) for fd in fds]
        elif lines.get("FDSTOREREMOVE") == "1":
            for stored, fd in self.store:
                if stored == name:
                    os.close(fd)
            self.store = [item for item in self.store if item[0] != name]
        if lines.get("READY") == "1":
            self.ready = True
        self.tell()


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    keeper = Keeper(sys.argv[1], sys.argv[2:])
    ends, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(keeper.notify, selectors.EVENT_READ)
    selector.register(ends, selectors.EVENT_READ)
    keeper.start()
    while True:
        for key, _ in selector.select():
            if key.fileobj is keeper.notify:
                keeper.receive()
                continue
            signals = os.read(ends, 64)
            if signal.SIGTERM in signals:
                os.kill(keeper.pid, signal.SIGTERM)
                os.waitpid(keeper.pid, 0)
                return 0
            if os.waitpid(keeper.pid, os.WNOHANG)[0] == keeper.pid:
                if not keeper.ready:
                    print("keeper.py: it ended before it was ready", file=sys.stderr)
                    return 1
                keeper.start()


if __name__ == "__main__":
    sys.exit(main())
