#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets as one likes, what becomes of them, and what sockets are told.

  udp FROM TO HEX...     send UDP packets with these payloads; print each segment, with its header
  listen TO N            print the source address and the segment of N UDP packets, of any payload
  talk PROTOCOL FROM TO  a socket of FROM (ADDRESS:PORT) sends, or connects, to TO until it is told
                         an error; print its name, or "nothing"
  haunt DEV              forge ICMP errors, of all kinds, about each AMT message that comes in there,
                         quoting no more than 8 bytes of UDP, as one could who guessed its ports
"""

import argparse
import errno
import signal
import socket
import struct
import time

import relay

UDP, TCP, ICMP = 17, 6, 1
# type, code: unreachable (net, host, port, fragmentation needed, prohibited), source quench,
# redirect, time exceeded, parameter problem
KINDS = [(3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (4, 0), (5, 1), (11, 0), (12, 0)]
ELSEWHERE, NOWHERE = "192.0.2.200", "198.18.0.1"


def endpoint(text):
    address, port = text.split(":")
    return address, int(port)


def raw_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def segment(source, destination, payload):
    message = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
    return relay.with_checksum(message, 6, relay.pseudo_header(source[0], destination[0], UDP,
                                                               len(message)))


def send_udp(options):
    sock = raw_socket()
    for payload in options.payloads:
        message = segment(options.source, options.destination, bytes.fromhex(payload))
        sock.sendto(relay.ipv4(options.source[0], options.destination[0], UDP, message, ttl=64),
                    options.destination)
        print(options.source[0], message.hex(), flush=True)


def listen(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, UDP)
    sock.bind((options.destination[0], 0))
    sock.settimeout(options.timeout)
    print("listening", flush=True)
    seen = 0
    while seen < options.number:
        packet = sock.recv(65536)
        message = packet[(packet[0] & 15) * 4:]
        if struct.unpack("!H", message[2:4])[0] == options.destination[1]:
            print(socket.inet_ntoa(packet[12:16]), message.hex(), flush=True)
            seen += 1


def talk(options):
    kind = socket.SOCK_STREAM if options.protocol == "tcp" else socket.SOCK_DGRAM
    sock = socket.socket(socket.AF_INET, kind)
    sock.bind(options.source)
    sock.settimeout(options.timeout)
    sock.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
    sock.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR: any error, not only the hard ones
    end = time.monotonic() + options.timeout
    told = "nothing"
    try:
        sock.connect(options.destination)
        while kind == socket.SOCK_DGRAM and time.monotonic() < end:
            sock.send(bytes(options.size))
            time.sleep(0.1)
    except socket.timeout:
        pass
    except OSError as error:
        told = errno.errorcode[error.errno]
    print(told)


def quotes(source, destination, ports):
    """What errors quote: the packet itself, one to elsewhere, and one with IP options."""
    udp = ports + struct.pack("!HH", 16, 0)
    yield relay.ipv4(source, destination, UDP, udp, ttl=60)
    yield relay.ipv4(source, ELSEWHERE, UDP, udp, ttl=60)
    yield relay.ipv4(source, destination, UDP, udp, ttl=60, options=b"\1\1\1\0")


def haunt(options):
    watcher = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    watcher.bind((options.device, 0x0800))
    sock = raw_socket()
    sent = 0

    def stop(*_):
        print(f"sent {sent}", flush=True)
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    print("watching", flush=True)
    while True:
        packet, address = watcher.recvfrom(65536)
        udp = packet[(packet[0] & 15) * 4:]
        if address[2] == socket.PACKET_OUTGOING or packet[9] != UDP or udp[2:4] != b"\x08\xdc" or \
                udp[8] not in (relay.DISCOVERY, relay.REQUEST, relay.UPDATE):
            continue
        source, destination = (socket.inet_ntoa(packet[at:at + 4]) for at in (12, 16))
        for quote in quotes(source, destination, udp[:4]):
            for kind, code in KINDS:
                message = relay.with_checksum(struct.pack("!BBHHH", kind, code, 0, 0, 576) + quote,
                                              2)
                sock.sendto(relay.ipv4(NOWHERE, source, ICMP, message, ttl=60), (source, 0))
                sent += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timeout", type=float, default=5)
    parser.add_argument("--size", type=int, default=8, help="of what a socket sends")
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("udp")
    verb.add_argument("source", type=endpoint)
    verb.add_argument("destination", type=endpoint)
    verb.add_argument("payloads", nargs="+")
    verb.set_defaults(run=send_udp)
    verb = verbs.add_parser("listen")
    verb.add_argument("destination", type=endpoint)
    verb.add_argument("number", type=int)
    verb.set_defaults(run=listen)
    verb = verbs.add_parser("talk")
    verb.add_argument("protocol", choices=("tcp", "udp"))
    verb.add_argument("source", type=endpoint)
    verb.add_argument("destination", type=endpoint)
    verb.set_defaults(run=talk)
    verb = verbs.add_parser("haunt")
    verb.add_argument("device")
    verb.set_defaults(run=haunt)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
