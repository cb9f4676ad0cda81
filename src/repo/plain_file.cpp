// Reading plain files: gzip by zlib and zstd by libzstd, both as streams.
#include "repo/plain_file.hpp"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kBufferSize = 128 * 1024;
/// Bytes that tell the formats apart.
constexpr std::size_t kMagicSize = 4;
/// 15 bits of window as everywhere, plus 16 for the gzip wrapping.
constexpr int kGzipWindow = 15 + 16;
constexpr int kMaxZstdWindowLog = 27;

Error damaged_file(const std::string& format, const std::string& what) {
  return Error(ErrorCode::damaged, "the " + format + " file " + what);
}

Error ends_too_early(const std::string& format) { return damaged_file(format, "ends too early"); }

bool is_gzip(ByteView start) {
  static constexpr std::array kMagic{std::byte{0x1f}, std::byte{0x8b}, std::byte{8}};
  return start.size() >= kMagic.size() && std::ranges::equal(start.first(kMagic.size()), kMagic);
}

/// A frame, or a skippable frame as pzstd puts in front.
bool is_zstd(ByteView start) {
  if (start.size() < kMagicSize) return false;
  std::uint32_t magic = 0;
  for (std::size_t i = kMagicSize; i-- > 0;) magic = magic << 8 | std::to_integer<std::uint32_t>(start[i]);
  return magic == ZSTD_MAGICNUMBER || (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

/// What is left of the bytes read ahead from the file.
class Input {
 public:
  explicit Input(std::unique_ptr<EntryReader> raw) : raw_(std::move(raw)) {}

  [[nodiscard]] ByteView bytes() const { return ByteView(buffer_).subspan(start_, end_ - start_); }
  void drop(std::size_t count) { start_ += count; }

  /// Reads on until at least `count` bytes are there; false when the file ends before.
  bool need(std::size_t count, const Context& context) {
    if (bytes().size() >= count) return true;
    buffer_.resize(kBufferSize);
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(start_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= std::exchange(start_, 0);
    while (end_ < count) {
      context.check();
      const std::size_t got = raw_->read(MutableByteView(buffer_).subspan(end_), context);
      if (got == 0) return false;
      end_ += got;
    }
    return true;
  }

  /// Reads past the buffer; only when bytes() is empty.
  std::size_t read(MutableByteView out, const Context& context) { return raw_->read(out, context); }

 private:
  std::unique_ptr<EntryReader> raw_;
  Bytes buffer_;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
};

/// One way to turn input into plain bytes; fills `out` like EntryReader::read.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual std::size_t read(Input& input, MutableByteView out, const Context& context) = 0;
};

class PassThrough final : public Decoder {
 public:
  std::size_t read(Input& input, MutableByteView out, const Context& context) override {
    const ByteView held = input.bytes();
    if (held.empty()) return input.read(out, context);
    const std::size_t count = std::min(held.size(), out.size());
    std::copy_n(held.begin(), count, out.begin());
    input.drop(count);
    return count;
  }
};

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() {
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw Error(ErrorCode::internal, "zlib refused to start");
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  std::size_t read(Input& input, MutableByteView out, const Context& context) override {
    std::size_t written = 0;
    while (written == 0) {
      if (!input.need(1, context)) {
        if (!between_members_) throw ends_too_early("gzip");
        return 0;
      }
      written = step(input, out);
    }
    return written;
  }

 private:
  std::size_t step(Input& input, MutableByteView out) {
    const ByteView held = input.bytes();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(held.data()));
    stream_.avail_in = static_cast<uInt>(held.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    const std::size_t room = std::min<std::size_t>(out.size(), kBufferSize);
    stream_.avail_out = static_cast<uInt>(room);
    between_members_ = false;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    input.drop(held.size() - stream_.avail_in);
    if (status == Z_STREAM_END) {
      between_members_ = member_seen_ = true;
      inflateReset(&stream_);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      const char* words = stream_.msg != nullptr ? stream_.msg : zError(status);
      const bool behind_a_member = member_seen_ && stream_.total_out == 0;
      throw damaged_file("gzip", behind_a_member ? "is followed by something else" : "is broken").why(words);
    }
    return room - stream_.avail_out;
  }

  z_stream stream_{};
  bool between_members_ = true;
  bool member_seen_ = false;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() {
    if (!stream_) throw Error(ErrorCode::internal, "zstd refused to start");
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  }

  std::size_t read(Input& input, MutableByteView out, const Context& context) override {
    ZSTD_outBuffer target{out.data(), out.size(), 0};
    while (target.pos == 0) {
      // With output still to come the decoder needs no input, so the end of the file is not yet the end.
      const bool has_input = input.need(1, context);
      if (!has_input && frame_left_ == 0) return 0;
      const ByteView held = input.bytes();
      ZSTD_inBuffer source{held.data(), held.size(), 0};
      const std::size_t status = ZSTD_decompressStream(stream_.get(), &target, &source);
      input.drop(source.pos);
      if (ZSTD_isError(status)) throw failure(status);
      if (!has_input && target.pos == 0 && status != 0) throw ends_too_early("zstd");
      frame_left_ = status;
      frame_seen_ = frame_seen_ || status == 0;
    }
    return target.pos;
  }

 private:
  [[nodiscard]] Error failure(std::size_t status) const {
    const char* words = ZSTD_getErrorName(status);
    switch (ZSTD_getErrorCode(status)) {
      case ZSTD_error_frameParameter_windowTooLarge:
        return Error(ErrorCode::unsupported, "the zstd file needs too much memory to decompress")
            .why(words)
            .hint("zstd -d --long=31 FILE");
      case ZSTD_error_prefix_unknown:
        if (frame_seen_) return damaged_file("zstd", "is followed by something else").why(words);
        [[fallthrough]];
      default:
        return damaged_file("zstd", "is broken").why(words);
    }
  }

  struct Free {
    void operator()(ZSTD_DCtx* stream) const { ZSTD_freeDCtx(stream); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> stream_{ZSTD_createDCtx()};
  std::size_t frame_left_ = 0;  // 0 between frames
  bool frame_seen_ = false;
};

class PlainFileReader final : public EntryReader {
 public:
  explicit PlainFileReader(std::unique_ptr<EntryReader> raw) : input_(std::move(raw)) {}

  std::size_t read(MutableByteView out, const Context& context) override {
    if (out.empty()) return 0;
    if (!decoder_) {
      input_.need(kMagicSize, context);
      if (is_gzip(input_.bytes())) {
        decoder_ = std::make_unique<GzipDecoder>();
      } else if (is_zstd(input_.bytes())) {
        decoder_ = std::make_unique<ZstdDecoder>();
      } else {
        decoder_ = std::make_unique<PassThrough>();
      }
    }
    return decoder_->read(input_, out, context);
  }

 private:
  Input input_;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace

std::unique_ptr<EntryReader> open_plain_file(std::unique_ptr<EntryReader> raw) {
  return std::make_unique<PlainFileReader>(std::move(raw));
}

}  // namespace dbsnap
