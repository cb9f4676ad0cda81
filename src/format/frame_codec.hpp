// Frame codec: plain bytes to compressed bytes and back, with the bytes they replace as prefix.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "dbsnap/bytes.hpp"

namespace dbsnap {

/// How a frame's body is encoded. The numbers are stored.
enum class FrameEncoding : std::uint8_t {
  stored = 0,      ///< the plain bytes
  zstd = 1,        ///< one zstd frame
  zstd_delta = 2,  ///< one zstd frame made with the base bytes as prefix (ZSTD_CCtx_refPrefix)
};

struct EncodedBody {
  FrameEncoding encoding = FrameEncoding::stored;
  Bytes bytes;
};

/// Holds the compressor's working memory, so that it is allocated once. One thread at a time.
class FrameCodec {
 public:
  FrameCodec();
  ~FrameCodec();
  FrameCodec(FrameCodec&&) noexcept;
  FrameCodec& operator=(FrameCodec&&) noexcept;

  /// Shortest of the encodings that are worth their price in decoding: a delta only when it is
  /// much smaller, no compression when there is nothing to gain. What is returned has been decoded
  /// again and compared; Error{internal} if it ever differed.
  EncodedBody encode(ByteView plain, ByteView base, int level);
  /// The plain bytes, or nothing when `body` is not an encoding of exactly `plain_size` bytes.
  std::optional<Bytes> decode(FrameEncoding encoding, ByteView body, ByteView base, std::size_t plain_size);

  /// One zstd frame, with `base` as prefix unless it is empty.
  Bytes compress(ByteView plain, ByteView base, int level);
  std::optional<Bytes> decompress(ByteView body, ByteView base, std::size_t plain_size);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

/// Codecs for many threads: as many as were ever in use at once.
class CodecPool {
 public:
  /// A borrowed codec that returns by itself.
  class Lease {
   public:
    explicit Lease(CodecPool& pool) : pool_(pool), codec_(pool.take()) {}
    ~Lease() { pool_.give_back(std::move(codec_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    FrameCodec* operator->() noexcept { return &codec_; }

   private:
    CodecPool& pool_;
    FrameCodec codec_;
  };

 private:
  FrameCodec take();
  void give_back(FrameCodec codec) noexcept;

  std::mutex mutex_;
  std::vector<FrameCodec> idle_;
};

}  // namespace dbsnap
