// Stream writer: stores a stream of chunks, and the chunk table that finds them again.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>

#include "dbsnap/manifest.hpp"
#include "format/chunk_table.hpp"
#include "repo/frame_job.hpp"
#include "repo/parent_cursor.hpp"
#include "repo/store_services.hpp"

namespace dbsnap {

/// Which stream of a snapshot is stored.
struct StreamPlace {
  std::uint32_t entry = 0;  ///< position of the entry in the manifest
  EntryKind kind = EntryKind::stream;
  std::uint8_t level = 0;  ///< 0 = the entry's own bytes, 1 = its chunk table, …
};

/// Takes one stream's chunks in order. A chunk that the parent holds becomes a reference; runs of
/// new ones become frames. The rows that say so form a table, and where that is long it is stored
/// by a StreamWriter of the next level. One thread; encoding happens in the pool.
class StreamWriter {
 public:
  /// `parent` is the entry to compare with, or null. Both references are borrowed.
  StreamWriter(const StoreServices& services, const StreamPlace& place, const ManifestEntry* parent);
  /// Waits for the frames that are still being encoded.
  ~StreamWriter();
  StreamWriter(const StreamWriter&) = delete;
  StreamWriter& operator=(const StreamWriter&) = delete;

  /// Takes the next chunk; its bytes are copied if they are kept.
  void add(const ChunkId& id, ByteView chunk);

  /// Takes the next chunk, which is stored at `row` already.
  void add_stored(const ChunkRef& row);

  struct Result {
    unsigned table_level = 0;
    Bytes table_root;
    std::string digest;  ///< of the stream's own chunks
    std::uint64_t chunks = 0;
    std::uint64_t size = 0;  ///< bytes
    std::set<PackId> packs;  ///< that the stream's rows, and those of its tables, name
  };
  /// Stores what is left; nothing may be added afterwards.
  Result finish();

 private:
  struct PendingRow {
    ChunkRef row;
    std::shared_ptr<FrameJob> job;  // null for a chunk of the parent
  };

  [[nodiscard]] std::optional<ChunkRef> find_left(const ChunkId& id, std::uint32_t length) const;
  void pass_over(std::uint32_t length);
  void step(std::uint32_t length);
  void add_new(const ChunkId& id, ByteView chunk);
  void end_run(bool by_match);
  void submit_frame();
  void drain(std::size_t frames_left);
  void emit(const ChunkRef& row);
  void cut_table();
  [[nodiscard]] bool table_chunk_ends(const ChunkRef& last) const;

  const StoreServices& services_;
  const StreamPlace place_;
  const ManifestEntry* const parent_;
  const std::unique_ptr<ParentCursor> cursor_;

  std::shared_ptr<FrameJob> filling_;
  std::size_t run_first_slot_ = 0;  // in filling_: where the current run of new chunks starts
  std::uint64_t run_bytes_ = 0;     // of the current run, in filling_
  std::deque<std::shared_ptr<FrameJob>> in_flight_;
  std::deque<PendingRow> pending_;

  std::uint64_t frames_ = 0;    // submitted so far
  unsigned useless_bases_ = 0;  // frames in a row that were smaller without their base

  std::uint64_t offset_ = 0;
  std::uint64_t chunks_ = 0;
  EntryDigest digest_;
  std::set<PackId> packs_;
  Bytes rows_;                           // of the table chunk that fills
  std::unique_ptr<StreamWriter> table_;  // once a first table chunk is full
};

}  // namespace dbsnap
