#include "cli/repair_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/console.hpp"
#include "cli/progress_line.hpp"
#include "cli/text.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

std::vector<std::string> damaged_snapshots(const VerifyReport& found) {
  std::vector<std::string> ids;
  for (const Damage& damage : found.damage) {
    const bool known = std::ranges::find(ids, damage.snapshot) != ids.end();
    if (!damage.snapshot.empty() && !known) ids.push_back(damage.snapshot);
  }
  return ids;
}

void say(Console& console, const SnapshotRepair& repair, bool dry_run) {
  for (const std::string& object : repair.damaged) {
    console.line(printable(fmt::format("damage: snapshot {}: {}", repair.id, object)));
  }
  if (!repair.rebuilt_as.empty()) {
    console.note(fmt::format("snapshot {} is whole again as {}; try: dbsnap forget {}", repair.id, repair.rebuilt_as,
                             repair.id));
    return;
  }
  if (repair.whole() && dry_run) {
    console.note(fmt::format("snapshot {} can be rebuilt ({}, {} from other packs, {} out of damaged ones)", repair.id,
                             counted(repair.tables_rebuilt, "table"), counted(repair.chunks_found, "chunk"),
                             repair.chunks_rescued));
    return;
  }
  for (const LostRange& lost : repair.lost) {
    console.line(printable(fmt::format("lost: snapshot {}: entry {}: {} from byte {}", repair.id, lost.entry,
                                       counted(lost.length, "byte"), lost.offset)));
  }
  if (!repair.why.empty()) console.line(printable(fmt::format("lost: snapshot {}: {}", repair.id, repair.why)));
}

}  // namespace

int repair_damage(Invocation& invocation, Repository& repository, const VerifyReport& found,
                  const RepairVerbOptions& options) {
  Console& console = invocation.console();
  RepairReport report;
  report.dry_run = options.dry_run;
  const std::vector<std::string> ids = damaged_snapshots(found);
  if (!ids.empty()) {
    ProgressLine line(console, "repair", system_clock());
    report = repository.repair({.ids = ids, .dry_run = options.dry_run, .threads = options.threads},
                               invocation.context(line));
  }
  if (console.json()) console.document(fmt::format(R"({{"verify":{},"repair":{}}})", to_json(found), to_json(report)));
  for (const SnapshotRepair& repair : report.damaged) say(console, repair, options.dry_run);
  for (const Damage& damage : found.damage) {
    if (damage.snapshot.empty()) console.line(printable(fmt::format("damage: {}: {}", damage.object, damage.what)));
  }
  const auto whole = std::ranges::count_if(report.damaged, &SnapshotRepair::whole);
  const bool rest = std::ranges::any_of(found.damage, [](const Damage& damage) { return damage.snapshot.empty(); });
  // A snapshot that verify blames and repair does not is damaged in a way that no other copy of a chunk mends.
  const std::size_t lost = std::max(ids.size(), report.damaged.size()) - static_cast<std::size_t>(whole);
  if (lost == 0 && !rest) {
    console.note(ids.empty() ? "ok nothing is damaged" : "ok nothing is lost");
    return kDone;
  }
  console.error(Error(ErrorCode::damaged, lost == 0 ? std::string("found damage in objects of no snapshot")
                                                    : counted(lost, "snapshot") + " cannot be rebuilt")
                    .hint("dbsnap list"));
  return whole > 0 ? kDoneWithWarnings : exit_code_of(ErrorCode::damaged);
}

}  // namespace dbsnap::cli
