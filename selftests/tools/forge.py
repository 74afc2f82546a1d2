#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""AMT messages from somebody who has seen none: well-formed, with any source address and port, and a
nonce and a Response MAC at random unless they are given."""

import argparse
import os
import socket
import struct
import time

from gateway import report
from relay import (ADVERTISEMENT, DATA, DISCOVERY, FLAG_L, QUERY, REQUEST, TEARDOWN, UPDATE,
                   igmp_query, ipv4, mld_query, pseudo_header, udp, with_checksum)


def message(kind, options, number):
    """The number-th one of this type. Queries are of IGMP and MLD in turn."""
    nonce = bytes.fromhex(options.nonce) if options.nonce else os.urandom(4)
    mac = bytes.fromhex(options.mac) if options.mac else os.urandom(6)
    flags = FLAG_L if options.loaded else 0
    query = mld_query(1) if number % 2 else igmp_query(options.source, 1)
    stream = ipv4("203.0.113.2", "232.66.66.66", 17,
                  udp("203.0.113.2", "232.66.66.66", 5000, bytes(100)), ttl=8)
    return {
        DISCOVERY: bytes([DISCOVERY, 0, 0, 0]) + nonce,
        ADVERTISEMENT: bytes([ADVERTISEMENT, 0, 0, 0]) + nonce + socket.inet_aton(options.relay),
        REQUEST: bytes([REQUEST, 0, 0, 0]) + nonce,
        QUERY: bytes([QUERY, flags]) + mac + nonce + query,
        UPDATE: bytes([UPDATE, 0]) + mac + nonce + report(options.channel, not options.leave),
        DATA: bytes([DATA, 0]) + stream,
        TEARDOWN: bytes([TEARDOWN, 0]) + mac + nonce +
        struct.pack("!H", options.source_port) + bytes(12) + socket.inet_aton(options.source),
    }[kind]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("source_port", type=int)
    parser.add_argument("destination")
    parser.add_argument("destination_port", type=int)
    parser.add_argument("types", type=int, nargs="+", help="1 to 7, RFC 7450, 5.1")
    parser.add_argument("--count", type=int, default=1, help="of each")
    parser.add_argument("--interval", type=float, default=0.01, help="seconds after each")
    parser.add_argument("--nonce")
    parser.add_argument("--mac")
    parser.add_argument("--relay", default="192.0.2.66", help="to advertise")
    parser.add_argument("--loaded", action="store_true", help="Queries with L")
    parser.add_argument("--channel", default="203.0.113.66,232.66.66.66", help="of an Update")
    parser.add_argument("--leave", action="store_true", help="an Update that leaves it")
    options = parser.parse_args()
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for number in range(options.count):
        for kind in options.types:
            payload = message(kind, options, number)
            segment = struct.pack("!HHHH", options.source_port, options.destination_port,
                                  8 + len(payload), 0) + payload
            segment = with_checksum(segment, 6, pseudo_header(
                options.source, options.destination, 17, len(segment)))
            raw.sendto(ipv4(options.source, options.destination, 17, segment, ttl=64),
                       (options.destination, 0))
            time.sleep(options.interval)


if __name__ == "__main__":
    main()
