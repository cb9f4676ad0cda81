#include "dbsnap/backup.hpp"

#include <utility>

#include "repo/key_objects.hpp"

namespace dbsnap {
namespace {

/// True when the caller wants no more work.
bool is_wish(const Error& failure) {
  return failure.code() == ErrorCode::cancelled || failure.code() == ErrorCode::deadline_exceeded ||
         failure.code() == ErrorCode::stopped_by_callback;
}

/// True for a failure to take a snapshot after which no other target would fare better: it is the source's.
bool is_of_source(const Error& failure) {
  return failure.code() == ErrorCode::invalid_argument || failure.code() == ErrorCode::source_unreachable ||
         failure.code() == ErrorCode::not_a_database || failure.code() == ErrorCode::unsupported;
}

class Backup {
 public:
  Backup(Snapshotter& source, std::span<const BackupTarget> targets, const SnapshotOptions& options,
         const Context& context)
      : source_(source), targets_(targets), options_(options), context_(context) {
    if (targets.empty()) throw Error(ErrorCode::invalid_argument, "a backup needs a repository to go to");
    for (const BackupTarget& target : targets) report_.targets.push_back({.url = target.url});
  }

  BackupReport run() {
    const std::size_t first = take();
    try {
      for (std::size_t i = first + 1; i < targets_.size(); ++i) attempt(i, [&] { copy(i); });
    } catch (...) {
      note_missing(unstoppable(context_));
      throw;
    }
    note_missing(context_);
    return std::move(report_);
  }

 private:
  /// Position of the first target that works.
  std::size_t take() {
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      std::optional<Repository> repository;
      if (!attempt(i, [&] { repository.emplace(targets_[i].open()); })) continue;
      const auto snapshot = [&] { report_.manifest = repository->snapshot(source_, options_, context_); };
      if (!attempt(i, snapshot, is_of_source)) continue;
      home_ = std::move(repository);
      report_.targets[i].id = report_.manifest.id;
      report_.targets[i].bytes_stored = report_.manifest.stats.bytes_stored;
      return i;
    }
    throw *report_.targets.front().failure;
  }

  using Ends = bool (*)(const Error&);
  static bool nothing_else(const Error& /*failure*/) { return false; }

  /// False when the target failed. Throws what ends everything.
  bool attempt(std::size_t index, const std::function<void()>& work, Ends ends = nothing_else) {
    try {
      work();
      return true;
    } catch (const Error& failure) {
      if (is_wish(failure) || ends(failure)) throw;
      report_.targets[index].failure = failure;
      return false;
    }
  }

  void copy(std::size_t index) {
    Repository repository = targets_[index].open();
    const CopyOptions options{.ids = {report_.manifest.id},
                              // It could have been taken there as well.
                              .allow_unencrypted = true,
                              .threads = options_.threads,
                              .compression_level = options_.compression_level};
    const CopyReport copied = repository.copy_from(*home_, options, context_);
    const SnapshotCopy& done = copied.snapshots.at(0);
    if (done.failure) throw *done.failure;
    if (done.id.empty()) {
      throw Error(ErrorCode::not_found, "snapshot " + report_.manifest.id + " was forgotten before it could be copied");
    }
    report_.targets[index].id = done.id;
    report_.targets[index].bytes_stored = done.bytes_stored;
  }

  void note_missing(const Context& context) {
    for (TargetOutcome& target : report_.targets) {
      if (target.id.empty()) note(target, context);
    }
  }

  // The snapshot is there, whether or not this can be written down.
  void note(TargetOutcome& target, const Context& context) {
    try {
      home_->note_pending(report_.manifest.id, target.url, context);
      target.pending = true;
    } catch (const Error& failure) {
      if (is_wish(failure)) throw;
      if (!context_.log) return;
      context_.log(LogLevel::warning,
                   "the pending copy to " + target.url + " could not be noted: " + failure.message());
    }
  }

  Snapshotter& source_;
  const std::span<const BackupTarget> targets_;
  const SnapshotOptions& options_;
  const Context& context_;
  std::optional<Repository> home_;  // where the snapshot was taken
  BackupReport report_;
};

}  // namespace

BackupReport backup_to(Snapshotter& source, std::span<const BackupTarget> targets, const SnapshotOptions& options,
                       const Context& context) {
  return Backup(source, targets, options, context).run();
}

}  // namespace dbsnap
