#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A relay for a crowd of gateways, which counts their Requests.

usage: crowd.py ADDRESS FILE

SIGTERM: writes to FILE, as JSON, how many Requests came in the busiest 100 ms, how many gateways
asked, and when the last of them asked first, in microseconds since the epoch.
"""

import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../../selftests/tools"))
from relay import Relay, parse_options  # pylint: disable=wrong-import-position


class Crowd(Relay):
    def __init__(self, address, file):
        super().__init__(parse_options(["--address", address, "--rate", "1", "--state", file]))
        self.times = []  # of Requests
        self.first = {}  # of each gateway
        signal.signal(signal.SIGTERM, self.end)

    def save(self):
        """Not after every message: there are many."""

    def request(self, message, gateway):
        now = time.time()
        self.times.append(now)
        self.first.setdefault(gateway, now)
        super().request(message, gateway)

    def busiest(self):
        most = start = 0
        for end, at in enumerate(self.times):
            while at - self.times[start] > 0.1:
                start += 1
            most = max(most, end - start + 1)
        return most

    def end(self, *_):
        with open(self.options.state, "w", encoding="ascii") as file:
            json.dump({"busiest": self.busiest(), "gateways": len(self.first),
                       "last": int(max(self.first.values(), default=0) * 1e6)}, file)
        sys.exit(0)


if __name__ == "__main__":
    Crowd(*sys.argv[1:]).run()
