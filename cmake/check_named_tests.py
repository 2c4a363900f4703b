#!/usr/bin/env python3
"""Checks that the tests which a page names exist.

Usage: check_named_tests.py ROOT PAGE. What stands as `Suite.Name` in a table of the page has to be
a test below ROOT/tests. Prints each that is not and exits 1 if there is one, or if none is named.
"""
import os
import re
import sys

NAMED = re.compile(r"`(\w+\.\w+)`")
TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")


def tests_below(root):
    found = set()
    for directory, _, names in os.walk(os.path.join(root, "tests")):
        for name in names:
            if name.endswith((".cc", ".h")):
                with open(os.path.join(directory, name), encoding="utf-8") as file:
                    found.update(".".join(pair) for pair in TEST.findall(file.read()))
    return found


def main():
    root, page = sys.argv[1:]
    tests = tests_below(root)
    suites = {name.split(".")[0] for name in tests}
    named = 0
    missing = 0
    with open(page, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.startswith("|"):
                continue
            for name in NAMED.findall(line):
                # Other words with a dot are files and keys; a suite is capitalised or known.
                if name.split(".")[0] not in suites and not name[0].isupper():
                    continue
                named += 1
                if name not in tests:
                    missing += 1
                    print(f"{page}:{number}: there is no test {name}")
    if named == 0:
        print(f"{page} names no test")
    return 1 if missing or named == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
