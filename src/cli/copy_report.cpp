#include "cli/copy_report.hpp"

#include <fmt/format.h>

#include "cli/program.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

namespace dbsnap::cli {
namespace {

using State = SnapshotCopy::State;

std::string state_text(const SnapshotCopy& copy) {
  switch (copy.state) {
    case State::planned:
      return "to be copied";
    case State::copied:
      return "copied";
    case State::present:
      return "there already";
    case State::older:
      return "older than the newest copy";
    case State::gone:
      return "forgotten meanwhile";
    case State::failed:
      return "damaged";
  }
  return "";
}

std::uint64_t sum_of(const CopyReport& report, std::uint64_t SnapshotCopy::*member) {
  std::uint64_t sum = 0;
  for (const SnapshotCopy& copy : report.snapshots) sum += copy.*member;
  return sum;
}

/// "1 copied, 3 there already", without what there is none of.
std::string counts_text(const CopyReport& report) {
  std::vector<std::string> parts;
  const auto add = [&](State state, std::string_view words) {
    if (const std::uint64_t count = report.count(state)) parts.push_back(fmt::format("{} {}", count, words));
  };
  add(State::present, "there already");
  add(State::older, "older than the newest copy");
  add(State::gone, "forgotten meanwhile");
  add(State::failed, "damaged");
  return parts.empty() ? "" : ", " + joined(parts, ", ");
}

}  // namespace

std::string copy_plan_text(const CopyReport& report) {
  std::vector<std::string> ids;
  for (const SnapshotCopy& copy : report.snapshots) ids.push_back(copy.snapshot.id);
  const std::size_t digits = distinct_prefix(ids);
  Table table(
      {{"SNAPSHOT"}, {"TIME (UTC)"}, {"SOURCE"}, {"SIZE", Align::right}, {"TO READ", Align::right}, {"WHAT HAPPENS"}});
  for (const SnapshotCopy& copy : report.snapshots) {
    table.row({copy.snapshot.id.substr(0, digits), table_time(copy.snapshot.time), copy.snapshot.source.name,
               size_text(copy.snapshot.size), copy.state == State::planned ? size_text(copy.bytes_new) : "",
               state_text(copy)});
  }
  return (table.empty() ? "" : table.text()) +
         fmt::format("{} to be copied{}; {} to read\n", counted(report.count(State::planned), "snapshot"),
                     counts_text(report), size_text(sum_of(report, &SnapshotCopy::bytes_new)));
}

void report_copies(Console& console, const CopyReport& report, std::chrono::nanoseconds elapsed) {
  for (const SnapshotCopy& copy : report.snapshots) {
    if (!copy.failure) continue;
    console.warn(
        fmt::format("snapshot {} of {} was not copied", short_id(copy.snapshot.id), copy.snapshot.source.name));
    console.complain(*copy.failure);
  }
  console.note(fmt::format("ok {} copied{}  {} read, {} stored, {}", counted(report.count(State::copied), "snapshot"),
                           counts_text(report), size_text(sum_of(report, &SnapshotCopy::bytes_new)),
                           size_text(sum_of(report, &SnapshotCopy::bytes_stored)), elapsed_text(elapsed)));
}

int exit_code_of(const CopyReport& report) {
  if (report.ok()) return kDone;
  const bool some = report.count(State::failed) < report.snapshots.size();
  return some ? kDoneWithWarnings : dbsnap::exit_code_of(ErrorCode::damaged);
}

}  // namespace dbsnap::cli
