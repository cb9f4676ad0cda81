// Pack: an object full of frames, with a header, a directory and a trailer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "format/frame.hpp"

namespace dbsnap {

inline constexpr std::size_t kPackHeaderSize = 64;
inline constexpr std::size_t kPackTrailerSize = 64;

/// Fills one pack in memory.
class PackBuilder {
 public:
  PackBuilder(const KeyRing& keys, const PackId& id, std::size_t expected_size);

  /// Seals and appends a frame; says where it went.
  FrameRef append(const Frame& frame);
  /// Bytes so far.
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] const PackId& id() const noexcept { return id_; }

  struct Finished {
    PackId id;
    Bytes bytes;
    std::string sha256;  ///< hex, over all of `bytes`
  };
  /// Adds directory and trailer. The builder is empty afterwards.
  Finished finish() &&;

 private:
  PackId id_;
  Sealer sealer_;
  Bytes bytes_;
  std::vector<FrameRef> frames_;
};

/// Checks the whole of a pack without a key: header, trailer, and the checksum over everything. Throws Error{damaged}.
void check_pack(ByteView bytes, const PackId& id);
/// The frames a pack's directory names, in order. Throws Error{damaged}.
std::vector<FrameRef> read_directory(ByteView pack, const PackId& id, const KeyRing& keys);

}  // namespace dbsnap
