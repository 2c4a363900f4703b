#!/usr/bin/env python3
"""Runs small benchmarks and checks their form: the JSON object, and that the metrics follow from the samples.

Usage: check_bench.py WEIR_BENCH SCRIPTS_DIRECTORY
"""
import json
import os
import subprocess
import sys
import tempfile


def check(bench, scripts, name, arguments, metrics):
    with tempfile.TemporaryDirectory() as directory:
        samples = os.path.join(directory, "samples")
        output = subprocess.run([bench, name, *arguments, "--json", "--samples", samples],
                                check=True, stdout=subprocess.PIPE, timeout=300).stdout
        result = json.loads(output)
        assert result["name"] == name and result["runs"] == 2, result
        assert sorted(result["metrics"]) == sorted(metrics), result
        again = json.loads(subprocess.run([os.path.join(scripts, "bench-metrics"), samples],
                                          check=True, stdout=subprocess.PIPE).stdout)
        assert again == result["metrics"], (again, result["metrics"])
        for spread in again.values():
            assert 0 < spread["min"] <= spread["median"] <= spread["max"], again


def main():
    bench, scripts = sys.argv[1:]
    check(bench, scripts, "allocate-latency", ["--runs", "2", "--nodes", "2", "--asks", "20"],
          ["ask_to_answer_p50_us", "ask_to_answer_p99_us", "submissions"])
    check(bench, scripts, "launch-latency", ["--runs", "2", "--launches", "5"],
          ["ask_to_running_p50_us", "ask_to_running_p99_us"])
    wrong = subprocess.run([bench, "allocate-latency", "--nodez", "2"], stderr=subprocess.PIPE)
    assert wrong.returncode == 2 and b"--nodez" in wrong.stderr, wrong


if __name__ == "__main__":
    main()
