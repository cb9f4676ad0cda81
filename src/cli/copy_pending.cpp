#include "cli/copy_pending.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/copy_report.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"

namespace dbsnap::cli {
namespace {

using Json = nlohmann::ordered_json;

class PendingCopies {
 public:
  PendingCopies(Invocation& invocation, const CopyOptions& options)
      : invocation_(invocation), console_(invocation.console()), options_(options) {}

  int run(const std::vector<RepositoryPlace>& holders, const std::vector<RepositoryPlace>& targets) {
    for (const RepositoryPlace& place : targets.empty() ? holders : targets) places_.emplace(store_url(place), place);
    any_target_ = targets.empty() && holders.size() == 1;
    for (const RepositoryPlace& place : holders) {
      if (Repository* const holder = open(place, holders.size() > 1)) catch_up(*holder, place);
    }
    finish();
    return exit_code_;
  }

 private:
  // Null when it cannot be opened and the run goes on with others.
  Repository* open(const RepositoryPlace& place, bool go_on) {
    const std::string url = store_url(place);
    if (const auto found = opened_.find(url); found != opened_.end()) return found->second ? &*found->second : nullptr;
    std::optional<Repository>& slot = opened_[url];
    try {
      slot.emplace(invocation_.open_repository(place));
      return &*slot;
    } catch (const Error& failure) {
      if (!go_on || failure.code() == ErrorCode::cancelled) throw;
      complain(fmt::format("{} cannot be opened", url), failure);
      return nullptr;
    }
  }

  void catch_up(Repository& holder, const RepositoryPlace& place) {
    std::map<std::string, std::vector<PendingCopy>> by_target;
    for (PendingCopy& copy : holder.pending(invocation_.context())) by_target[copy.to].push_back(std::move(copy));
    for (const auto& [url, copies] : by_target) {
      const auto known = places_.find(url);
      if (known == places_.end() && !any_target_) {
        left_ += copies.size();
        console_.note(fmt::format("  {} to {} left alone: it was not named", counted(copies.size(), "pending copy"),
                                  printable(url)));
        continue;
      }
      const RepositoryPlace target = known != places_.end() ? known->second : elsewhere(url, place);
      Repository* const to = open(target, true);
      if (to == nullptr) {
        left_ += copies.size();
        continue;
      }
      make(holder, *to, url, copies, known != places_.end());
    }
  }

  // A place that only a note names: the passwords are those of the repository that keeps the note.
  static RepositoryPlace elsewhere(const std::string& url, const RepositoryPlace& holder) {
    return {.url = url, .password = {}, .else_password = holder.password};
  }

  void make(Repository& holder, Repository& to, const std::string& url, const std::vector<PendingCopy>& copies,
            bool named) {
    CopyOptions options = options_;
    // A backup into both would have stored it there as well. What only a note names may have been put there by anybody.
    options.allow_unencrypted = named;
    for (const PendingCopy& copy : copies) options.ids.push_back(copy.snapshot);
    const Clock& clock = system_clock();
    const MonotonicTime started = clock.monotonic();
    try {
      const CopyReport report = [&] {
        ProgressLine line(console_, "copy", clock);
        return to.copy_from(holder, options, invocation_.context(line));
      }();
      settle(holder, copies, report);
      if (options.dry_run && !console_.json()) {
        console_.result(copy_plan_text(report));
      } else {
        report_copies(console_, report, clock.monotonic() - started);
      }
      reports_.push_back(Json{{"to", url}, {"copy", Json::parse(to_json(report))}});
      if (!report.ok()) exit_code_ = kDoneWithWarnings;
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::cancelled) throw;
      left_ += copies.size();
      complain(fmt::format("the copies to {} are still pending", url), failure);
    }
  }

  void settle(Repository& holder, const std::vector<PendingCopy>& copies, const CopyReport& report) {
    if (report.dry_run) return;
    for (const PendingCopy& copy : copies) {
      const auto done = std::ranges::find_if(report.snapshots,
                                             [&](const SnapshotCopy& one) { return one.snapshot.id == copy.snapshot; });
      if (done == report.snapshots.end() || done->id.empty()) {
        ++left_;
        continue;
      }
      holder.settle_pending(copy, invocation_.context());
      if (done->state == SnapshotCopy::State::copied && !console_.json()) console_.result(done->id + '\n');
    }
  }

  void complain(const std::string& what, const Error& failure) {
    console_.warn(what);
    console_.complain(failure);
    errors_.push_back(Json::parse(to_json(failure)).at("error"));
    exit_code_ = kDoneWithWarnings;
  }

  void finish() {
    if (reports_.empty() && left_ == 0) console_.note("no copy is pending");
    if (console_.json()) console_.document(Json{{"copies", reports_}, {"left", left_}, {"errors", errors_}}.dump());
  }

  Invocation& invocation_;
  Console& console_;
  const CopyOptions& options_;
  std::map<std::string, RepositoryPlace> places_;  // targets by URL
  bool any_target_ = false;
  std::map<std::string, std::optional<Repository>> opened_;  // by URL; nothing for what cannot be opened
  Json reports_ = Json::array();
  Json errors_ = Json::array();
  std::uint64_t left_ = 0;
  int exit_code_ = kDone;
};

}  // namespace

int run_pending_copies(Invocation& invocation, const std::vector<RepositoryPlace>& holders,
                       const std::vector<RepositoryPlace>& targets, const CopyOptions& options) {
  return PendingCopies(invocation, options).run(holders, targets);
}

}  // namespace dbsnap::cli
