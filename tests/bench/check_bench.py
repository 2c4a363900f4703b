#!/usr/bin/env python3
"""Runs small benchmarks and checks their form: the JSON object, and that the metrics follow from the samples.

Usage: check_bench.py WEIR_BENCH SCRIPTS_DIRECTORY
"""
import json
import os
import subprocess
import sys
import tempfile


def check(bench, scripts, name, arguments, metrics, zero=()):
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
        for metric, spread in again.items():
            if metric in zero:
                assert spread["min"] == spread["max"] == 0, again
            else:
                assert 0 < spread["min"] <= spread["median"] <= spread["max"], again


def has_cgroups(bench):
    trial = subprocess.run([bench, "kill", "--runs", "1", "--kills", "1"], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=300)
    without = b"cgroups are required" in trial.stderr
    if without:
        print("skipping launch and kill: " + trial.stderr.decode())
    return not without


def rates(name):
    return [name + "_per_second", name + "_per_cpu_second"]


def main():
    bench, scripts = sys.argv[1:]
    check(bench, scripts, "allocate-latency", ["--runs", "2", "--nodes", "2", "--asks", "20"],
          ["ask_to_answer_p50_us", "ask_to_answer_p99_us", "submissions"])
    check(bench, scripts, "launch-latency", ["--runs", "2", "--launches", "5"],
          ["ask_to_running_p50_us", "ask_to_running_p99_us"])
    check(bench, scripts, "nm-overhead",
          ["--runs", "2", "--containers", "3", "--seconds", "4"],
          ["cpu_percent", "resident_mib", "launch_resident_mib"])
    if has_cgroups(bench):
        check(bench, scripts, "launch", ["--runs", "2", "--serial", "5", "--burst", "5"],
              ["serial_p50_us", "serial_p99_us", "burst_launches_per_second"])
        check(bench, scripts, "kill", ["--runs", "2", "--kills", "5"], ["p50_us", "p99_us"])
    check(bench, scripts, "localise",
          ["--runs", "2", "--containers", "20", "--resources", "3", "--resource-mb", "1"],
          ["downloads", "cache_hit_added_us", "cache_hit_added_p99_us", "all_ms"])
    small = ["--runs", "2", "--nodes", "20"]
    check(bench, scripts, "scheduler-allocate", [*small, "--asks", "200"], rates("decisions"))
    check(bench, scripts, "scheduler-reject",
          ["--runs", "2", "--types", "5", "--queues", "4", "--applications", "8", "--churn", "10",
           "--updates", "200"], rates("updates"))
    check(bench, scripts, "scheduler-gang", [*small, "--gangs", "10", "--size", "8"],
          rates("containers"))
    check(bench, scripts, "scheduler-gang", [*small, "--gangs", "10", "--size", "8", "--spread"],
          rates("containers"))
    check(bench, scripts, "scheduler-preempt",
          [*small, "--queues", "4", "--containers", "400"],
          ["round_ms", "longest_step_ms", "longest_step_cpu_ms", "warned"])
    check(bench, scripts, "scheduler-flood", [*small, "--asks", "200", "--flood", "2000"],
          ["slowdown", "cpu_slowdown", "quiet_decisions_per_second",
           "flooded_decisions_per_second"])
    check(bench, scripts, "scheduler-memory",
          [*small, "--applications", "10", "--containers", "1000"],
          ["resident_mib", "bytes_per_container", "idle_ratio", "resident_before_mib",
           "resident_after_mib"])
    check(bench, scripts, "heartbeat-step", [*small, "--statuses", "5"],
          [*rates("heartbeats"), "placed_again"])
    stores = ["leveldb", "filesystem"]
    if os.path.exists("/usr/share/java/zookeeper.jar"):
        stores.append("zookeeper")
    for store in stores:
        shared = store == "zookeeper"
        check(bench, scripts, "submit-durable",
              ["--runs", "2", "--store", store, "--clients", "4", "--ms", "200"],
              ["submissions_per_second", "p50_ms", "p99_ms", "raw_store_per_second",
               "raw_store_p50_ms", "raw_store_p99_ms",
               *(["multis_per_second", "of_multis", "raw_store_of_multis"] if shared else [])])
        check(bench, scripts, "recover", ["--runs", "2", "--store", store, "--applications", "50"],
              ["load_seconds", "records",
               *(["warm_takeover_seconds", "warm_takeover_max_seconds"] if shared else [])])
    if "zookeeper" in stores:
        check(bench, scripts, "failover",
              ["--runs", "2", "--nodes", "3", "--applications", "4", "--containers", "12",
               "--kills", "1"],
              ["first_new_container_p50_ms", "first_new_container_p99_ms", "takeover_ms",
               "takeover_max_ms", "all_back_p50_ms", "lost", "duplicated", "disturbed"],
              zero=("lost", "duplicated", "disturbed"))
    wrong = subprocess.run([bench, "allocate-latency", "--nodez", "2"], stderr=subprocess.PIPE)
    assert wrong.returncode == 2 and b"--nodez" in wrong.stderr, wrong


if __name__ == "__main__":
    main()
