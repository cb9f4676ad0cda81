// Manifest: the document that makes a snapshot exist, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "dbsnap/clock.hpp"
#include "dbsnap/facts.hpp"
#include "dbsnap/sink.hpp"

namespace dbsnap {

/// How an entry's bytes are cut into chunks.
enum class EntryKind {
  page_file,  ///< pages that are overwritten in place: fixed, page-aligned chunks
  stream,     ///< text or records that move when something is inserted: content-defined chunks
};

/// What was backed up.
struct SourceInfo {
  std::string engine;  ///< "sqlite", "postgres", …
  std::string url;     ///< as given, made absolute, secrets removed
  std::string name;    ///< short name for people, for example "app.db"
  std::string host;    ///< machine that read the source; set by the caller of the snapshot
};

/// One named byte stream of a snapshot.
struct ManifestEntry {
  std::string name;
  EntryKind kind = EntryKind::stream;
  std::uint64_t size = 0;    ///< bytes
  std::uint64_t chunks = 0;  ///< number of chunks
  std::string digest;        ///< hex; hash over the chunk ids in order (docs/format.md, "Entry digest")
  Facts facts;
  unsigned table_level = 0;  ///< how many tables stand between `table_root` and the entry's chunks
  Bytes table_root;          ///< chunk-table rows of the topmost table
};

/// A pack the snapshot needs, delta bases included.
struct PackInfo {
  std::string key;         ///< object key below the repository's root
  std::uint64_t size = 0;  ///< bytes
  std::string sha256;      ///< hex, over the object without its last 40 bytes; the pack's trailer holds it too
  /// Hex, over the whole object: what a store that keeps checksums says of it. Empty for a pack that was found where an
  /// interrupted snapshot left it.
  std::string object_sha256 = {};
  /// Positions in Manifest::packs of the packs that hold the bases of this pack's delta frames.
  std::vector<std::uint32_t> bases;
};

/// What taking the snapshot did. Sizes in bytes.
struct SnapshotStats {
  std::uint64_t bytes_read = 0;    ///< plain bytes delivered by the engine
  std::uint64_t bytes_new = 0;     ///< plain bytes in chunks the parent did not hold
  std::uint64_t bytes_stored = 0;  ///< bytes put to the sink, manifest excluded
  std::uint64_t chunks = 0;
  std::uint64_t chunks_new = 0;
  std::uint64_t frames = 0;        ///< frames written
  std::uint64_t frames_delta = 0;  ///< of these, stored as deltas
  std::uint64_t packs_written = 0;
  SinkCounts store = {};  ///< calls to the store up to the manifest, which is one more put
};

/// Where a snapshot was first taken, for one that was copied from another repository.
struct Origin {
  std::string repository;  ///< id of that repository
  std::string id;          ///< id of the snapshot there
};

struct Manifest {
  int format = 1;
  std::string id;                     ///< session id: 32 hex digits
  std::string parent;                 ///< id of the snapshot it was compared with, or empty
  std::optional<Origin> origin = {};  ///< nothing for a snapshot that was taken here
  SourceInfo source;
  std::string source_key;  ///< names the source in object keys; equal for all its snapshots
  TimePoint started{};     ///< when the session began
  TimePoint finished{};    ///< when the last entry was read
  TimePoint time{};        ///< the state the snapshot shows; retention orders by this
  Facts consistency_point;
  Facts engine_facts;
  std::vector<std::string> tags;
  std::vector<std::string> warnings;
  std::string tool_version;
  std::vector<ManifestEntry> entries;
  std::vector<PackInfo> packs;
  SnapshotStats stats;
};

/// What lists and retention need to know of a snapshot.
struct SnapshotSummary {
  std::string id;
  std::string source_key;
  SourceInfo source;
  TimePoint time{};
  std::vector<std::string> tags;
  std::optional<Origin> origin = {};
  bool pinned = false;
  bool good = true;          ///< false when a verify found damage that is still there
  std::uint64_t size = 0;    ///< plain bytes of all entries
  std::uint64_t stored = 0;  ///< bytes this snapshot added to the repository
  std::size_t entries = 0;
};

}  // namespace dbsnap
