#include "format/frame_codec.hpp"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

// A delta this much smaller than its input is taken without trying plain compression beside it.
constexpr std::size_t kClearlySmall = 8;
// Otherwise a delta must save at least three tenths of the plain encoding to be worth a base read at every restore.
constexpr double kWorthwhile = 0.7;

std::size_t require(std::size_t result, const char* what) {
  if (ZSTD_isError(result)) {
    throw Error(ErrorCode::internal, std::string("zstd refused to ") + what).why(ZSTD_getErrorName(result));
  }
  return result;
}

// The prefix is only seen as far as the window reaches.
int window_log_for(std::size_t size) { return std::clamp(static_cast<int>(std::bit_width(size)), 10, 27); }

}  // namespace

struct FrameCodec::Contexts {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> compress{ZSTD_createCCtx()};
  std::unique_ptr<ZSTD_DCtx, Free> decompress{ZSTD_createDCtx()};
};

FrameCodec::FrameCodec() : contexts_(std::make_unique<Contexts>()) {}
FrameCodec::~FrameCodec() = default;
FrameCodec::FrameCodec(FrameCodec&&) noexcept = default;
FrameCodec& FrameCodec::operator=(FrameCodec&&) noexcept = default;

Bytes FrameCodec::compress(ByteView plain, ByteView base, int level) {
  ZSTD_CCtx* const context = contexts_->compress.get();
  require(ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters), "reset");
  require(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level), "set the level");
  require(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1), "record the size");
  if (!base.empty()) {
    require(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log_for(base.size() + plain.size())),
            "set the window");
    require(ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1), "match over long distances");
    require(ZSTD_CCtx_refPrefix(context, base.data(), base.size()), "take the prefix");
  }
  Bytes out(ZSTD_compressBound(plain.size()));
  out.resize(require(ZSTD_compress2(context, out.data(), out.size(), plain.data(), plain.size()), "compress"));
  return out;
}

std::optional<Bytes> FrameCodec::decompress(ByteView body, ByteView base, std::size_t plain_size) {
  ZSTD_DCtx* const context = contexts_->decompress.get();
  require(ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters), "reset");
  require(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27), "set the window");
  if (!base.empty()) require(ZSTD_DCtx_refPrefix(context, base.data(), base.size()), "take the prefix");
  Bytes plain(plain_size);
  const std::size_t result = ZSTD_decompressDCtx(context, plain.data(), plain.size(), body.data(), body.size());
  if (ZSTD_isError(result) || result != plain_size) return std::nullopt;
  return plain;
}

EncodedBody FrameCodec::encode(ByteView plain, ByteView base, int level) {
  EncodedBody best;
  if (!base.empty()) best = {FrameEncoding::zstd_delta, compress(plain, base, level)};
  if (base.empty() || best.bytes.size() > plain.size() / kClearlySmall) {
    Bytes whole = compress(plain, {}, level);
    const auto limit = static_cast<std::size_t>(kWorthwhile * static_cast<double>(whole.size()));
    if (base.empty() || best.bytes.size() > limit) best = {FrameEncoding::zstd, std::move(whole)};
  }
  if (best.bytes.size() >= plain.size()) return {FrameEncoding::stored, Bytes(plain.begin(), plain.end())};
  const auto again =
      decompress(best.bytes, best.encoding == FrameEncoding::zstd_delta ? base : ByteView(), plain.size());
  if (!again || std::memcmp(again->data(), plain.data(), plain.size()) != 0) {
    throw Error(ErrorCode::internal, "zstd compressed a frame into bytes that do not decompress to it");
  }
  return best;
}

std::optional<Bytes> FrameCodec::decode(FrameEncoding encoding, ByteView body, ByteView base, std::size_t plain_size) {
  switch (encoding) {
    case FrameEncoding::stored:
      if (body.size() != plain_size) return std::nullopt;
      return Bytes(body.begin(), body.end());
    case FrameEncoding::zstd:
      return decompress(body, {}, plain_size);
    case FrameEncoding::zstd_delta:
      return decompress(body, base, plain_size);
  }
  return std::nullopt;
}

FrameCodec CodecPool::take() {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) return {};
  FrameCodec codec = std::move(idle_.back());
  idle_.pop_back();
  return codec;
}

void CodecPool::give_back(FrameCodec codec) noexcept {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(codec));
}

}  // namespace dbsnap
