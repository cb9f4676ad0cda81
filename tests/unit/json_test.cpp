// Every document of the JSON interface, member by member.
#include "dbsnap/json.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace dbsnap {
namespace {

using Json = nlohmann::json;

const TimePoint kTime = parse_time("2026-11-21T06:59:29.25Z");

std::vector<std::string> members_of(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

SnapshotSummary summary() {
  SnapshotSummary summary;
  summary.id = "0123456789abcdef0123456789abcdef";
  summary.source_key = "app-db";
  summary.source = {"sqlite", "sqlite:///srv/app.db", "app.db", "web1"};
  summary.time = kTime;
  summary.tags = {"nightly"};
  summary.pinned = true;
  summary.size = std::numeric_limits<std::uint64_t>::max();
  summary.stored = 7;
  summary.entries = 1;
  return summary;
}

Manifest manifest() {
  Manifest manifest;
  manifest.id = summary().id;
  manifest.source = summary().source;
  manifest.source_key = "app-db";
  manifest.started = manifest.time = kTime;
  manifest.finished = kTime + std::chrono::seconds(1);
  manifest.consistency_point = {{"salt", std::string("18446744073709551615")}, {"frame", std::int64_t{-1}}};
  manifest.engine_facts = {{"wal", true}, {"ratio", 0.5}};
  manifest.tags = {"nightly"};
  manifest.warnings = {"slow"};
  manifest.tool_version = "0.1.0";
  manifest.entries = {{"main", EntryKind::page_file, 4096, 1, "ab", {}, 0, {}}};
  manifest.packs = {{"packs/aa/x-1", 10, "cd", "", {}}, {"packs/aa/y-1", 20, "ef", "ab", {0}}};
  manifest.stats.frames_delta = 3;
  return manifest;
}

TEST_CASE("a snapshot's summary holds every member") {
  const Json json = Json::parse(to_json(summary()));
  CHECK(members_of(json) == std::vector<std::string>{"entries", "good", "id", "origin", "pinned", "size_bytes",
                                                     "source", "source_key", "stored_bytes", "tags", "time"});
  CHECK(json["origin"].is_null());
  CHECK(json["time"] == "2026-11-21T06:59:29.25Z");
  CHECK(json["source"] ==
        Json{{"engine", "sqlite"}, {"url", "sqlite:///srv/app.db"}, {"name", "app.db"}, {"host", "web1"}});
  CHECK(json["size_bytes"] == std::numeric_limits<std::uint64_t>::max());
  CHECK(json["tags"] == Json::array({"nightly"}));
  CHECK(json["pinned"] == true);
  CHECK(json["good"] == true);
}

TEST_CASE("a list of snapshots is an array, also when it is empty or has one") {
  CHECK(to_json(std::vector<SnapshotSummary>{}) == "[]");
  CHECK(Json::parse(to_json(std::vector{summary()})).size() == 1);
  CHECK(Json::parse(to_json(std::vector{summary()}))[0]["id"] == summary().id);
}

TEST_CASE("a manifest holds every member and typed facts") {
  const Json json = Json::parse(to_json(manifest()));
  CHECK(members_of(json) == std::vector<std::string>{"consistency_point", "engine_facts", "entries", "finished",
                                                     "format", "id", "origin", "packs", "parent", "source",
                                                     "source_key", "started", "stats", "tags", "time", "tool_version",
                                                     "warnings"});
  CHECK(json["parent"].is_null());
  CHECK(json["finished"] == "2026-11-21T06:59:30.25Z");
  CHECK(json["consistency_point"] == Json{{"salt", "18446744073709551615"}, {"frame", -1}});
  CHECK(json["engine_facts"] == Json{{"wal", true}, {"ratio", 0.5}});
  CHECK(json["entries"][0] == Json{{"name", "main"},
                                   {"kind", "page_file"},
                                   {"size_bytes", 4096},
                                   {"chunks", 1},
                                   {"digest", "ab"},
                                   {"facts", Json::object()}});
  CHECK(json["packs"][1] == Json{{"key", "packs/aa/y-1"},
                                 {"size_bytes", 20},
                                 {"sha256", "ef"},
                                 {"object_sha256", "ab"},
                                 {"bases", Json::array({0})}});
  CHECK(members_of(json["stats"]) == std::vector<std::string>{"bytes_new", "bytes_read", "bytes_stored", "chunks",
                                                              "chunks_new", "frames", "frames_delta", "packs_written",
                                                              "store"});
  CHECK(members_of(json["stats"]["store"]) ==
        std::vector<std::string>{"bytes_down", "bytes_up", "gets", "lists", "puts", "removes", "requests", "stats"});
  CHECK(json["stats"]["frames_delta"] == 3);
}

TEST_CASE("reports of restore, prune and stats hold their figures") {
  CHECK(Json::parse(to_json(RestoreReport{"x", 5, 2})) == Json{{"id", "x"}, {"bytes", 5}, {"entries", 2}});
  CHECK(Json::parse(to_json(PruneReport{1, 2, 3, 4})) ==
        Json{{"snapshots_removed", 1}, {"packs_removed", 2}, {"bytes_freed", 3}, {"fenced", 4}});
  CHECK(Json::parse(to_json(RepositoryStats{1, 2, 3, 4, 5, 6, 7})) == Json{{"snapshots", 1},
                                                                           {"sources", 2},
                                                                           {"objects", 3},
                                                                           {"stored_bytes", 4},
                                                                           {"pack_bytes", 5},
                                                                           {"unreferenced_bytes", 6},
                                                                           {"plain_bytes", 7}});
}

TEST_CASE("a verify report says what is damaged, and null where no snapshot is known") {
  VerifyReport report{1, 2, 3, 4, {}, {10, 100}, {5, 50}, {3, 30}, {2, 20}, parse_time("2026-11-21T06:59:29Z")};
  CHECK(Json::parse(to_json(report)) == Json{{"ok", true},
                                             {"snapshots", 1},
                                             {"objects", 2},
                                             {"frames", 3},
                                             {"bytes", 4},
                                             {"damage", Json::array()},
                                             {"packs_needed", {{"packs", 10}, {"bytes", 100}}},
                                             {"packs_checked", {{"packs", 5}, {"bytes", 50}}},
                                             {"packs_fresh", {{"packs", 3}, {"bytes", 30}}},
                                             {"packs_left", {{"packs", 2}, {"bytes", 20}}},
                                             {"oldest_check", "2026-11-21T06:59:29Z"}});
  CHECK(Json::parse(to_json(VerifyReport{}))["oldest_check"].is_null());
  report.damage = {{"x", "packs/a", "frame 3 does not decode"}, {"", "packs/b", "wrong size"}};
  const Json json = Json::parse(to_json(report));
  CHECK(json["ok"] == false);
  CHECK(json["damage"][0] == Json{{"snapshot", "x"}, {"object", "packs/a"}, {"what", "frame 3 does not decode"}});
  CHECK(json["damage"][1]["snapshot"].is_null());
}

TEST_CASE("a diff names every kind of change") {
  using Change = EntryDiff::Change;
  const DiffReport report{"x",
                          "y",
                          {{"a", Change::same, 1, 1, 0, 0},
                           {"b", Change::added, 0, 2, 1, 2},
                           {"c", Change::removed, 3, 0, 0, 0},
                           {"d", Change::changed, 4, 5, 6, 7}}};
  const Json json = Json::parse(to_json(report));
  CHECK(json["before"] == "x");
  CHECK(json["after"] == "y");
  CHECK(json["entries"][0]["change"] == "same");
  CHECK(json["entries"][1]["change"] == "added");
  CHECK(json["entries"][2]["change"] == "removed");
  CHECK(json["entries"][3] == Json{{"name", "d"},
                                   {"change", "changed"},
                                   {"size_before_bytes", 4},
                                   {"size_after_bytes", 5},
                                   {"chunks_changed", 6},
                                   {"bytes_changed", 7}});
}

TEST_CASE("a prune plan says why, what it frees and how far back restore reaches") {
  PrunePlan plan;
  CHECK(Json::parse(to_json(plan))["oldest_kept"].is_null());
  plan.decisions = {{summary(), {summary().id, true, {{KeepRule::daily, "2026-11-21"}}}, 0},
                    {summary(), {summary().id, false, {}}, 9}};
  plan.packs = {{"packs/aa/x-1", 10}};
  plan.bytes_freed = 10;
  plan.oldest_kept = kTime;
  plan.unfinished = {{"f0", "web1", "app.db", kTime}};
  const Json json = Json::parse(to_json(plan));
  CHECK(json["decisions"][0]["keep"] == true);
  CHECK(json["decisions"][0]["snapshot"]["id"] == summary().id);
  CHECK(json["decisions"][0]["reasons"][0] == Json{{"rule", "daily"}, {"detail", "2026-11-21"}});
  CHECK(json["decisions"][1]["keep"] == false);
  CHECK(json["decisions"][1]["reasons"].empty());
  CHECK(json["decisions"][1]["bytes_freed"] == 9);
  CHECK(json["decisions"][1]["pending"] == Json::array());
  CHECK(json["packs"][0] == Json{{"key", "packs/aa/x-1"}, {"size_bytes", 10}});
  CHECK(json["bytes_freed"] == 10);
  CHECK(json["oldest_kept"] == "2026-11-21T06:59:29.25Z");
  CHECK(json["unfinished"][0] ==
        Json{{"id", "f0"}, {"host", "web1"}, {"source", "app.db"}, {"started", "2026-11-21T06:59:29.25Z"}});
}

TEST_CASE("a copy report says of each snapshot what became of it") {
  SnapshotSummary copied = summary();
  copied.origin = {.repository = "r1", .id = "s1"};
  CopyReport report{.dry_run = false, .from = "r2", .snapshots = {}};
  report.snapshots.push_back({.snapshot = copied,
                              .origin = *copied.origin,
                              .state = SnapshotCopy::State::copied,
                              .id = "s3",
                              .bytes_new = 5,
                              .bytes_stored = 4});
  report.snapshots.push_back({.snapshot = summary(),
                              .origin = {"r2", summary().id},
                              .state = SnapshotCopy::State::failed,
                              .failure = Error(ErrorCode::damaged, "it is damaged")});
  const Json json = Json::parse(to_json(report));
  CHECK(members_of(json) == std::vector<std::string>{"dry_run", "from", "ok", "snapshots"});
  CHECK(json["ok"] == false);
  CHECK(json["from"] == "r2");
  const Json& first = json["snapshots"][0];
  CHECK(members_of(first) ==
        std::vector<std::string>{"bytes_new", "bytes_stored", "error", "id", "origin", "snapshot", "state"});
  CHECK(first["origin"] == Json{{"repository", "r1"}, {"id", "s1"}});
  CHECK(first["snapshot"]["origin"] == first["origin"]);
  CHECK(first["state"] == "copied");
  CHECK(first["error"].is_null());
  CHECK(json["snapshots"][1]["id"].is_null());
  CHECK(json["snapshots"][1]["error"]["code"] == "damaged");
}

TEST_CASE("a status holds sources, pending copies and unfinished sessions") {
  RepositoryStatus status;
  status.sources.push_back({.source_key = "app-db", .source = summary().source});
  status.pending.push_back({{"s1", "s3://bucket/app", kTime}, "app.db"});
  status.unfinished.push_back({"f0", "web1", "app.db", kTime});
  status.max_age = std::chrono::hours(26);
  const Json json = Json::parse(to_json(status));
  CHECK(members_of(json) == std::vector<std::string>{"max_age_s", "pending", "sources", "too_old", "unfinished"});
  CHECK(json["max_age_s"] == 93600);
  CHECK(members_of(json["sources"][0]) == std::vector<std::string>{"age_s", "damaged", "newest", "size_bytes",
                                                                   "snapshots", "source", "source_key", "time",
                                                                   "too_old"});
  CHECK(json["sources"][0]["newest"].is_null());
  CHECK(json["sources"][0]["age_s"].is_null());
  CHECK(
      json["pending"][0] ==
      Json{{"snapshot", "s1"}, {"source", "app.db"}, {"to", "s3://bucket/app"}, {"since", "2026-11-21T06:59:29.25Z"}});
  CHECK(json["unfinished"][0]["id"] == "f0");
}

TEST_CASE("an outcome of a backup says what one repository got") {
  const TargetOutcome outcome{.url = "s3://bucket/app", .failure = Error(ErrorCode::no_space, "full"), .pending = true};
  const Json json = Json::parse(to_json(outcome));
  CHECK(members_of(json) == std::vector<std::string>{"bytes_stored", "error", "id", "pending", "url"});
  CHECK(json["id"].is_null());
  CHECK(json["pending"] == true);
  CHECK(json["error"]["code"] == "no-space");
}

TEST_CASE("an error holds its code, exit code and context under one member") {
  const Error error = Error(ErrorCode::io, "cannot read packs/a")
                          .why("Input/output error")
                          .hint("dmesg")
                          .retryable()
                          .native_code(5)
                          .with("object", "packs/a");
  const Json json = Json::parse(to_json(error));
  CHECK(members_of(json) == std::vector<std::string>{"error"});
  CHECK(json["error"] == Json{{"code", "io"},
                              {"number", 44},
                              {"exit_code", 1},
                              {"message", "cannot read packs/a"},
                              {"why", "Input/output error"},
                              {"hint", "dmesg"},
                              {"retryable", true},
                              {"native_code", 5},
                              {"context", {{"object", "packs/a"}}}});
}

TEST_CASE("text that is not UTF-8 still gives a valid document") {
  SnapshotSummary odd = summary();
  odd.source.name = "caf\xe9.db";
  CHECK(Json::parse(to_json(odd))["source"]["name"] == "caf\xef\xbf\xbd.db");
}

}  // namespace
}  // namespace dbsnap
