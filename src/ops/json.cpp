// The library's reports as JSON. One function per document part; docs/json.md mirrors this file.
#include "dbsnap/json.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <variant>

#include "base/time_text.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

// Members stay in the order they are written here, which is the order people read them in.
using Json = nlohmann::ordered_json;

/// Text that is not UTF-8 (a file name may be anything) gets U+FFFD where it is broken.
std::string dump(const Json& document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

template <typename Items, typename Convert>
Json array_of(const Items& items, Convert convert) {
  Json array = Json::array();
  for (const auto& item : items) array.push_back(convert(item));
  return array;
}

Json json_of(const std::vector<std::string>& texts) {
  return array_of(texts, [](const std::string& text) { return Json(text); });
}

Json json_of(const std::optional<TimePoint>& time) { return time ? Json(time_text(*time)) : Json(nullptr); }

Json json_of(const Facts& facts) {
  Json object = Json::object();
  for (const auto& [name, value] : facts) {
    std::visit([&, key = name](const auto& held) { object[key] = held; }, value);
  }
  return object;
}

Json json_of(const SourceInfo& source) {
  return {{"engine", source.engine}, {"url", source.url}, {"name", source.name}, {"host", source.host}};
}

Json json_of(const std::optional<Origin>& origin) {
  return origin ? Json{{"repository", origin->repository}, {"id", origin->id}} : Json(nullptr);
}

std::string_view word_for(EntryKind kind) { return kind == EntryKind::page_file ? "page_file" : "stream"; }

Json json_of(const ManifestEntry& entry) {
  return {{"name", entry.name},     {"kind", word_for(entry.kind)}, {"size_bytes", entry.size},
          {"chunks", entry.chunks}, {"digest", entry.digest},       {"facts", json_of(entry.facts)}};
}

Json json_of(const PackInfo& pack) {
  return {{"key", pack.key},
          {"size_bytes", pack.size},
          {"sha256", pack.sha256},
          {"object_sha256", pack.object_sha256},
          {"bases", array_of(pack.bases, [](std::uint32_t position) { return Json(position); })}};
}

Json json_of(const SinkCounts& counts) {
  return {{"requests", counts.requests()}, {"puts", counts.puts},
          {"gets", counts.gets},           {"stats", counts.stats},
          {"lists", counts.lists},         {"removes", counts.removes},
          {"bytes_up", counts.bytes_up},   {"bytes_down", counts.bytes_down}};
}

Json json_of(const SnapshotStats& stats) {
  return {{"bytes_read", stats.bytes_read},     {"bytes_new", stats.bytes_new},
          {"bytes_stored", stats.bytes_stored}, {"chunks", stats.chunks},
          {"chunks_new", stats.chunks_new},     {"frames", stats.frames},
          {"frames_delta", stats.frames_delta}, {"packs_written", stats.packs_written},
          {"store", json_of(stats.store)}};
}

Json json_of(const Manifest& manifest) {
  return {{"format", manifest.format},
          {"id", manifest.id},
          {"parent", manifest.parent.empty() ? Json(nullptr) : Json(manifest.parent)},
          {"origin", json_of(manifest.origin)},
          {"source", json_of(manifest.source)},
          {"source_key", manifest.source_key},
          {"time", time_text(manifest.time)},
          {"started", time_text(manifest.started)},
          {"finished", time_text(manifest.finished)},
          {"consistency_point", json_of(manifest.consistency_point)},
          {"engine_facts", json_of(manifest.engine_facts)},
          {"tags", json_of(manifest.tags)},
          {"warnings", json_of(manifest.warnings)},
          {"tool_version", manifest.tool_version},
          {"entries", array_of(manifest.entries, [](const ManifestEntry& entry) { return json_of(entry); })},
          {"packs", array_of(manifest.packs, [](const PackInfo& pack) { return json_of(pack); })},
          {"stats", json_of(manifest.stats)}};
}

Json json_of(const KeyInfo& key) {
  return {{"id", key.id},           {"kind", key.good ? Json(name_of(key.kind)) : Json(nullptr)},
          {"label", key.label},     {"created", key.good ? Json(time_text(key.created)) : Json(nullptr)},
          {"current", key.current}, {"good", key.good},
          {"older", key.older}};
}

Json json_of(const SnapshotSummary& summary) {
  return {{"id", summary.id},
          {"time", time_text(summary.time)},
          {"source", json_of(summary.source)},
          {"source_key", summary.source_key},
          {"tags", json_of(summary.tags)},
          {"origin", json_of(summary.origin)},
          {"pinned", summary.pinned},
          {"good", summary.good},
          {"size_bytes", summary.size},
          {"stored_bytes", summary.stored},
          {"entries", summary.entries}};
}

Json json_of(const Damage& damage) {
  return {{"snapshot", damage.snapshot.empty() ? Json(nullptr) : Json(damage.snapshot)},
          {"object", damage.object},
          {"what", damage.what}};
}

Json json_of(const LostRange& lost) {
  return {{"entry", lost.entry}, {"offset_bytes", lost.offset}, {"length_bytes", lost.length}};
}

Json json_of(const SnapshotRepair& repair) {
  return {{"snapshot", repair.id},
          {"whole", repair.whole()},
          {"damaged", repair.damaged},
          {"tables_rebuilt", repair.tables_rebuilt},
          {"chunks_found", repair.chunks_found},
          {"chunks_rescued", repair.chunks_rescued},
          {"lost", array_of(repair.lost, [](const LostRange& lost) { return json_of(lost); })},
          {"why", repair.why},
          {"rebuilt_as", repair.rebuilt_as.empty() ? Json(nullptr) : Json(repair.rebuilt_as)}};
}

Json json_of(const PackCount& count) { return {{"packs", count.packs}, {"bytes", count.bytes}}; }

std::string_view word_for(EntryDiff::Change change) {
  switch (change) {
    case EntryDiff::Change::same:
      return "same";
    case EntryDiff::Change::added:
      return "added";
    case EntryDiff::Change::removed:
      return "removed";
    case EntryDiff::Change::changed:
      return "changed";
  }
  return "changed";
}

Json json_of(const EntryDiff& entry) {
  return {{"name", entry.name},
          {"change", word_for(entry.change)},
          {"size_before_bytes", entry.size_before},
          {"size_after_bytes", entry.size_after},
          {"chunks_changed", entry.chunks_changed},
          {"bytes_changed", entry.bytes_changed}};
}

Json json_of(const KeepReason& reason) { return {{"rule", name_of(reason.rule)}, {"detail", reason.detail}}; }

Json json_of(const PruneDecision& decision) {
  return {{"snapshot", json_of(decision.snapshot)},
          {"keep", decision.verdict.keep},
          {"reasons", array_of(decision.verdict.reasons, [](const KeepReason& reason) { return json_of(reason); })},
          {"bytes_freed", decision.bytes_freed},
          {"pending", json_of(decision.pending)}};
}

Json json_of(const UnfinishedSession& session) {
  return {
      {"id", session.id}, {"host", session.host}, {"source", session.source}, {"started", time_text(session.started)}};
}

Json json_of(const ObjectInfo& object) { return {{"key", object.key}, {"size_bytes", object.size}}; }

Json json_of(const Finding& finding) {
  return {{"severity", name_of(finding.severity)},
          {"check", finding.check},
          {"what", finding.what},
          {"hint", finding.hint}};
}

Json json_of_context(const Error& error) {
  Json object = Json::object();
  for (const auto& [key, value] : error.context()) object[key] = value;
  return object;
}

Json json_of(const Error& error) {
  return {{"code", name_of(error.code())},
          {"number", static_cast<int>(error.code())},
          {"exit_code", error.exit_code()},
          {"message", error.message()},
          {"why", error.why()},
          {"hint", error.hint()},
          {"retryable", error.retryable()},
          {"native_code", error.native_code()},
          {"context", json_of_context(error)}};
}

Json json_of(const SourceStatus& status) {
  return {{"source", json_of(status.source)},
          {"source_key", status.source_key},
          {"newest", status.newest.empty() ? Json(nullptr) : Json(status.newest)},
          {"time", json_of(status.time)},
          {"age_s", status.time ? Json(status.age.count()) : Json(nullptr)},
          {"size_bytes", status.size},
          {"snapshots", status.snapshots},
          {"damaged", status.damaged},
          {"too_old", status.too_old}};
}

Json json_of(const PendingStatus& pending) {
  return {{"snapshot", pending.copy.snapshot},
          {"source", pending.source},
          {"to", pending.copy.to},
          {"since", time_text(pending.copy.since)}};
}

Json json_of(const SnapshotCopy& copy) {
  return {{"snapshot", json_of(copy.snapshot)},
          {"origin", json_of(std::optional(copy.origin))},
          {"state", name_of(copy.state)},
          {"id", copy.id.empty() ? Json(nullptr) : Json(copy.id)},
          {"bytes_new", copy.bytes_new},
          {"bytes_stored", copy.bytes_stored},
          {"error", copy.failure ? json_of(*copy.failure) : Json(nullptr)}};
}

}  // namespace

std::string to_json(const KeyInfo& key) { return dump(json_of(key)); }

std::string to_json(const std::vector<KeyInfo>& keys) {
  return dump(array_of(keys, [](const KeyInfo& key) { return json_of(key); }));
}

std::string to_json(const Manifest& manifest) { return dump(json_of(manifest)); }
std::string to_json(const SnapshotSummary& summary) { return dump(json_of(summary)); }

std::string to_json(const std::vector<SnapshotSummary>& summaries) {
  return dump(array_of(summaries, [](const SnapshotSummary& summary) { return json_of(summary); }));
}

std::string to_json(const RestoreReport& report) {
  return dump({{"id", report.id}, {"bytes", report.bytes}, {"entries", report.entries}});
}

std::string to_json(const VerifyReport& report) {
  return dump({{"ok", report.ok()},
               {"snapshots", report.snapshots},
               {"objects", report.objects},
               {"frames", report.frames},
               {"bytes", report.bytes},
               {"damage", array_of(report.damage, [](const Damage& damage) { return json_of(damage); })},
               {"packs_needed", json_of(report.needed)},
               {"packs_checked", json_of(report.checked)},
               {"packs_fresh", json_of(report.fresh)},
               {"packs_left", json_of(report.left)},
               {"oldest_check", json_of(report.oldest_check)}});
}

std::string to_json(const RepairReport& report) {
  return dump({{"ok", report.ok()},
               {"dry_run", report.dry_run},
               {"snapshots", report.snapshots},
               {"damaged", array_of(report.damaged, [](const SnapshotRepair& repair) { return json_of(repair); })}});
}

std::string to_json(const DiffReport& report) {
  return dump({{"before", report.before},
               {"after", report.after},
               {"entries", array_of(report.entries, [](const EntryDiff& entry) { return json_of(entry); })}});
}

std::string to_json(const RepositoryStats& stats) {
  return dump({{"snapshots", stats.snapshots},
               {"sources", stats.sources},
               {"objects", stats.objects},
               {"stored_bytes", stats.stored_bytes},
               {"pack_bytes", stats.pack_bytes},
               {"unreferenced_bytes", stats.unreferenced_bytes},
               {"plain_bytes", stats.plain_bytes}});
}

std::string to_json(const PrunePlan& plan) {
  return dump({{"decisions", array_of(plan.decisions, [](const PruneDecision& decision) { return json_of(decision); })},
               {"packs", array_of(plan.packs, [](const ObjectInfo& pack) { return json_of(pack); })},
               {"bytes_freed", plan.bytes_freed},
               {"oldest_kept", json_of(plan.oldest_kept)},
               {"unfinished", array_of(plan.unfinished, [](const UnfinishedSession& one) { return json_of(one); })}});
}

std::string to_json(const PruneReport& report) {
  return dump({{"snapshots_removed", report.snapshots_removed},
               {"packs_removed", report.packs_removed},
               {"bytes_freed", report.bytes_freed},
               {"fenced", report.fenced}});
}

std::string to_json(const DoctorReport& report) {
  return dump({{"url", report.url},
               {"worst", name_of(report.worst())},
               {"exit_code", report.exit_code()},
               {"failure", report.failure ? Json(name_of(*report.failure)) : Json(nullptr)},
               {"findings", array_of(report.findings, [](const Finding& finding) { return json_of(finding); })}});
}

std::string to_json(const CopyReport& report) {
  return dump({{"ok", report.ok()},
               {"dry_run", report.dry_run},
               {"from", report.from},
               {"snapshots", array_of(report.snapshots, [](const SnapshotCopy& copy) { return json_of(copy); })}});
}

std::string to_json(const RepositoryStatus& status) {
  return dump({{"too_old", status.too_old()},
               {"max_age_s", status.max_age ? Json(status.max_age->count()) : Json(nullptr)},
               {"sources", array_of(status.sources, [](const SourceStatus& source) { return json_of(source); })},
               {"pending", array_of(status.pending, [](const PendingStatus& pending) { return json_of(pending); })},
               {"unfinished", array_of(status.unfinished, [](const UnfinishedSession& one) { return json_of(one); })}});
}

std::string to_json(const TargetOutcome& outcome) {
  return dump({{"url", outcome.url},
               {"id", outcome.id.empty() ? Json(nullptr) : Json(outcome.id)},
               {"bytes_stored", outcome.bytes_stored},
               {"pending", outcome.pending},
               {"error", outcome.failure ? json_of(*outcome.failure) : Json(nullptr)}});
}

std::string to_json(const Error& error) { return dump({{"error", json_of(error)}}); }

std::string format_time(TimePoint time) { return time_text(time); }

TimePoint parse_time(std::string_view text) {
  if (const auto time = time_from_text(text)) return *time;
  throw Error(ErrorCode::invalid_argument,
              "invalid time " + std::string(text) +
                  "; write 2026-11-21, \"2026-11-21 06:59\", \"2026-11-21 06:59:29\" (UTC), "
                  "2026-11-21T06:59:29Z or 2026-11-21T06:59:29+01:00");
}

}  // namespace dbsnap
