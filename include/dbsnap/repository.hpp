// Repository: everything kept in one sink, and what can be done with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/cache.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/copy.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/filter.hpp"
#include "dbsnap/key.hpp"
#include "dbsnap/manifest.hpp"
#include "dbsnap/pending.hpp"
#include "dbsnap/repair.hpp"
#include "dbsnap/retention.hpp"
#include "dbsnap/sink.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap {

/// Settings fixed when a repository is created. Sizes in bytes.
struct CreateOptions {
  /// Opens the repository from then on. Required when `encrypt` is true, refused when it is false.
  std::string password = {};
  bool encrypt = true;
  std::uint32_t chunk_size = 64 * 1024;    ///< fixed chunks, and the average of content-defined ones
  std::uint32_t frame_size = 1024 * 1024;  ///< plain bytes per frame, at most
  std::uint32_t pack_size = 16 * 1024 * 1024;
  std::optional<CacheOptions> cache = {};  ///< as in OpenOptions; not a setting of the repository
};

struct OpenOptions {
  /// A password or a recovery code. Must be empty for a repository that is not encrypted: one that was replaced by such
  /// a repository is noticed, and nothing is written there in clear.
  std::string password = {};
  /// Keeps what is read and written on a local disk too. For stores whose reads are cheap it is not used.
  std::optional<CacheOptions> cache = {};
};

/// Where the bytes may come from that changed ones are compared with, so that only the difference is stored.
enum class BaseData {
  automatic,  ///< from near, else from the store where that sends no more than it saves
  near,       ///< only what is decoded already, in the cache, or in a store whose reads are cheap
  always,     ///< from the store whatever it costs: the smallest repository
  never,      ///< not at all: changed chunks are stored whole
};

/// The choice called "automatic", "near", "always" or "never". Throws Error{invalid_argument} for another word.
DBSNAP_API BaseData base_data_named(std::string_view name);

struct SnapshotOptions {
  std::vector<std::string> tags = {};
  std::string host = {};               ///< recorded, and part of the source's identity
  std::string source_name = {};        ///< replaces host and URL as the source's identity when not empty
  unsigned threads = 0;                ///< threads that read and compute; 0 = all cores. One more waits for storage
  int compression_level = 3;           ///< zstd level, 1 to 19
  std::uint64_t read_limit = 0;        ///< bytes per second read from the source, 0 = no limit
  std::optional<TimePoint> time = {};  ///< recorded time; default: when the engine fixed the state
  bool use_parent = true;              ///< false: store every byte anew
  BaseData base_data = BaseData::automatic;
  /// How long a source that is lost while it is being read is waited for (it restarts, or another server takes over),
  /// to be read once more from its beginning, twice at most. 0: its loss ends the snapshot at once.
  std::chrono::milliseconds source_patience{0};
};

struct RestoreReport {
  std::string id;
  std::uint64_t bytes = 0;  ///< plain bytes written
  std::uint64_t entries = 0;
};

/// How deep verify looks; each level includes the ones before it. docs/verify.md says what each proves.
enum class VerifyLevel {
  listing,  ///< every manifest decodes, and every pack that one needs exists and has the right size
  tables,   ///< every chunk table decodes and needs nothing but the packs that its manifest lists
  /// The SHA-256 that the store itself keeps of every needed pack is the manifest's: no pack is read.
  /// Error{unsupported} where the store keeps none. The levels after this one read the packs instead.
  checksums,
  packs,   ///< every needed pack is read and has the bytes that were written
  frames,  ///< every needed frame decodes and its chunks hash right
  data,    ///< every snapshot is restored, and the engine accepts the database
};

/// Word for a level, for example "frames".
DBSNAP_API std::string_view name_of(VerifyLevel level) noexcept;
/// The level of that name. Throws Error{invalid_argument} for another word.
DBSNAP_API VerifyLevel verify_level_named(std::string_view name);

struct VerifyOptions {
  VerifyLevel level = VerifyLevel::frames;
  std::vector<std::string> ids = {};  ///< empty: all snapshots
  std::string scratch_folder = {};    ///< for level data: a folder on a disk with room for one snapshot
  /// For level data: the engine that restores a snapshot of the given engine name.
  std::function<std::unique_ptr<Snapshotter>(const Manifest&)> engine = {};
  unsigned threads = 0;
  /// For levels packs and frames: packs that were found whole within this time, at this level or a
  /// deeper one, are not read again.
  std::optional<std::chrono::seconds> max_age = {};
  /// For levels packs and frames, 1 to 100: read this share of the needed bytes, those that were never
  /// or longest ago checked first, so that every run gets further.
  std::optional<unsigned> percent = {};
};

struct KeylessOptions {
  std::optional<unsigned> percent = {};  ///< 1 to 100: read this share of the bytes, chosen at random each time
  unsigned threads = 0;
};

/// One fault found by verify.
struct Damage {
  std::string snapshot;  ///< id, or empty when the object itself cannot be tied to one
  std::string object;    ///< key of the object
  std::string what;      ///< one line for people
};

/// Some packs, and their stored bytes together.
struct PackCount {
  std::uint64_t packs = 0;
  std::uint64_t bytes = 0;
};

struct VerifyReport {
  std::uint64_t snapshots = 0;
  std::uint64_t objects = 0;
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;  ///< plain bytes checked
  std::vector<Damage> damage;
  PackCount needed;   ///< packs that the snapshots need; keyless: all that the store lists
  PackCount checked;  ///< of these, read by this run, or at level checksums compared
  PackCount fresh;    ///< not read, because they were checked within VerifyOptions::max_age
  /// Not read, because VerifyOptions::percent leaves them to later runs; at level checksums those of which the store
  /// keeps none.
  PackCount left;
  /// When the needed pack that was not checked for the longest time was checked, at the level of this
  /// run or deeper (for the levels before packs: packs or deeper). Nothing when one never was.
  std::optional<TimePoint> oldest_check = {};
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
  /// URLs of repositories that were to get a copy and have not got it yet. Does not keep the snapshot.
  std::vector<std::string> pending = {};
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
  /// Take unfinished sessions for dead at once instead of waiting for them. A writer that is alive after all notices
  /// and starts over.
  bool discard_unfinished = false;
  /// Where there is data to remove, wait for the snapshots that are being taken. False: Error{locked} instead.
  bool wait = true;
  /// How long a session may show no sign of life (a running one shows one every 30 s) before it is taken for dead and
  /// can no longer commit. Measured here; other machines' clocks do not matter.
  std::chrono::nanoseconds patience = std::chrono::minutes(5);
  /// The caller's word that nothing else uses the repository now: neither the store is tried out nor anybody waited
  /// for. For stores that lack create-if-absent or listings that are up to date.
  bool exclusive = false;
};

struct PruneReport {
  std::uint64_t snapshots_removed = 0;
  std::uint64_t packs_removed = 0;
  std::uint64_t bytes_freed = 0;
  std::uint64_t fenced = 0;  ///< sessions that were taken for dead
};

/// Wrapping of an exported plain file.
enum class ExportCompression { none, gzip, zstd };

class RepositoryState;  // private

// clang-format off
/// A repository in a sink. A handle: copies share the same state. All members may be called from
/// any thread. What may run beside what, within and across processes:
///
/// |                       | snapshot | restore, verify, list | forget, unforget, pin | apply (prune) |
/// |-----------------------|----------|-----------------------|-----------------------|---------------|
/// | snapshot, copy_from   | yes      | yes                   | yes                   | yes (2)       |
/// | restore, verify, list | yes      | yes                   | yes (1)               | yes (1)       |
/// | forget, unforget, pin | yes      | yes (1)               | yes                   | yes (3)       |
/// | apply (prune)         | yes (2)  | yes (1)               | yes (3)               | yes           |
///
/// (1) Reading a snapshot that is forgotten meanwhile may fail with not_found; others are unaffected.
/// (2) apply() waits for the snapshots that it saw begin; one that shows no life is fenced off and starts over.
/// (3) unforget() fails with locked once the data is condemned; a pin may come too late.
///
/// No lock is taken and no clock of another machine matters; docs/concurrency.md has the protocol and its proof.
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

  /// Takes a snapshot. On any failure nothing is listed and the exception says why; what it stored is left for the
  /// next snapshot of the source, or for a prune. When a prune took it for dead it commits again by itself, if need be
  /// by reading the source once more.
  Manifest snapshot(Snapshotter& source, const SnapshotOptions& options, const Context& context);

  /// Stores snapshots of `source` here too, oldest first: re-encrypted, verified on the way, with their times, tags and
  /// facts, under new ids and with their origin. What this repository holds already is referenced, so that a later
  /// copy reads from `source` only what changed. A snapshot that is here already is left alone; a run that broke off
  /// is continued by the next one. A snapshot that is damaged in `source` is in the report and the others are copied;
  /// other failures are thrown, and what was copied before stays. In `source` this counts as reading.
  ///
  /// Throws Error{invalid_argument} when `source` is encrypted, this repository is not, and the options do not
  /// allow it; Error{not_found} for an id that `source` does not hold.
  CopyReport copy_from(const Repository& source, const CopyOptions& options, const Context& context);

  /// Notes that the repository at `to` (a URL without secrets, as Sink::url() gives it) lacks a snapshot of this one.
  /// The note stays until it is settled or the snapshot is removed; nothing is kept for its sake.
  void note_pending(const std::string& id, const std::string& to, const Context& context);
  /// All notes about snapshots that are here.
  [[nodiscard]] std::vector<PendingCopy> pending(const Context& context) const;
  /// Removes a note, after the copy was made or when it is no longer wanted. One that is gone already is success.
  void settle_pending(const PendingCopy& copy, const Context& context);

  /// Newest first. Forgotten snapshots are not listed.
  [[nodiscard]] std::vector<SnapshotSummary> snapshots(const SnapshotFilter& filter, const Context& context) const;

  /// Full id of `text`: a full id, a unique prefix of at least 4 digits, or "latest". For a copy the id that it has
  /// in its origin will do too. Throws not_found, or invalid_argument when several snapshots (or for "latest" several
  /// sources) match.
  [[nodiscard]] std::string resolve(std::string_view text, const SnapshotFilter& filter, const Context& context) const;
  /// Newest snapshot that is not later than `time`.
  [[nodiscard]] std::string resolve_at(TimePoint time, const SnapshotFilter& filter, const Context& context) const;

  [[nodiscard]] Manifest manifest(const std::string& id, const Context& context) const;
  /// Opens a snapshot for reading with `threads` threads that fetch and decode (0 = all cores, and as many more as the
  /// store is glad to be asked by at once).
  [[nodiscard]] std::unique_ptr<SnapshotReader> reader(const std::string& id, unsigned threads,
                                                       const Context& context) const;

  RestoreReport restore(const std::string& id, Snapshotter& target, const RestoreOptions& options, unsigned threads,
                        const Context& context) const;
  /// Checks what is stored. What is found damaged is marked, so that no later snapshot builds on it, and
  /// what was read is remembered for `max_age` and `percent`, also when the run ends early. Storage
  /// that may only be read gives a warning for that.
  [[nodiscard]] VerifyReport verify(const VerifyOptions& options, const Context& context) const;
  /// Makes damaged snapshots whole again where their data is still stored: as new snapshots with the
  /// same source, times, tags and facts. Nothing that is stored is changed or removed. What is lost is
  /// in the report and no failure of the call.
  RepairReport repair(const RepairOptions& options, const Context& context);
  /// Reads packs and compares each with the checksum in it; needs no password, and no more than read
  /// access. Cannot see packs that are missing, or that were replaced by somebody who made them fit.
  [[nodiscard]] static VerifyReport verify_keyless(const std::shared_ptr<Sink>& sink, const KeylessOptions& options,
                                                   const Context& context);
  [[nodiscard]] DiffReport diff(const std::string& before, const std::string& after, const Context& context) const;
  [[nodiscard]] RepositoryStats stats(const Context& context) const;

  /// Sessions that have neither finished nor failed cleanly.
  [[nodiscard]] std::vector<UnfinishedSession> unfinished(const Context& context) const;

  /// Drops snapshots: they are no longer listed, their data stays until a prune.
  void forget(const std::vector<std::string>& ids, const Context& context);
  /// Forgotten snapshots that no prune has removed yet, newest first.
  [[nodiscard]] std::vector<SnapshotSummary> forgotten(const SnapshotFilter& filter, const Context& context) const;
  /// Brings a forgotten snapshot back, as a new one with the same content and times. Throws not_found, or locked when
  /// a prune has removed or condemned its data.
  Manifest unforget(const std::string& id, const Context& context);
  /// Pinned snapshots survive every policy and forget() until unpinned.
  void pin(const std::string& id, const Context& context);
  void unpin(const std::string& id, const Context& context);

  /// Keys of an encrypted repository, newest first; for one that is not encrypted these calls throw
  /// Error{invalid_argument}. A key is named by its id or a unique prefix of at least four digits.
  [[nodiscard]] std::vector<KeyInfo> keys(const Context& context) const;
  /// Adds a key. When this returns, `password` opens the repository: the stored key was read back and opened.
  KeyInfo add_key(std::string_view password, const std::string& label, const Context& context);
  /// Replaces a key's password; its id stays. The new password works before the old one stops to.
  KeyInfo change_key(const std::string& id, std::string_view password, const Context& context);
  /// Removes a key. The last one never; the one this handle was opened with only with `force`. Returns what it was.
  KeyInfo remove_key(const std::string& id, const RemoveKeyOptions& options, const Context& context);
  /// Adds a key that a code of dbsnap's own making opens. The code is returned once and kept nowhere.
  RecoveryKey add_recovery_key(const std::string& label, const Context& context);

  [[nodiscard]] PrunePlan plan_prune(const RetentionPolicy& policy, const SnapshotFilter& filter,
                                     const Context& context) const;
  /// Carries out a plan: forgets the snapshots, then removes every pack that nothing needs. Beside running snapshots
  /// and other prunes; see ApplyOptions. Throws Error{locked} when the repository no longer shows every snapshot the
  /// plan was made from, when the store is not up to it, and where it was told not to wait.
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
