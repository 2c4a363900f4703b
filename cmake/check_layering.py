#!/usr/bin/env python3
"""Checks who includes whom, and that pure code stays pure.

Usage: check_layering.py ROOT. Prints each violation as file:line and exits 1 if there is one.
The rules are those of docs/architecture.md; a line may be excused for an unordered container, for
look-up only, by a comment with the word "lookup-only" on it.
"""
import os
import re
import sys

# layer -> layers it may include (besides itself). A layer is the longest prefix that matches.
ALLOWED = {
    "common": [],
    "security": ["common"],
    "scheduler": ["common"],
    "state-store/records": ["common"],
    "state-store/frame_log": ["common", "state-store/records"],
    "state-store/protocol": ["common", "state-store/records"],
    "state-store": ["common", "platform", "state-store/records", "state-store/frame_log",
                    "state-store/protocol"],
    "platform": ["common", "security", "gen"],
    "wire": ["common", "platform", "gen"],
    "resourcemanager/core": ["common", "security", "scheduler", "state-store/records"],
    "resourcemanager/server": ["common", "security", "platform", "wire", "gen", "scheduler",
                               "state-store", "state-store/records", "resourcemanager/core"],
    "log-archive": ["common", "platform"],
    "nodemanager/core": ["common", "security", "state-store/records"],
    "nodemanager/executor": ["common", "platform", "log-archive", "nodemanager/core",
                             "nodemanager/launch"],
    "nodemanager/launch": ["common"],
    "nodemanager/server": ["common", "security", "platform", "wire", "gen", "log-archive",
                           "state-store", "nodemanager/core", "nodemanager/executor"],
    "appmaster/core": ["common"],
    "appmaster/client": ["common", "platform", "wire", "gen", "appmaster/core"],
    "appmaster/engine": ["common", "platform", "appmaster/core", "stream/graph",
                         "stream/jobmanager/core", "stream/jobmanager/server"],
    "appmaster/server": ["common", "platform", "wire", "gen", "appmaster/core", "appmaster/client",
                         "appmaster/engine", "stream/graph", "stream/jobmanager/core",
                         "stream/jobmanager/server"],
    "stream/graph": ["common"],
    "stream/api": ["common", "stream/graph"],
    "stream/runtime": ["common", "platform", "stream/graph", "stream/api"],
    "stream/jobmanager/core": ["common", "stream/graph"],
    "stream/jobmanager/server": ["common", "platform", "wire", "gen", "stream/graph",
                                 "stream/jobmanager/core"],
    "stream/taskmanager/core": ["common", "stream/graph"],
    "stream/taskmanager/server": ["common", "platform", "wire", "gen", "stream/graph", "stream/api",
                                  "stream/runtime", "stream/taskmanager/core"],
    "stream/examples": ["stream/api"],
    "client": ["common", "platform", "wire", "gen", "log-archive", "state-store",
               "state-store/records", "stream/graph"],
    "tests/simulation": ["common", "scheduler", "state-store/records", "state-store/frame_log",
                         "state-store/protocol", "resourcemanager/core", "nodemanager/core", "appmaster/core"],
}
# Layers of files with that beginning, in a folder of another layer.
FILES = ["state-store/records", "state-store/frame_log"]
PURE = ["common", "security", "scheduler", "state-store/records", "state-store/frame_log", "state-store/protocol",
        "resourcemanager/core", "nodemanager/core",
        "appmaster/core", "stream/graph", "stream/jobmanager/core", "stream/taskmanager/core",
        "tests/simulation"]
BANNED = re.compile(
    r"<(thread|mutex|future|iostream|fstream|filesystem|condition_variable|random)>"
    r"|system_clock|steady_clock|random_device|\bgetenv\b|spdlog|\"?thrift/|leveldb/|<zookeeper|\bzoo_|libcgroup"
    r"|<unistd\.h>|<sys/|\brand\(|\btime\(nullptr\)")
UNORDERED = re.compile(r"\bunordered_(map|set)\b")
INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"')


def layer_of(path):
    matches = [layer for layer in ALLOWED if path == layer or path.startswith(layer + "/")
               or (layer in FILES and path.startswith(layer))]
    if path.startswith("gen/"):
        return "gen"
    return max(matches, key=len) if matches else None


def check_file(root, path, problems):
    layer = layer_of(path)
    if layer is None:
        return
    with open(os.path.join(root, path), encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            include = INCLUDE.match(line)
            if include:
                target = layer_of(include.group(1))
                if target not in (None, layer) and target not in ALLOWED[layer]:
                    problems.append(f"{path}:{number}: {layer} may not include {include.group(1)}")
            if layer not in PURE:
                continue
            code = line.split("//")[0]
            banned = BANNED.search(code)
            if banned:
                problems.append(f"{path}:{number}: '{banned.group(0)}' does not belong into pure code")
            if UNORDERED.search(code) and "#include" not in code and "lookup-only" not in line:
                problems.append(f"{path}:{number}: an unordered container in pure code "
                                "(say 'lookup-only' and why if it is never iterated)")


def main():
    root = sys.argv[1]
    problems = []
    checked = 0
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = sorted(f for f in subfolders if not f.startswith((".", "build")))
        for name in sorted(files):
            if name.endswith((".h", ".cc")):
                check_file(root, os.path.relpath(os.path.join(folder, name), root), problems)
                checked += 1
    for problem in problems:
        print(problem)
    if checked == 0:
        print(f"no source files below {root}")
        sys.exit(1)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
