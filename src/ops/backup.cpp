#include "dbsnap/backup.hpp"

#include <utility>

namespace dbsnap {
namespace {

/// True for a failure after which no other target would fare better: it is the source's, or the caller's wish.
bool ends_all(const Error& failure) {
  switch (failure.code()) {
    case ErrorCode::invalid_argument:
    case ErrorCode::source_unreachable:
    case ErrorCode::not_a_database:
    case ErrorCode::unsupported:
    case ErrorCode::cancelled:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::stopped_by_callback:
      return true;
    default:
      return false;
  }
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
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (i > first) attempt(i, [&] { copy(i); });
    }
    for (TargetOutcome& target : report_.targets) {
      if (target.failure) note(target);
    }
    return std::move(report_);
  }

 private:
  /// Position of the first target that works.
  std::size_t take() {
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const bool taken = attempt(i, [&] {
        Repository repository = targets_[i].open();
        report_.manifest = repository.snapshot(source_, options_, context_);
        home_.emplace(repository);
        report_.targets[i].id = report_.manifest.id;
        report_.targets[i].bytes_stored = report_.manifest.stats.bytes_stored;
      });
      if (taken) return i;
    }
    throw *report_.targets.front().failure;
  }

  bool attempt(std::size_t index, const std::function<void()>& work) {
    try {
      work();
      return true;
    } catch (const Error& failure) {
      if (ends_all(failure)) throw;
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

  // The snapshot is there, whether or not this can be written down.
  void note(TargetOutcome& target) {
    try {
      home_->note_pending(report_.manifest.id, target.url, context_);
      target.pending = true;
    } catch (const Error& failure) {
      if (ends_all(failure)) throw;
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
