#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A small AMT gateway of another make, action by action: P of a Request where RFC 7450 has it,
Updates that are forged, Teardowns.

actions, in order:
  request=FLAGS     Request with this second byte (0x00: IGMP, 0x01: MLD); prints the version of
                    the IP packet inside the Query, or "none"
  join=S,G|G        an Update with IGMPv3 or MLDv2 that asks for it
  leave=S,G|G       one that no longer does
  forge=S,G|G       like join, with a wrong MAC
  teardown          for the address that it sends from
  forge-teardown    likewise, with a wrong MAC
  data=SECONDS      prints how many packets of streams come meanwhile
  silence=SECONDS   prints how many microseconds passed until the last packet, of a stream that
                    ceases for half a second within that time
"""

import argparse
import ipaddress
import json
import os
import socket
import struct
import time

from relay import (DATA, QUERY, REQUEST, TEARDOWN, UPDATE, ipv4, ipv6, pseudo_header,
                   with_checksum)

TO_IN, TO_EX, ALLOW, BLOCK = 3, 4, 5, 6
HOST6 = "fe80::77"
QUIET = 0.5


def report(channel, wanted):
    """A whole IP packet with one record."""
    *source, group = (ipaddress.ip_address(part) for part in channel.split(","))
    kind = (ALLOW if wanted else BLOCK) if source else (TO_EX if wanted else TO_IN)
    record = struct.pack("!BBH", kind, 0, len(source)) + group.packed + \
        b"".join(address.packed for address in source)
    if group.version == 4:
        message = with_checksum(struct.pack("!BBHHH", 0x22, 0, 0, 0, 1) + record, 2)
        return ipv4("0.0.0.0", "224.0.0.22", 2, message, options=b"\x94\x04\0\0")
    message = struct.pack("!BBHHH", 143, 0, 0, 0, 1) + record
    message = with_checksum(message, 2, pseudo_header(HOST6, "ff02::16", 58, len(message)))
    return ipv6(HOST6, "ff02::16", 0, b"\x3a\0\x05\x02\0\0\x01\0" + message)


class Gateway:
    def __init__(self, options):
        self.state = options.state
        self.nonce, self.mac = bytes(4), bytes(6)
        if self.state and os.path.exists(self.state):
            with open(self.state, encoding="ascii") as file:
                self.nonce, self.mac = (bytes.fromhex(text) for text in json.load(file))
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((options.address, options.port))
        self.sock.connect((options.relay, 2268))

    def receive(self, until):
        """The next message, or None at that time."""
        while True:
            left = until - time.monotonic()
            if left <= 0:
                return None
            self.sock.settimeout(left)
            try:
                return self.sock.recv(65536)
            except (TimeoutError, socket.timeout):
                return None
            except ConnectionError:
                continue

    def request(self, flags):
        nonce = os.urandom(4)
        self.sock.send(bytes([REQUEST, int(flags, 0), 0, 0]) + nonce)
        until = time.monotonic() + 2
        while message := self.receive(until):
            if len(message) > 12 and message[0] == QUERY and message[8:12] == nonce:
                self.nonce, self.mac = nonce, message[2:8]
                if self.state:
                    with open(self.state, "w", encoding="ascii") as file:
                        json.dump([self.nonce.hex(), self.mac.hex()], file)
                return message[12] >> 4
        return "none"

    def forged(self):
        return bytes(byte ^ 0xff for byte in self.mac)

    def update(self, channel, wanted, mac):
        self.sock.send(bytes([UPDATE, 0]) + mac + self.nonce + report(channel, wanted))

    def teardown(self, mac):
        address, port = self.sock.getsockname()
        self.sock.send(bytes([TEARDOWN, 0]) + mac + self.nonce + struct.pack("!H", port) +
                       bytes(12) + socket.inet_aton(address))

    def data(self, seconds):
        n, until = 0, time.monotonic() + float(seconds)
        while message := self.receive(until):
            n += message[0] == DATA
        return n

    def silence(self, seconds):
        start = last = time.monotonic()
        while True:
            message = self.receive(min(last + QUIET, start + float(seconds)))
            if message is None:
                break
            if message[0] == DATA:
                last = time.monotonic()
        if time.monotonic() < last + QUIET:
            return "none"
        return round((last - start) * 1e6)

    def act(self, action, value):
        if action == "request":
            return self.request(value)
        if action in ("join", "leave", "forge"):
            self.update(value, action != "leave",
                        self.forged() if action == "forge" else self.mac)
        elif action == "teardown":
            self.teardown(self.mac)
        elif action == "forge-teardown":
            self.teardown(self.forged())
        elif action == "data":
            return self.data(value)
        elif action == "silence":
            return self.silence(value)
        else:
            raise SystemExit(f"gateway.py: no such action: {action}")
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("relay")
    parser.add_argument("actions", nargs="+", metavar="ACTION[=VALUE]")
    parser.add_argument("--address", default="", help="own address")
    parser.add_argument("--port", type=int, default=2268, help="own port")
    parser.add_argument("--state", help="file in which nonce and MAC stay")
    options = parser.parse_args()
    gateway = Gateway(options)
    for action in options.actions:
        result = gateway.act(*(action.split("=", 1) + [None])[:2])
        if result is not None:
            print(result, flush=True)


if __name__ == "__main__":
    main()
