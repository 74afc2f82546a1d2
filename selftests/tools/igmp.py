#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""IGMP and MLD, independent of amtd's code: send a Query or a Report on an interface, or print what
is said there, a JSON object a line."""

import argparse
import ipaddress
import json
import select
import signal
import socket
import struct
import sys

ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86DD
ALERT4 = b"\x94\x04\x00\x00"  # RFC 2113
HOP_BY_HOP = b"\x3a\x00\x05\x02\x00\x00\x01\x00"  # RFC 2711, value 0, and PadN
TYPES = {"is_in": 1, "is_ex": 2, "to_in": 3, "to_ex": 4, "allow": 5, "block": 6}
NAMES = {number: name for name, number in TYPES.items()}


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(text):
    return ipaddress.ip_address(text).packed


def pseudo(source, destination, length):
    return source + destination + struct.pack("!I3xB", length, 58)


def packet(source, destination, message):
    """The whole IP packet around a message, whose checksum is filled in."""
    source, destination = packed(source), packed(destination)
    if len(source) == 4:
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        header = struct.pack("!BBHHHBBH4s4s", 0x46, 0xC0, 24 + len(message), 0, 0, 1, 2, 0,
                             source, destination) + ALERT4
        return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + message
    total = checksum(pseudo(source, destination, len(message)) + message)
    message = message[:2] + struct.pack("!H", total) + message[4:]
    return struct.pack("!IHBB", 6 << 28, 8 + len(message), 0, 1) + source + destination + \
        HOP_BY_HOP + message


def query(options):
    group, *sources = options.group.split(",") if options.group else [None]
    size = 16 if options.six else 4
    tenths = int(options.response * (1000 if options.six else 10))
    body = packed(group) if group else bytes(size)
    if options.six:
        message = struct.pack("!BBHHH", 130, 0, 0, tenths, 0) + body
        latest, everybody = 2, "ff02::1"
    else:
        message = struct.pack("!BBH", 0x11, 0 if options.version == 1 else tenths, 0) + body
        latest, everybody = 3, "224.0.0.1"
    if options.version == latest:
        message += struct.pack("!BBH", 2, 125, len(sources)) + \
            b"".join(packed(source) for source in sources)
    return packet(options.source, options.to or group or everybody, message)


def report(options):
    group, *sources = options.group.split(",")
    kind = TYPES[options.type]
    if options.version == (2 if options.six else 3):
        record = struct.pack("!BBH", kind, 0, len(sources)) + packed(group) + \
            b"".join(packed(source) for source in sources)
        message = struct.pack("!BBHHH", 143 if options.six else 0x22, 0, 0, 0, 1) + record
        to = "ff02::16" if options.six else "224.0.0.22"
    elif options.six:
        message = struct.pack("!BBHHH", 132 if kind == 3 else 131, 0, 0, 0, 0) + packed(group)
        to = "ff02::2" if kind == 3 else group
    else:
        code = 0x17 if kind == 3 else 0x12 if options.version == 1 else 0x16
        message = struct.pack("!BBH", code, 0, 0) + packed(group)
        to = "224.0.0.2" if kind == 3 else group
    return packet(options.source, options.to or to, message)


def say(options, data):
    """To a group through the link layer; to a host as the kernel routes it."""
    destination = ipaddress.ip_address(data[24:40] if options.six else data[16:20])
    if not destination.is_multicast:
        family = socket.AF_INET6 if options.six else socket.AF_INET
        with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, options.dev.encode())
            scope = socket.if_nametoindex(options.dev) if destination.is_link_local else 0
            sock.sendto(data, (str(destination), 0, 0, scope) if options.six
                        else (str(destination), 0))
        return
    mac = b"\x33\x33" + destination.packed[12:] if options.six else \
        b"\x01\x00\x5e" + bytes([destination.packed[1] & 0x7F]) + destination.packed[2:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
        sock.sendto(data, (options.dev, ETH_P_IPV6 if options.six else ETH_P_IP, 0, 0, mac))


def parse_records(data, size):
    records = []
    count, = struct.unpack("!H", data[6:8])
    data = data[8:]
    for _ in range(count):
        kind, _, n = struct.unpack("!BBH", data[:4])
        addresses = [str(ipaddress.ip_address(data[4 + i * size:4 + (i + 1) * size]))
                     for i in range(n + 1)]
        records.append({"type": NAMES.get(kind, kind), "group": addresses[0],
                        "sources": addresses[1:]})
        data = data[4 + size * (n + 1):]
    return records


def parse4(data):
    header = (data[0] & 15) * 4
    message = data[header:struct.unpack("!H", data[2:4])[0]]
    told = {
        "protocol": "igmp",
        "source": str(ipaddress.ip_address(data[12:16])),
        "destination": str(ipaddress.ip_address(data[16:20])),
        "ttl": data[8],
        "alert": ALERT4 in data[20:header],
        "good": checksum(data[:header]) == 0 and checksum(message) == 0,
    }
    group = str(ipaddress.ip_address(message[4:8]))
    if message[0] == 0x11:
        told |= {"what": "query", "version": 3 if len(message) > 8 else 2 if message[1] else 1,
                 "code": message[1]}
        if group != "0.0.0.0":
            told["group"] = group
        if len(message) > 8:
            told["qrv"], told["qqic"] = message[8] & 7, message[9]
            told["sources"] = [str(ipaddress.ip_address(message[i:i + 4]))
                               for i in range(12, len(message), 4)]
    elif message[0] == 0x22:
        told |= {"what": "report", "version": 3, "records": parse_records(message, 4)}
    else:
        told |= {"what": "leave" if message[0] == 0x17 else "report",
                 "version": 1 if message[0] == 0x12 else 2, "group": group}
    return told


def parse6(data):
    message = data[48:40 + struct.unpack("!H", data[4:6])[0]]
    if data[6] != 0 or data[40] != 58 or data[41] != 0 or \
            not message or message[0] not in (130, 131, 132, 143):
        return None
    told = {
        "protocol": "mld",
        "source": str(ipaddress.ip_address(data[8:24])),
        "destination": str(ipaddress.ip_address(data[24:40])),
        "ttl": data[7],
        "alert": data[42:46] == HOP_BY_HOP[2:6],
        "good": checksum(pseudo(data[8:24], data[24:40], len(message)) + message) == 0,
    }
    if message[0] == 143:
        return told | {"what": "report", "version": 2, "records": parse_records(message, 16)}
    group = str(ipaddress.ip_address(message[8:24]))
    told |= {"what": {130: "query", 131: "report", 132: "leave"}[message[0]],
             "version": 2 if len(message) > 24 and message[0] == 130 else 1}
    if group != "::":
        told["group"] = group
    if message[0] == 130:
        told["code"], = struct.unpack("!H", message[4:6])
    return told


def listen(options):
    """Packets of this host itself are not printed."""
    socks = []
    for protocol in (ETH_P_IP, ETH_P_IPV6):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(protocol))
        sock.bind((options.dev, protocol))
        # PACKET_ADD_MEMBERSHIP, PACKET_MR_ALLMULTI
        sock.setsockopt(263, 1, struct.pack("iHH8x", socket.if_nametoindex(options.dev), 2, 0))
        socks.append(sock)
    print(json.dumps({"what": "listening"}), flush=True)
    while True:
        for sock in select.select(socks, [], [])[0]:
            data, address = sock.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            told = None
            if data[0] >> 4 == 6:
                told = parse6(data)
            elif data[9] == 2:
                told = parse4(data)
            if told:
                print(json.dumps(told), flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("listen")
    verb.add_argument("dev")
    for name in ("query", "report"):
        verb = verbs.add_parser(name)
        verb.add_argument("dev")
        verb.add_argument("source", help="address that it comes from")
        verb.add_argument("--version", type=int)
        verb.add_argument("--to", help="destination (default: as the RFC has it)")
        if name == "query":
            verb.add_argument("--group", help="GROUP or GROUP,SOURCE...")
            verb.add_argument("--response", type=float, default=1, help="seconds")
        else:
            verb.add_argument("--count", type=int, default=1)
            verb.add_argument("--type", choices=TYPES, default="to_ex")
            verb.add_argument("group", help="GROUP or GROUP,SOURCE...")
    options = parser.parse_args()
    if options.verb == "listen":
        listen(options)
    options.six = ":" in options.source
    if options.version is None:
        options.version = 2 if options.six else 3
    if options.verb == "query":
        say(options, query(options))
        return
    for _ in range(options.count):
        say(options, report(options))


if __name__ == "__main__":
    main()
