// Repository: everything kept in one sink, and what can be done with it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/manifest.hpp"
#include "dbsnap/retention.hpp"
#include "dbsnap/sink.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap {

/// Settings fixed when a repository is created. Sizes in bytes.
struct CreateOptions {
  /// Opens the repository from then on. Without it creation is refused unless `encrypt` is false.
  std::string password = {};
  bool encrypt = true;
  std::uint32_t chunk_size = 64 * 1024;    ///< fixed chunks, and the average of content-defined ones
  std::uint32_t frame_size = 1024 * 1024;  ///< plain bytes per frame, at most
  std::uint32_t pack_size = 16 * 1024 * 1024;
};

struct OpenOptions {
  std::string password = {};  ///< ignored for a repository that is not encrypted
};

struct SnapshotOptions {
  std::vector<std::string> tags = {};
  std::string host = {};               ///< recorded, and part of the source's identity
  std::string source_name = {};        ///< replaces host and URL as the source's identity when not empty
  unsigned threads = 0;                ///< threads that read and compute; 0 = all cores. One more waits for storage
  int compression_level = 3;           ///< zstd level, 1 to 19
  std::uint64_t read_limit = 0;        ///< bytes per second read from the source, 0 = no limit
  std::optional<TimePoint> time = {};  ///< recorded time; default: when the engine fixed the state
  bool use_parent = true;              ///< false: store every byte anew
};

/// Which snapshots to look at. Empty members match everything.
struct SnapshotFilter {
  std::string source = {};             ///< source name, URL, key, or engine
  std::vector<std::string> tags = {};  ///< all of these
};

struct RestoreReport {
  std::string id;
  std::uint64_t bytes = 0;  ///< plain bytes written
  std::uint64_t entries = 0;
};

/// How deep verify looks; each level includes the ones before it.
enum class VerifyLevel {
  packs,   ///< every needed object exists and has the right size; every manifest and table decodes
  frames,  ///< every needed frame decodes and its chunks hash right
  data,    ///< entries match their digest, and the engine accepts the restored database
};

struct VerifyOptions {
  VerifyLevel level = VerifyLevel::frames;
  std::vector<std::string> ids = {};  ///< empty: all snapshots
  std::string scratch_folder = {};    ///< for level data: a folder on a disk with room for one snapshot
  /// For level data: the engine that restores a snapshot of the given engine name.
  std::function<std::unique_ptr<Snapshotter>(const Manifest&)> engine = {};
  unsigned threads = 0;
};

/// One fault found by verify.
struct Damage {
  std::string snapshot;  ///< id, or empty when the object itself cannot be tied to one
  std::string object;    ///< key of the object
  std::string what;      ///< one line for people
};

struct VerifyReport {
  std::uint64_t snapshots = 0;
  std::uint64_t objects = 0;
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;  ///< plain bytes checked
  std::vector<Damage> damage;
  [[nodiscard]] bool ok() const noexcept { return damage.empty(); }
};

/// How an entry differs between two snapshots.
struct EntryDiff {
  enum class Change { same, added, removed, changed };
  std::string name;
  Change change = Change::same;
  std::uint64_t size_before = 0;
  std::uint64_t size_after = 0;
  std::uint64_t chunks_changed = 0;  ///< chunks of the later snapshot that the earlier does not hold
  std::uint64_t bytes_changed = 0;   ///< plain bytes in them
};

struct DiffReport {
  std::string before;
  std::string after;
  std::vector<EntryDiff> entries;
};

struct RepositoryStats {
  std::uint64_t snapshots = 0;
  std::uint64_t sources = 0;
  std::uint64_t objects = 0;
  std::uint64_t stored_bytes = 0;  ///< all objects
  std::uint64_t pack_bytes = 0;
  std::uint64_t unreferenced_bytes = 0;  ///< packs no snapshot needs; prune frees them
  std::uint64_t plain_bytes = 0;         ///< sum of all snapshots' sizes
};

/// What a prune would do with one snapshot.
struct PruneDecision {
  SnapshotSummary snapshot;
  Verdict verdict;
  std::uint64_t bytes_freed = 0;  ///< bytes in packs that only this snapshot and removed ones need
};

/// A snapshot that was begun and has neither finished nor failed cleanly: it is being taken right
/// now, or its process was killed.
struct UnfinishedSession {
  std::string id;
  std::string host;    ///< machine that began it
  std::string source;  ///< name of what it reads
  TimePoint started{};
};

/// Decided but not yet done. Look at it, then hand it to apply().
struct PrunePlan {
  std::vector<PruneDecision> decisions;  ///< by source, then newest first
  std::vector<ObjectInfo> packs;         ///< packs that go
  std::uint64_t bytes_freed = 0;
  std::optional<TimePoint> oldest_kept;  ///< how far back restore reaches afterwards
  std::vector<std::string> seen;         ///< manifests the plan was made from; apply() checks them
  std::vector<UnfinishedSession> unfinished;
};

struct ApplyOptions {
  /// Treat unfinished sessions as dead and remove what they wrote. Only right when no snapshot is
  /// being taken: one that is will then fail, or be damaged.
  bool discard_unfinished = false;
};

struct PruneReport {
  std::uint64_t snapshots_removed = 0;
  std::uint64_t packs_removed = 0;
  std::uint64_t bytes_freed = 0;
};

/// Wrapping of an exported plain file.
enum class ExportCompression { none, gzip, zstd };

class RepositoryState;  // private

// clang-format off
/// A repository in a sink. A handle: copies share the same state. All members may be called from
/// any thread. What may run beside what, within and across processes:
///
/// |                       | snapshot | restore, verify, list | forget, pin | apply (prune)      |
/// |-----------------------|----------|-----------------------|-------------|--------------------|
/// | snapshot              | yes      | yes                   | yes         | refused: locked    |
/// | restore, verify, list | yes      | yes                   | yes (1)     | yes (1)            |
/// | forget, pin           | yes      | yes (1)               | yes         | yes                |
/// | apply (prune)         | refused  | yes (1)               | yes         | no: one at a time  |
///
/// (1) Reading a snapshot that is removed meanwhile fails with not_found; others are unaffected.
///
/// Errors: no_repository, wrong_key, damaged, incompatible_version, and those of the sink.
// clang-format on
class DBSNAP_API Repository {
 public:
  /// Makes a new repository; Error{already_exists} when there is one, also when another process
  /// wins the race to create it.
  static Repository create(std::shared_ptr<Sink> sink, const CreateOptions& options, const Context& context);
  static Repository open(std::shared_ptr<Sink> sink, const OpenOptions& options, const Context& context);

  /// Random id fixed at creation, 32 hex digits.
  [[nodiscard]] const std::string& id() const noexcept;
  [[nodiscard]] bool encrypted() const noexcept;
  [[nodiscard]] Sink& sink() const noexcept;

  /// Takes a snapshot. On any failure nothing is listed and the exception says why; the session's
  /// packs are left for prune.
  Manifest snapshot(Snapshotter& source, const SnapshotOptions& options, const Context& context);

  /// Newest first. Forgotten snapshots are not listed.
  [[nodiscard]] std::vector<SnapshotSummary> snapshots(const SnapshotFilter& filter, const Context& context) const;

  /// Full id of `text`: a full id, a unique prefix of at least 4 digits, or "latest". Throws
  /// not_found, or invalid_argument when several snapshots (or for "latest" several sources) match.
  [[nodiscard]] std::string resolve(std::string_view text, const SnapshotFilter& filter, const Context& context) const;
  /// Newest snapshot that is not later than `time`.
  [[nodiscard]] std::string resolve_at(TimePoint time, const SnapshotFilter& filter, const Context& context) const;

  [[nodiscard]] Manifest manifest(const std::string& id, const Context& context) const;
  /// Opens a snapshot for reading with `threads` decoding threads (0 = all cores).
  [[nodiscard]] std::unique_ptr<SnapshotReader> reader(const std::string& id, unsigned threads,
                                                       const Context& context) const;

  RestoreReport restore(const std::string& id, Snapshotter& target, const RestoreOptions& options, unsigned threads,
                        const Context& context) const;
  [[nodiscard]] VerifyReport verify(const VerifyOptions& options, const Context& context) const;
  [[nodiscard]] DiffReport diff(const std::string& before, const std::string& after, const Context& context) const;
  [[nodiscard]] RepositoryStats stats(const Context& context) const;

  /// Drops manifests: the snapshots are no longer listed, their data stays until a prune.
  void forget(const std::vector<std::string>& ids, const Context& context);
  /// Pinned snapshots survive every policy and forget() until unpinned.
  void pin(const std::string& id, const Context& context);
  void unpin(const std::string& id, const Context& context);

  [[nodiscard]] PrunePlan plan_prune(const RetentionPolicy& policy, const SnapshotFilter& filter,
                                     const Context& context) const;
  /// Carries out a plan: manifests first, then packs. Throws Error{locked} when there is an
  /// unfinished session that is not to be discarded, and when the repository no longer shows every
  /// manifest the plan was made from.
  PruneReport apply(const PrunePlan& plan, const ApplyOptions& options, const Context& context);

  /// Writes a snapshot as a plain file to `out`, in order.
  void export_snapshot(const std::string& id, Snapshotter& engine, ExportCompression compression, EntryWriter& out,
                       const Context& context) const;
  /// Stores a plain file (optionally gzip or zstd, recognised by its first bytes) as a snapshot.
  Manifest import_file(std::unique_ptr<EntryReader> file, Snapshotter& engine, const SnapshotOptions& options,
                       const Context& context);

 private:
  explicit Repository(std::shared_ptr<RepositoryState> state);
  std::shared_ptr<RepositoryState> state_;
};

}  // namespace dbsnap
