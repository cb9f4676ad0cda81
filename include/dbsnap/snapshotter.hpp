// Snapshotter: where bytes come from and go back to. Implement this to plug in a database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/facts.hpp"
#include "dbsnap/manifest.hpp"

namespace dbsnap {

/// Delivers one entry's bytes from first to last. Used by one thread at a time.
class DBSNAP_API EntryReader {
 public:
  virtual ~EntryReader() = default;
  /// Fills `out` from its start and returns how many bytes were written: at least one, or 0 at the
  /// end of the entry. Throws Error when the source fails; the snapshot is then abandoned.
  virtual std::size_t read(MutableByteView out, const Context& context) = 0;
};

/// One named byte stream of a snapshot that is being taken.
struct Entry {
  std::string name;  ///< unique in the snapshot, UTF-8, not empty
  EntryKind kind = EntryKind::stream;
  std::optional<std::uint64_t> size_hint;  ///< expected bytes, for progress only: may be wrong
  Facts facts;
  std::unique_ptr<EntryReader> reader;
};

struct SnapshotRequest {
  const Manifest* parent = nullptr;  ///< snapshot of the same source to compare with, or none
  unsigned threads = 1;              ///< how many entries the core will read at once, at most
};

struct SessionResult {
  Facts consistency_point;            ///< the state that was captured, in the engine's own terms
  Facts facts;                        ///< versions, settings, sizes worth keeping
  std::vector<std::string> warnings;  ///< the snapshot is complete, but the user should know
};

/// One snapshot being read. The core calls next() until it returns nothing, one call at a time but
/// from several threads, reads up to `threads` entries at once, drains every reader it was given and
/// then calls finish() once. The manifest lists the entries in the order in which next() gave them.
/// Destruction without finish() aborts: the source must be left as it was found.
class DBSNAP_API Session {
 public:
  virtual ~Session() = default;
  virtual std::optional<Entry> next(const Context& context) = 0;
  virtual SessionResult finish(const Context& context) = 0;
};

/// Takes one entry's bytes during a restore.
class DBSNAP_API EntryWriter {
 public:
  virtual ~EntryWriter() = default;
  /// True when write() may be called from several threads at once and in any order of offsets.
  /// False: one call at a time, offsets ascending without gaps from 0.
  [[nodiscard]] virtual bool parallel() const { return false; }
  /// Takes the entry's bytes at `offset`. Every byte of the entry is written exactly once.
  virtual void write(std::uint64_t offset, ByteView bytes) = 0;
};

/// A stored snapshot, opened for reading. Every byte it gives out has been checked against its
/// chunk id; Error{damaged} names the snapshot and the object otherwise. Safe from many threads.
class DBSNAP_API SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;
  [[nodiscard]] virtual const Manifest& manifest() const = 0;
  /// Hands the whole entry to `out`. Throws Error{not_found} for an unknown name.
  virtual void copy_entry(std::string_view name, EntryWriter& out, const Context& context) = 0;
};

struct RestoreOptions {
  bool overwrite = false;  ///< replace a target that exists
};

/// A database adapter, bound to one database or place by its constructor. Calls may come from any
/// thread, one at a time; a Session is independent of later calls once begun.
class DBSNAP_API Snapshotter {
 public:
  virtual ~Snapshotter() = default;

  /// Engine, URL and name; `host` is left empty. Never touches the database.
  [[nodiscard]] virtual SourceInfo describe() const = 0;

  /// Fixes the state that the snapshot will show and starts reading it. Throws
  /// source_unreachable, access_refused, not_a_database, damaged, or locked (retryable) when a lock
  /// that it needs is not given up in time.
  virtual std::unique_ptr<Session> begin(const SnapshotRequest& request, const Context& context) = 0;

  /// Writes the snapshot to the place this object is bound to: beside the target first, made
  /// durable, then put in place at once, so that a failure at any point leaves what was there.
  /// Throws target_not_empty or target_busy before anything is written.
  virtual void restore(SnapshotReader& reader, const RestoreOptions& options, const Context& context) = 0;

  /// Proves that a place to which restore() has written holds a sound database (SQLite: PRAGMA
  /// integrity_check). Throws Error{damaged} with the database's own words.
  virtual void check_restored(const Context& context) = 0;

  /// Another object of the same engine bound to `path` in an existing private folder, for restore tests.
  [[nodiscard]] virtual std::unique_ptr<Snapshotter> scratch_target(const std::string& folder) const = 0;

  /// Writes the snapshot as one plain file that the database's own tools read, to `out` in order.
  /// By default the bytes of the only entry; Error{unsupported} when there are several.
  virtual void export_plain(SnapshotReader& reader, EntryWriter& out, const Context& context);

  /// A session over such a plain file instead of the live database. `file` is already
  /// decompressed. By default Error{unsupported}.
  virtual std::unique_ptr<Session> begin_import(std::unique_ptr<EntryReader> file, const Context& context);
};

}  // namespace dbsnap
