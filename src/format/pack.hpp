// Pack: an object full of frames, with a header, a directory and a trailer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "format/frame.hpp"
#include "format/pack_directory.hpp"

namespace dbsnap {

inline constexpr std::size_t kPackHeaderSize = 64;
inline constexpr std::size_t kPackTrailerSize = 64;
/// The checksum and the zeros behind it end a pack; the checksum is over all that stands before it.
inline constexpr std::size_t kPackChecksumSize = 32 + 8;

/// Fills one pack in memory.
class PackBuilder {
 public:
  PackBuilder(const KeyRing& keys, const PackId& id, std::size_t expected_size);

  /// Seals and appends a frame; says where it went.
  FrameRef append(const Frame& frame);
  /// Bytes so far, those that the directory will take included.
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() + directory_.size(); }
  [[nodiscard]] const PackId& id() const noexcept { return id_; }

  struct Finished {
    PackId id;
    Bytes bytes;
    std::string sha256;         ///< hex, over `bytes` without the last kPackChecksumSize; the trailer holds it too
    std::string object_sha256;  ///< hex, over all `bytes`
  };
  /// Adds directory and trailer. The builder is empty afterwards.
  Finished finish() &&;

 private:
  PackId id_;
  Sealer sealer_;
  Bytes bytes_;
  Bytes directory_;  // the frames' part of it
  std::set<PackId> bases_;
  std::uint32_t frames_ = 0;
};

/// A pack with the same frames at the same places as `pack`, sealed for the name `id`. Throws Error{damaged} when
/// `pack` is not what a PackBuilder has finished.
PackBuilder::Finished sealed_again(const PackBuilder::Finished& pack, const PackId& id, const KeyRing& keys);

/// What a pack's last kPackTrailerSize bytes say.
struct PackTrailer {
  std::uint64_t directory_offset = 0;
  std::uint32_t directory_size = 0;
  std::uint32_t frames = 0;
  Hash checksum{};  ///< as in PackInfo::sha256
};

/// Checks the whole of a pack without a key: header, trailer, and the checksum over everything.
/// Returns the checksum, which a manifest that needs the pack holds too. Throws Error{damaged}.
std::string check_pack(ByteView bytes, const PackId& id);
/// Trailer of a pack of `pack_size` bytes, given its end (which may begin earlier). Throws Error{damaged}.
PackTrailer read_trailer(ByteView end, std::uint64_t pack_size, const PackId& id);
/// Opens the `sealed` directory that stands where `trailer` says. Throws Error{damaged}.
PackDirectory open_directory(ByteView sealed, const PackTrailer& trailer, const PackId& id, const KeyRing& keys);
/// Directory of a pack that is at hand as a whole. Throws Error{damaged}.
PackDirectory read_directory(ByteView pack, const PackId& id, const KeyRing& keys);

}  // namespace dbsnap
