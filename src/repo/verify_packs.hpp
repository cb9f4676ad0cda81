// Verify, levels packs and frames: every chosen pack is read once; at level frames its frames are decoded.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/task_pool.hpp"
#include "repo/expected_rows.hpp"
#include "repo/frame_store.hpp"
#include "repo/needed_packs.hpp"
#include "repo/pack_sweep.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Reads packs side by side. Also the store of frames that tables are read through. Memory: what
/// PackSweep holds, and a fixed cache of decoded frames.
class PackInspector {
 public:
  /// Called in reading order with each pack, and what is wrong with it or nothing.
  using Done = std::function<void(const NeededPack& pack, const std::optional<std::string>& fault)>;

  /// References are borrowed. `threads` as in VerifyOptions.
  PackInspector(const RepositoryState& state, unsigned threads, const Context& context);

  [[nodiscard]] FrameStore& frames() noexcept { return frames_; }

  /// Compares the bytes of each pack with the checksum in the manifests.
  void read(std::span<const NeededPack> packs, const Done& done);
  /// As read(), then decodes what `rows` expects, in which `packs` start at position `first`.
  void decode(std::span<const NeededPack> packs, const ExpectedRows& rows, std::uint32_t first, const Done& done);

  [[nodiscard]] std::uint64_t frames_checked() const noexcept { return frames_checked_; }
  /// Plain bytes of chunks compared with their ids.
  [[nodiscard]] std::uint64_t bytes_checked() const noexcept { return bytes_checked_; }

 private:
  using Rows = std::span<const ExpectedRows::Row>;

  void sweep(std::span<const NeededPack> packs, const PackSweep::Done& done);
  std::optional<std::string> decode_pack(const PackId& id, const Bytes& bytes, Rows rows);
  std::uint64_t check_frame(const PackId& id, Rows rows);
  Bytes fetch(const FrameRef& frame, const Context& context) const;

  const RepositoryState& state_;
  const Context& context_;
  CodecPool codecs_;
  // The pack whose frames are being decoded, so that it is read once. Changed only between tasks.
  const Bytes* held_ = nullptr;
  PackId held_id_;
  FrameStore frames_;
  std::uint64_t frames_checked_ = 0;
  std::uint64_t bytes_checked_ = 0;
  TaskPool pool_;
};

}  // namespace dbsnap
