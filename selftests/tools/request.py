#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ask an AMT relay with Requests whose second byte is chosen freely, and print the version of the
IP packet inside each Query, or "none" when none comes."""

import argparse
import os
import socket

REQUEST, QUERY = 3, 4


def ask(relay, port, flags, timeout):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.bind(("", port))
        sock.connect((relay, 2268))
        nonce = os.urandom(4)
        sock.send(bytes([REQUEST, flags, 0, 0]) + nonce)
        while True:
            try:
                message = sock.recv(65536)
            except (TimeoutError, socket.timeout, ConnectionError):
                return "none"
            if len(message) > 12 and message[0] == QUERY and message[8:12] == nonce:
                return str(message[12] >> 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("relay")
    parser.add_argument("flags", nargs="+", type=lambda text: int(text, 0))
    parser.add_argument("--port", type=int, default=2268, help="own port")
    parser.add_argument("--timeout", type=float, default=2)
    options = parser.parse_args()
    print(*(ask(options.relay, options.port, flags, options.timeout) for flags in options.flags))


if __name__ == "__main__":
    main()
