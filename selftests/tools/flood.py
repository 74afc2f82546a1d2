#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A host that means no good: floods of IGMP and MLD, forged as one likes, out of an interface.

  groups N [--hosts M]   IGMPv3 and MLDv2 Reports of N groups altogether, from M forged hosts
  sources N              IGMPv3 and MLDv2 Reports of N sources of one group
  never                  Reports of groups that must never be forwarded
  queries                Queries from no one, from addresses low and high, with absurd times
  aside                  a Query from a low address that the router alone hears
  garbage N              N messages that are cut off, too long, of random bytes

All sources are in 198.18.0.0/15 and 2001:db8:64::/48.
"""

import argparse
import ipaddress
import random
import socket
import struct

RECORDS = 35  # of a Report: so it fits into 1500 bytes
EXCLUDE, ALLOW = 4, 5


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def inet(source, group, message):
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    header = struct.pack("!BBHHHBBH4s4s4s", 0x46, 0xC0, 24 + len(message), 0, 0, 1, 2, 0,
                         ipaddress.ip_address(source).packed, ipaddress.ip_address(group).packed,
                         b"\x94\x04\0\0")
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + message


def inet6(source, group, message):
    source = ipaddress.ip_address(source).packed
    group = ipaddress.ip_address(group).packed
    pseudo = source + group + struct.pack("!II", len(message), 58)
    message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
    options = b"\x3a\0\x05\x02\0\0\x01\0"
    header = struct.pack("!IHBB", 6 << 28, len(options) + len(message), 0, 1)
    return header + source + group + options + message


def packed(addresses):
    return b"".join(ipaddress.ip_address(a).packed for a in addresses)


def report(source, records):
    """records: (type, group, sources), all of the source's family"""
    body = b"".join(struct.pack("!BBH", kind, 0, len(sources)) + packed([group]) + packed(sources)
                    for kind, group, sources in records)
    if ":" in source:
        return inet6(source, "ff02::16", struct.pack("!BxHHH", 143, 0, 0, len(records)) + body)
    return inet(source, "224.0.0.22", struct.pack("!BxHHH", 0x22, 0, 0, len(records)) + body)


def query(source, robustness, interval, response, group=None, to=None):
    if ":" in source:
        body = struct.pack("!BxHHH16sBBH", 130, 0, response << 8, 0,
                           ipaddress.ip_address(group or "::").packed, robustness, interval, 0)
        return inet6(source, group or "ff02::1", body)
    body = struct.pack("!BBH4sBBH", 0x11, response, 0,
                       ipaddress.ip_address(group or "0.0.0.0").packed, robustness, interval, 0)
    return inet(source, to or group or "224.0.0.1", body)


def groups(options):
    for family in ("4", "6"):
        for i in range(0, options.number, RECORDS):
            host = random.randrange(options.hosts) + 20
            if family == "4":
                source = str(ipaddress.ip_address("10.4.0.0") + host)
                base, sender = ipaddress.ip_address("232.16.0.0"), "198.18.0.77"
            else:
                source = str(ipaddress.ip_address("fe80::1:0") + host)
                base, sender = ipaddress.ip_address("ff3e::8100:0"), "2001:db8:64::77"
            last = min(i + RECORDS, options.number)
            yield report(source, [(ALLOW, str(base + j), [sender]) for j in range(i, last)])


def sources(options):
    for i in range(0, options.number, RECORDS):
        last = min(i + RECORDS, options.number)
        some = [str(ipaddress.ip_address("198.18.1.1") + j) for j in range(i, last)]
        yield report("10.4.0.66", [(ALLOW, "232.9.9.9", some)])
        some = [str(ipaddress.ip_address("2001:db8:64::1") + j) for j in range(i, last)]
        yield report("fe80::66", [(ALLOW, "ff3e::9:9", some)])


def never(options):
    for group in ("224.0.0.5", "224.0.0.251", "224.0.0.22", "10.1.1.1", "255.255.255.255"):
        yield report("10.4.0.66", [(EXCLUDE, group, [])])
    for group in ("ff02::5", "ff01::1", "ff02::fb", "ff00::1", "2001:db8::1"):
        yield report("fe80::66", [(EXCLUDE, group, [])])


def queries(options):
    for source in ("0.0.0.0", "10.4.0.200", "255.255.255.255", "224.0.0.1"):
        yield query(source, 7, 255, 255)
    for source in ("::", "ffff::1", "2001:db8::5", "ff02::1"):
        yield query(source, 7, 255, 255)


def aside(options):
    yield query("10.3.0.66", 7, 255, 1, to="10.4.0.1")


def silence(options):
    """None of these makes all hosts of 10.4.0.0/24 answer in time."""
    yield query("0.0.0.1", 7, 255, 255)
    yield query("10.3.0.66", 7, 255, 100)
    yield query("10.4.0.0", 7, 255, 255)
    yield query("10.4.0.0", 7, 255, 255, group="232.1.1.1")


def garbage(options):
    whole = (report("10.4.0.66", [(ALLOW, "232.9.9.8", ["198.18.0.5"])] * 5),
             report("fe80::66", [(ALLOW, "ff3e::9:8", ["2001:db8:64::5"])] * 5),
             query("10.4.0.66", 2, 125, 100), query("fe80::66", 2, 125, 100))
    for i in range(options.number):
        packet = bytearray(whole[i % len(whole)])
        kind = random.randrange(3)
        if kind == 0:
            packet = packet[:random.randrange(24, len(packet))]
        elif kind == 1:
            at = random.randrange(24 if packet[0] >> 4 == 4 else 48, len(packet))
            packet[at] ^= 1 << random.randrange(8)
        else:
            packet += random.randbytes(random.randrange(1, 600))
            packet[-1] |= 1
        yield bytes(packet)


def main():
    kinds = {"groups": groups, "sources": sources, "never": never, "queries": queries,
             "aside": aside, "silence": silence, "garbage": garbage}
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dev")
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("number", nargs="?", type=int, default=1)
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--to", metavar="MAC", help="the frames' address, not that of a group")
    options = parser.parse_args()
    random.seed(1)  # the same each time

    out = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
    n = 0
    for packet in kinds[options.kind](options):
        inner4 = packet[0] >> 4 == 4
        mac = b"\x01\0\x5e\0\0\x16" if inner4 else b"\x33\x33\0\0\0\x16"
        if options.to:
            mac = bytes.fromhex(options.to.replace(":", ""))
        out.sendto(packet, (options.dev, 0x0800 if inner4 else 0x86DD, 0, 0, mac))
        n += 1
    print(n)


main()
