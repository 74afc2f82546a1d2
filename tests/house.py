#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The layout of src, checked: who may include and call whom (src/README.md).

usage: house.py BUILD

Reads the includes of src, and the symbols of the object files below BUILD/src (nm). Fails when a
room uses one that it may not, when files form a circle, and when something is used outside of the
room that owns it.

A breach is a line, and exit status 1:

    base/parse includes wire/message: base may not use wire
    base/parse calls amtd/core/hooks: base may not use amtd/core
"""

import collections
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
SRC = TOP / "src"

# room: the rooms that it may use besides itself. A file's room is the longest match.
LOW = {"base", "wire"}
CORE = LOW | {"kernel", "discovery", "device", "membership", "amtd/core"}
ROOMS = {
    "base": set(),
    "wire": {"base"},
    "membership": LOW,
    "discovery": LOW,
    "kernel": LOW,
    "device": LOW | {"kernel", "discovery"},
    "amtd/core": CORE - {"membership"},
    "amtd/gateway": CORE,
    "amtd/channels": CORE,
    "amtd/forward": CORE | {"amtd/channels"},
    "amtd/relay": CORE | {"amtd/forward"},
    "amtd/api": CORE | {"amtd/gateway", "amtd/channels", "amtd/forward", "amtd/relay"},
    "amtd/main": CORE | {"amtd/gateway", "amtd/channels", "amtd/forward", "amtd/relay",
                         "amtd/api"},
    "amtctl": LOW | {"discovery", "amtctl/output", "amtctl/offline", "amtctl/create-options",
                     "amtctl/handshake"},
    "amtctl/handshake": LOW,
    "amtctl/output": LOW | {"discovery", "amtctl/handshake"},
    "amtctl/offline": LOW | {"kernel", "amtctl", "amtctl/output"},
    "amtctl/create-options": LOW | {"device", "amtctl"},
}

# What a room alone may do: a pattern, the rooms, what it is.
OWNED = [
    (r"\bjson_(pack|object_set\w*|object_update\w*|array_append\w*|string|integer|dumps\w*)\(",
     {"amtd/api", "amtctl/output"}, "makes JSON"),
    (r"#include <systemd/sd-bus", {"amtd/api", "amtctl"}, "uses sd-bus"),
    (r"\b(NETLINK_ROUTE|AF_PACKET|SOCK_RAW|NFQNL|nft_ctx_new)\b", {"kernel"},
     "opens a kernel interface"),
]


def room_of(path):
    """The room of a path below src, without its ending."""
    best = ""
    for room in ROOMS:
        if (path == room or path.startswith(room + "/")) and len(room) > len(best):
            best = room
    return best


def stem(path):
    return re.sub(r"\.[ch]$", "", str(path))


def check_use(errors, user, used, how):
    a, b = room_of(user), room_of(used)
    if not a or not b:
        errors.append(f"{user if not a else used} is in no room of tests/house.py")
    elif a != b and b not in ROOMS[a]:
        errors.append(f"{user} {how} {used}: {a} may not use {b}")


def circles(graph):
    """Strongly connected components of more than one node (Tarjan)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], index[other])
        if low[node] != index[node]:
            return
        component = []
        while not component or component[-1] != node:
            component.append(stack.pop())
            on_stack.discard(component[-1])
        if len(component) > 1:
            found.append(sorted(component))

    sys.setrecursionlimit(10000)
    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def read_includes(errors):
    """The graph of includes."""
    graph = collections.defaultdict(set)
    for path in sorted(SRC.rglob("*.[ch]")):
        name = str(path.relative_to(SRC))
        text = path.read_text()
        graph[name]
        for included in re.findall(r'^#include "([^"]+)"', text, re.M):
            if not (SRC / included).exists():
                errors.append(f"{name}: \"{included}\" is not below src: include it with its room")
                continue
            check_use(errors, stem(name), stem(included), "includes")
            graph[name].add(included)
        for pattern, rooms, what in OWNED:
            if room_of(stem(name)) not in rooms and re.search(pattern, text):
                errors.append(f"{name}: only {' and '.join(sorted(rooms))} {what}")
    return graph


def source_of(build, obj):
    """src/device/libdevice.a.p/config.c.o, src/amtd/libamtd-core.a.p/core_pass.c.o: the source."""
    folder = obj.relative_to(build / "src").parent.parent
    return stem(str(folder / obj.name[: -len(".o")].replace("_", "/")))


def read_calls(errors, build):
    """The graph of object files: undefined against defined symbols."""
    defined, undefined = {}, collections.defaultdict(set)
    objects = sorted((build / "src").rglob("*.c.o"))
    if not objects:
        sys.exit(f"house.py: no object files below {build}/src")
    for obj in objects:
        source = source_of(build, obj)
        if not (SRC / (source + ".c")).exists():
            continue  # of a source that has gone
        for line in subprocess.check_output(["nm", "-g", obj], text=True).splitlines():
            *_, kind, symbol = line.split()
            if kind == "U":
                undefined[source].add(symbol)
            elif symbol != "main":
                defined[symbol] = source
    graph = {source: set() for source in defined.values()}
    for source, symbols in undefined.items():
        graph.setdefault(source, set())
        for symbol in symbols & defined.keys():
            if defined[symbol] != source:
                graph[source].add(defined[symbol])
    for source in graph:
        for used in graph[source]:
            check_use(errors, source, used, "calls")
    return graph


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    errors = []
    build = pathlib.Path(sys.argv[1]).resolve()
    for what, graph in (("includes", read_includes(errors)), ("calls", read_calls(errors, build))):
        for circle in circles(collections.defaultdict(set, graph)):
            errors.append(f"circle of {what}: " + ", ".join(circle))
    for error in sorted(set(errors)):
        print(error)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
