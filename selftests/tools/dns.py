#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server that misbehaves in ways that real ones do but cannot be configured to.

It knows nothing of DNSSEC. Questions for AMTRELAY get one record of type 1, all others none; names
that begin with 77 do not exist. SIGHUP makes it read its mode anew. Each question is a line of the
log: seconds, name, type.
"""
import argparse
import signal
import socket
import struct
import time

AMTRELAY = 260
SOA = 6
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def read_question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    return ".".join(labels), struct.unpack_from("!H", message, at + 1)[0], message[12:at + 5]


def record(rrtype, ttl, rdata):
    """Its owner is the name that was asked for."""
    return struct.pack("!HHHIH", 0xC00C, rrtype, 1, ttl, len(rdata)) + rdata


def answer(message, relay, ttl, rcode=NOERROR):
    name, rrtype, question = read_question(message)
    answers, authority = b"", b""
    if rcode == NOERROR and name.startswith("77."):
        rcode = NXDOMAIN
    if rcode == NOERROR and rrtype == AMTRELAY:
        answers = record(AMTRELAY, ttl, b"\x0a\x01" + socket.inet_aton(relay))
    elif rcode in (NOERROR, NXDOMAIN):
        authority = record(SOA, ttl, b"\0\0" + struct.pack("!IIIII", 1, 60, 60, 60, ttl))
    return (message[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1, bool(answers), bool(authority), 0)
            + question + answers + authority)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--stranger", help="an own address that nobody asked")
    parser.add_argument("--mode-file", required=True)
    parser.add_argument("--relay", default="192.0.2.1")
    parser.add_argument("--ttl", type=int, default=300)
    parser.add_argument("--log", required=True)
    options = parser.parse_args()

    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((options.listen, 53))
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if options.stranger:
        stranger.bind((options.stranger, 53))
    mode = None

    def read_mode(*_):
        nonlocal mode
        with open(options.mode_file, encoding="ascii") as file:
            mode = file.read().strip()

    signal.signal(signal.SIGHUP, read_mode)
    read_mode()
    with open(options.log, "a", encoding="ascii", buffering=1) as log:
        print("ready", file=log)
        while True:
            message, client = server.recvfrom(4096)
            print("%.6f %s %d" % ((time.monotonic(),) + read_question(message)[:2]), file=log)
            forged = answer(message, "192.0.2.66", options.ttl)
            true = answer(message, options.relay, options.ttl)
            if mode in ("stranger", "race"):
                stranger.sendto(forged, client)
            if mode == "race":
                server.sendto(bytes((message[0] ^ 1,)) + forged[1:], client)
            if mode in ("plain", "race"):
                server.sendto(true, client)
            if mode == "servfail":
                server.sendto(answer(message, "", 0, SERVFAIL), client)
            if mode == "refused":
                server.sendto(answer(message, "", 0, REFUSED), client)


if __name__ == "__main__":
    main()
