#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A small AMT relay that follows RFC 7450 to the letter, in userspace, for what the kernel's relay
never does: the G and L flags of a Query, P known at 0x01 only, wrong and broken Advertisements.

It generates the multicast stream itself, for every channel joined, and keeps its observations in a
JSON file (--state), rewritten after every control message. SIGUSR1: it is loaded from now on (L).
"""

import argparse
import hashlib
import hmac
import ipaddress
import json
import os
import random
import selectors
import signal
import socket
import struct
import time

DISCOVERY, ADVERTISEMENT, REQUEST, QUERY, UPDATE, DATA, TEARDOWN = range(1, 8)
FLAG_G, FLAG_L = 0x01, 0x02  # RFC 7450, 5.1.4
QUERIER6 = "fe80::2"
SEQUENCES = 1 << 22  # of the stream, with --aligned


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_checksum(message, offset, pseudo=b""):
    """The message with the checksum, over the pseudo header too, at the offset."""
    value = checksum(pseudo + message) or 0xFFFF
    return message[:offset] + struct.pack("!H", value) + message[offset + 2:]


def ipv4(source, destination, protocol, payload, ttl=1, options=b"", identification=0, fragment=0):
    length = 20 + len(options)
    header = struct.pack("!BBHHHBBH4s4s", 0x40 | length // 4, 0, length + len(payload),
                         identification, fragment, ttl, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(destination)) + options
    return with_checksum(header, 10) + payload


def ipv6(source, destination, next_header, payload, hops=1):
    return struct.pack("!IHBB", 6 << 28, len(payload), next_header, hops) + \
        socket.inet_pton(socket.AF_INET6, source) + \
        socket.inet_pton(socket.AF_INET6, destination) + payload


def pseudo_header(source, destination, protocol, length):
    source, destination = (ipaddress.ip_address(a) for a in (source, destination))
    if source.version == 4:
        return source.packed + destination.packed + struct.pack("!BBH", 0, protocol, length)
    return source.packed + destination.packed + struct.pack("!II", length, protocol)


def udp(source, destination, port, payload):
    message = struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
    return with_checksum(message, 6, pseudo_header(source, destination, 17, len(message)))


def igmp_query(querier, max_response):
    """General Query of RFC 3376, 4.1; max_response: tenths of a second."""
    message = struct.pack("!BBH4sBBH", 0x11, max_response, 0, bytes(4), 2, 125, 0)
    return ipv4(querier, "224.0.0.1", 2, with_checksum(message, 2), options=b"\x94\x04\0\0")


def mld_query(max_response):
    """General Query of RFC 3810, 5.1, with the Router Alert; max_response: tenths of a second."""
    message = struct.pack("!BBHHH16sBBH", 130, 0, 0, max_response * 100, 0, bytes(16), 2, 125, 0)
    message = with_checksum(message, 2, pseudo_header(QUERIER6, "ff02::1", 58, len(message)))
    return ipv6(QUERIER6, "ff02::1", 0, b"\x3a\0\x05\x02\0\0\x01\0" + message)


def records(packet):
    """The (type, group, sources) of an IGMPv3 or MLDv2 report inside an Update."""
    if packet[0] >> 4 == 4:
        report, size = packet[(packet[0] & 15) * 4:], 4
        if packet[9] != 2 or report[0] != 0x22:
            return
    else:
        report, size = packet[40:], 16
        if packet[6] == 0:  # hop-by-hop
            report = report[(report[1] + 1) * 8:]
        if report[0] != 143:
            return
    at = 8
    for _ in range(struct.unpack("!H", report[6:8])[0]):
        kind, extra, n = struct.unpack("!BBH", report[at:at + 4])
        at += 4
        addresses = [str(ipaddress.ip_address(report[at + i * size:at + (i + 1) * size]))
                     for i in range(n + 1)]
        at += (n + 1) * size + extra * 4
        yield kind, addresses[0], addresses[1:]


class Garbage:
    """Advertisements (and Queries) that no gateway may believe. Each kind is a function of the
    nonce that returns a list of payloads, or sends by itself what is broken below UDP."""

    def __init__(self, relay, other):
        self.relay, self.other = relay, other
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.sent = {}

    @staticmethod
    def advertisement(nonce, address="192.0.2.66", first=0x02, reserved=b"\0\0\0"):
        return bytes([first]) + reserved + nonce + ipaddress.ip_address(address).packed

    def kinds(self):
        good = self.advertisement
        return {
            "empty": lambda n: [b""],
            "short": lambda n: [good(n)[:k] for k in range(1, 8)],
            "address-length": lambda n: [(good(n) + bytes(1200))[:k] for k in
                                         (8, 9, 10, 11, 13, 16, 23, 25, 1212)],
            "version": lambda n: [good(n, first=v << 4 | 2) for v in (1, 15)],
            "type": lambda n: [good(n, first=t) for t in (0, 1, 3, 5, 7, 8, 15)],
            "reserved": lambda n: [good(n, reserved=r) for r in
                                   (b"\x80\0\0", b"\x01\0\0", b"\0\x10\0", b"\0\0\x01")],
            "zero": lambda n: [good(n, "0.0.0.0")],
            "loopback": lambda n: [good(n, "127.0.0.1")],
            "multicast": lambda n: [good(n, "224.0.0.1"), good(n, "239.1.1.1")],
            "broadcast": lambda n: [good(n, "255.255.255.255")],
            "ipv6": lambda n: [good(n, "2001:db8::66")],
            "ipv6-zero": lambda n: [good(n, "::")],
            "nonce": lambda n: [good(bytes(b ^ 0xFF for b in n))],
            "random": lambda n: [b"\x02" + random.Random(i).randbytes(i % 40)
                                 for i in range(100)],
            "source": self.from_elsewhere,
            "checksum": self.bad_checksum,
            "udp-length": self.bad_udp_length,
            "fragment": self.fragment,
            "query-short": lambda n: [b"\x04" + bytes(k) for k in range(0, 11)],
            "query-random": lambda n: [b"\x04" + random.Random(i).randbytes(i)
                                       for i in range(100)],
        }

    def send(self, kind, nonce, gateway):
        payloads = self.kinds()[kind]
        if kind in ("source", "checksum", "udp-length", "fragment"):
            count = payloads(nonce, gateway)
        else:
            payloads = payloads(nonce)
            count = len(payloads)
            for payload in payloads:
                self.relay.socket.sendto(payload, gateway)
        self.sent[kind] = self.sent.get(kind, 0) + count

    def from_elsewhere(self, nonce, gateway):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((self.other, self.relay.port))
            other.sendto(self.advertisement(nonce), gateway)
        return 1

    def send_raw(self, segment, gateway, **arguments):
        packet = ipv4(self.relay.address, gateway[0], 17, segment, ttl=64, **arguments)
        self.raw.sendto(packet, (gateway[0], 0))

    def segment(self, nonce, gateway, length=None):
        payload = self.advertisement(nonce)
        segment = struct.pack("!HHHH", self.relay.port, gateway[1],
                              8 + len(payload) if length is None else length, 0) + payload
        return with_checksum(segment, 6, pseudo_header(self.relay.address, gateway[0], 17,
                                                       len(segment)))

    def bad_checksum(self, nonce, gateway):
        segment = bytearray(self.segment(nonce, gateway))
        segment[6] ^= 0x55
        self.send_raw(bytes(segment), gateway)
        return 1

    def bad_udp_length(self, nonce, gateway):
        lengths = (0, 7, 8, 12, 19, 21, 1000, 65535)
        for length in lengths:
            self.send_raw(self.segment(nonce, gateway, length), gateway)
        return len(lengths)

    def fragment(self, nonce, gateway):
        segment = self.segment(nonce, gateway)
        self.send_raw(segment[:16], gateway, identification=7, fragment=0x2000)
        return 1


class Relay:
    def __init__(self, options):
        self.options = options
        self.address, self.port = options.address, options.port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, self.port))
        self.secret = os.urandom(16)
        self.garbage = Garbage(self, options.other)
        self.gateway = None
        self.channels = {}  # (source, group) -> next sequence number
        self.next_data = None
        self.flags = set(options.flags)
        signal.signal(signal.SIGUSR1, lambda *_: self.flags.add("L"))
        self.nonces = {}  # gateway -> of its last Request
        self.rounds = {}  # gateway -> its Discoveries
        self.state = {"discoveries": 0, "advertisements": 0, "queries": 0, "queries4": 0,
                      "queries6": 0, "updates": 0, "refused": 0, "teardowns": 0, "data": 0,
                      "teardown": None,
                      "requests": {"0x00": 0, "0x01": 0, "0x80": 0, "other": 0}}

    def save(self):
        self.state["channels"] = sorted(f"{s},{g}" for s, g in self.channels)
        self.state["gateway"] = "%s:%d" % self.gateway if self.gateway else None
        self.state["garbage"] = self.garbage.sent
        self.state["rounds"] = {"%s:%d" % gateway: n for gateway, n in self.rounds.items()}
        temporary = self.options.state + ".new"
        with open(temporary, "w", encoding="ascii") as file:
            json.dump(self.state, file)
        os.rename(temporary, self.options.state)

    def mac(self, gateway, nonce):
        message = repr(gateway).encode() + nonce
        return hmac.new(self.secret, message, hashlib.sha256).digest()[:6]

    def discovery(self, message, gateway):
        nonce = message[4:8]
        self.state["discoveries"] += 1
        self.rounds[gateway] = self.rounds.get(gateway, 0) + 1
        if self.options.garbage:
            kinds = list(self.garbage.kinds()) if "all" in self.options.garbage \
                else self.options.garbage
            for kind in kinds:
                self.garbage.send(kind, nonce, gateway)
        if self.rounds[gateway] <= self.options.garbage_only:
            return
        self.state["advertisements"] += 1
        self.socket.sendto(Garbage.advertisement(nonce, self.options.advertise or self.address),
                           gateway)

    def request(self, message, gateway):
        name = f"0x{message[1]:02x}"
        requests = self.state["requests"]
        requests[name if name in requests else "other"] += 1
        mld = bool(message[1] & self.options.p_bit)
        flags = sum({"G": FLAG_G, "L": FLAG_L}[f] for f in self.flags)
        nonce = self.nonces[gateway] = message[4:8]
        query = bytes([QUERY, flags]) + self.mac(gateway, nonce) + nonce
        response = self.options.max_response
        query += mld_query(response) if mld else igmp_query(self.address, response)
        if flags & FLAG_G:
            query += self.gateway_fields(gateway)
        if self.state["queries"] == 0:
            self.state["first_query_usec"] = int(time.time() * 1e6)
        self.state["queries"] += 1
        self.state["queries6" if mld else "queries4"] += 1
        self.socket.sendto(query, gateway)

    def update(self, message, gateway):
        if message[2:8] != self.mac(gateway, message[8:12]):
            self.state["refused"] += 1
            return
        self.state["updates"] += 1
        self.gateway = gateway
        for kind, group, sources in records(message[12:]):
            if kind in (1, 5):  # is include, allow new sources
                for source in sources:
                    self.channels.setdefault((source, group), 0)
            elif kind == 6 or (kind == 3 and not sources):  # block, to include nothing
                for channel in list(self.channels):
                    if channel[1] == group and (kind == 3 or channel[0] in sources):
                        del self.channels[channel]
            elif kind == 3:
                for source in sources:
                    self.channels.setdefault((source, group), 0)
        if self.channels and self.next_data is None:
            self.next_data = time.monotonic()
            if self.options.aligned:
                self.next_data += -self.next_data % (1 / self.options.rate)

    def gateway_fields(self, gateway):
        """RFC 7450, 5.1.4.9 and 5.1.7."""
        form = bytes(12) if self.options.compatible else bytes(10) + b"\xff\xff"
        return struct.pack("!H", gateway[1]) + form + socket.inet_aton(gateway[0])

    def teardown(self, message, gateway):
        """It has to repeat the last Query's nonce and MAC; otherwise the state has the reason."""
        self.state["teardowns"] += 1
        faults = [name for name, fault in {
            "length": len(message) != 30,
            "reserved": message[:2] != bytes([TEARDOWN, 0]),
            "mac": message[2:8] != self.mac(gateway, message[8:12]),
            "nonce": message[8:12] != self.nonces.get(gateway),
            "gateway fields": message[12:] != self.gateway_fields(gateway),
        }.items() if fault]
        self.state["teardown"] = {"faults": faults, "channels": len(self.channels)}
        if not faults:
            self.channels.clear()

    def send_data(self):
        for (source, group), sequence in self.channels.items():
            if self.options.aligned:
                sequence = round(self.next_data * self.options.rate) % SEQUENCES
            payload = struct.pack("!QQ", sequence, int(time.time() * 1e6)) + bytes(84)
            segment = udp(source, group, self.options.stream_port, payload)
            inner = ipv4(source, group, 17, segment, ttl=8) if ":" not in group else \
                ipv6(source, group, 17, segment, hops=8)
            self.socket.sendto(bytes([DATA, 0]) + inner, self.gateway)
            self.channels[(source, group)] = sequence + 1
            self.state["data"] += 1
        self.next_data += 1 / self.options.rate
        if not self.channels:
            self.next_data = None

    def run(self):
        handlers = {DISCOVERY: self.discovery, REQUEST: self.request, UPDATE: self.update,
                    TEARDOWN: self.teardown}
        selector = selectors.DefaultSelector()
        selector.register(self.socket, selectors.EVENT_READ)
        self.save()
        while True:
            timeout = None
            if self.next_data is not None:
                timeout = max(0, self.next_data - time.monotonic())
            if selector.select(timeout):
                try:
                    message, gateway = self.socket.recvfrom(65536)
                except OSError:  # an ICMP error of what was sent before
                    continue
                if message and message[0] in handlers:
                    handlers[message[0]](message, gateway)
                    self.save()
            elif self.next_data is not None:
                self.send_data()


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", required=True, help="own address")
    parser.add_argument("--port", type=int, default=2268)
    parser.add_argument("--advertise", metavar="ADDRESS", help="in Advertisements, not the own")
    parser.add_argument("--flags", default="", help="of Queries: G, L or GL")
    parser.add_argument("--compatible", action="store_true",
                        help="gateway addresses as ::a.b.c.d, not ::ffff:a.b.c.d")
    parser.add_argument("--p-bit", type=lambda text: int(text, 0), default=0x01,
                        help="where P of a Request is looked for (default: 0x01)")
    parser.add_argument("--max-response", type=int, default=1, metavar="TENTHS",
                        help="within which hosts answer a Query, of a second (default: 1, at most "
                             "127), so that reports come soon")
    parser.add_argument("--rate", type=float, default=100, help="packets per second and channel")
    parser.add_argument("--aligned", action="store_true",
                        help="packets are numbered by the clock, for all relays alike")
    parser.add_argument("--stream-port", type=int, default=5000)
    parser.add_argument("--garbage", action="append", metavar="KIND",
                        help="with every Advertisement; 'all' for every kind")
    parser.add_argument("--garbage-only", type=int, default=0, metavar="N",
                        help="the first N Discoveries of a gateway get nothing but garbage")
    parser.add_argument("--other", default="127.0.0.1", metavar="ADDRESS",
                        help="a second own address, for garbage from elsewhere")
    parser.add_argument("--state", required=True, metavar="FILE")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    Relay(parse_options()).run()
