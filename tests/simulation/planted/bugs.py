"""Faults that are put into the product, one at a time (scripts/planted-bugs), to show that the simulator notices each.

Usage: bugs.py list | bugs.py plant NAME TREE | bugs.py fit TREE

Each is a replacement of one text that stands exactly once in one file of TREE; when the product changes, `plant` says
which one has to be written anew. The last column: what weir-sim is to be run with.
"""
import os
import sys

BUGS = [
    ("reply-before-durable", "an answer does not wait for its record",
     "resourcemanager/core/resource_manager_core.cc",
     "  if (after_record <= committed) after_record = 0;\n",
     "  after_record = 0;\n", ""),
    ("old-attempt-heard", "a former attempt is listened to",
     "resourcemanager/core/master_calls.cc",
     "  if (attempt != application->current() || IsFinal(attempt->state)) {",
     "  if (attempt->slot == std::nullopt) {", ""),
    ("two-masters", "the next ApplicationMaster does not wait for the one before",
     "resourcemanager/core/attempt_lifecycle.cc",
     "  if (FormerLeft(application, attempt) != Former::kNothing) {", "  if (false) {", ""),
    ("token-used-twice", "a container that has ended is started by its token again",
     "nodemanager/core/machine_callers.cc",
     "    if (remembered.contains(id)) {", "    if (remembered.contains(id) && id.number < 0) {", ""),
    ("end-untold", "an end that was reported is not told to its master",
     "resourcemanager/core/resume.cc",
     "  TellEnd(attempt, status, node.index);\n",
     "  if (status.exit_code != 0) TellEnd(attempt, status, node.index);\n", ""),
    ("end-told-twice", "a container that is reported complete again is told to its master again",
     "resourcemanager/core/resume.cc",
     "  const bool told = complete && known != nullptr && known->completions.contains(id);\n",
     "  const bool told = complete && known != nullptr && id.number < 0;\n", ""),
    ("unknown-is-done", "a write whose outcome is not known counts as durable",
     "state-store/protocol/zk_writer.cc",
     "  if (outcome.code == ZkCode::kUnknown || overtaken || flight != flights_.begin()) {",
     "  if (outcome.code == ZkCode::kUnknown && flight == flights_.begin()) {\n"
     "    return FlightDone(ZkOutcome{}, actions);\n  }\n"
     "  if (outcome.code == ZkCode::kUnknown || overtaken || flight != flights_.begin()) {",
     "--resource-managers 2"),
    ("lease-without-end", "a node keeps its containers however long it has heard of nobody",
     "nodemanager/core/machine_lease.cc",
     "        StopOne(container, StopCause::kLeaseEnded, now, words);\n", "", ""),
    ("losses-without-limit", "any number of silent nodes is given up at once",
     "resourcemanager/core/decommission.cc",
     "    if (!expiry_limiter.Take(active_nodes + awaited_nodes, now.monotonic)) break;\n",
     "    static_cast<void>(expiry_limiter.Take(active_nodes + awaited_nodes, now.monotonic));\n", ""),
    ("write-without-fence", "a writer checks neither the epoch nor the head",
     "state-store/protocol/zk_writer.cc",
     "  multi.operations.reserve(flight.records.size() + 3);\n  multi.operations.push_back(\n"
     "      {.kind = Kind::kCheck, .path = layout_.epoch(), .version = epoch_version_});\n"
     "  multi.operations.push_back({.kind = Kind::kSet,\n"
     "                              .path = layout_.head(),\n"
     "                              .data = EncodeHead(head),\n"
     "                              .version = head_version_++});\n",
     "  ++head_version_;\n  multi.operations.push_back(\n"
     "      {.kind = Kind::kCheck, .path = layout_.epoch(), .version = kAnyVersion});\n"
     "  multi.operations.push_back({.kind = Kind::kSet,\n"
     "                              .path = layout_.head(),\n"
     "                              .data = EncodeHead(head),\n"
     "                              .version = kAnyVersion});\n",
     "--resource-managers 2"),
    ("silent-master", "an ApplicationMaster that falls silent is waited for for ever",
     "resourcemanager/core/attempt_lifecycle.cc",
     "  if (attempt == nullptr) return;\n  if (attempt->state == RmAttemptState::kFinishing) {\n"
     "    Move(*attempt, AttemptEvent::kExpired);",
     "  if (attempt == nullptr || attempt->state == RmAttemptState::kRunning) return;\n"
     "  if (attempt->state == RmAttemptState::kFinishing) {\n"
     "    Move(*attempt, AttemptEvent::kExpired);", ""),
    ("key-used-twice", "a submission that is sent again makes another application",
     "resourcemanager/core/application_lifecycle.cc",
     "      known != idempotency_keys.end()) {",
     "      known != idempotency_keys.end() && event.idempotency_key.empty()) {", ""),
    ("attempts-begin-anew", "the attempts that are stored are not read",
     "resourcemanager/core/following.cc",
     "  return attempt >= 1 && static_cast<size_t>(attempt) <= kAttemptsMax;\n",
     "  return attempt < 1;\n", ""),
]


def planted(tree, row):
    """The file's text with the bug in it."""
    name, _, path, before, after, _ = row
    with open(os.path.join(tree, path), encoding="utf-8") as source:
        text = source.read()
    if text.count(before) != 1:
        sys.exit(f"{name}: {path} has this text {text.count(before)} times, not once:\n{before}")
    return text.replace(before, after)


def main():
    if len(sys.argv) == 2 and sys.argv[1] == "list":
        for name, what, path, _, _, options in BUGS:
            print(f"{name}|{path}|{options}|{what}")
        return
    if len(sys.argv) == 3 and sys.argv[1] == "fit":
        for row in BUGS:
            planted(sys.argv[2], row)
        return
    if len(sys.argv) != 4 or sys.argv[1] != "plant":
        sys.exit(__doc__)
    rows = [row for row in BUGS if row[0] == sys.argv[2]]
    if not rows:
        sys.exit(f"there is no bug '{sys.argv[2]}'; see list")
    text = planted(sys.argv[3], rows[0])
    with open(os.path.join(sys.argv[3], rows[0][2]), "w", encoding="utf-8") as target:
        target.write(text)


if __name__ == "__main__":
    main()
