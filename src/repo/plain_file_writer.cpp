// Writing plain files: gzip by zlib and zstd by libzstd, both as streams.
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "dbsnap/error.hpp"
#include "repo/plain_file.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kBufferSize = 128 * 1024;
constexpr int kGzipWindow = 15 + 16;
constexpr int kZlibMemoryLevel = 8;
constexpr int kUsualGzipLevel = 6;
constexpr int kUsualZstdLevel = 3;

/// Collects compressed bytes and passes them on in buffers.
class Output {
 public:
  explicit Output(EntryWriter& out) : out_(out), buffer_(kBufferSize) {}

  [[nodiscard]] MutableByteView room() { return MutableByteView(buffer_).subspan(filled_); }
  void filled(std::size_t count) {
    filled_ += count;
    if (filled_ == buffer_.size()) flush();
  }
  void flush() { pass_on(ByteView(buffer_).first(std::exchange(filled_, 0))); }
  void pass_on(ByteView bytes) {
    if (bytes.empty()) return;
    out_.write(offset_, bytes);
    offset_ += bytes.size();
  }

 private:
  EntryWriter& out_;
  Bytes buffer_;
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace

class CompressingWriter::Codec {
 public:
  explicit Codec(EntryWriter& out) : output(out) {}
  virtual ~Codec() = default;
  virtual void take(ByteView bytes) = 0;
  virtual void finish() = 0;

 protected:
  Output output;
};

namespace {

using Codec = CompressingWriter::Codec;

class NoCodec final : public Codec {
 public:
  using Codec::Codec;
  void take(ByteView bytes) override { output.pass_on(bytes); }
  void finish() override {}
};

class GzipCodec final : public Codec {
 public:
  GzipCodec(EntryWriter& out, int level) : Codec(out) {
    if (level < 1 || level > Z_BEST_COMPRESSION) {
      throw Error(ErrorCode::invalid_argument, "the gzip level is not from 1 to 9");
    }
    if (deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, kZlibMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw Error(ErrorCode::internal, "zlib refused to start");
    }
  }
  ~GzipCodec() override { deflateEnd(&stream_); }
  GzipCodec(const GzipCodec&) = delete;
  GzipCodec& operator=(const GzipCodec&) = delete;

  void take(ByteView bytes) override {
    while (!bytes.empty()) {
      const ByteView piece = bytes.first(std::min(bytes.size(), kBufferSize));
      bytes = bytes.subspan(piece.size());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
      stream_.avail_in = static_cast<uInt>(piece.size());
      while (stream_.avail_in > 0) run(Z_NO_FLUSH);
    }
  }
  void finish() override {
    while (run(Z_FINISH) != Z_STREAM_END) {
    }
    output.flush();
  }

 private:
  int run(int flush) {
    const MutableByteView room = output.room();
    stream_.next_out = reinterpret_cast<Bytef*>(room.data());
    stream_.avail_out = static_cast<uInt>(room.size());
    const int status = deflate(&stream_, flush);
    if (status == Z_STREAM_ERROR) throw Error(ErrorCode::internal, "zlib failed to compress").why(zError(status));
    output.filled(room.size() - stream_.avail_out);
    return status;
  }

  z_stream stream_{};
};

class ZstdCodec final : public Codec {
 public:
  ZstdCodec(EntryWriter& out, int level) : Codec(out) {
    if (!stream_) throw Error(ErrorCode::internal, "zstd refused to start");
    if (level < 1 || level > ZSTD_maxCLevel()) {
      throw Error(ErrorCode::invalid_argument, "the zstd level is not from 1 to " + std::to_string(ZSTD_maxCLevel()));
    }
    ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
  }

  void take(ByteView bytes) override {
    ZSTD_inBuffer source{bytes.data(), bytes.size(), 0};
    while (source.pos < source.size) run(source, ZSTD_e_continue);
  }
  void finish() override {
    ZSTD_inBuffer nothing{nullptr, 0, 0};
    while (run(nothing, ZSTD_e_end) != 0) {
    }
    output.flush();
  }

 private:
  std::size_t run(ZSTD_inBuffer& source, ZSTD_EndDirective directive) {
    const MutableByteView room = output.room();
    ZSTD_outBuffer target{room.data(), room.size(), 0};
    const std::size_t left = ZSTD_compressStream2(stream_.get(), &target, &source, directive);
    if (ZSTD_isError(left)) throw Error(ErrorCode::internal, "zstd failed to compress").why(ZSTD_getErrorName(left));
    output.filled(target.pos);
    return left;
  }

  struct Free {
    void operator()(ZSTD_CCtx* stream) const { ZSTD_freeCCtx(stream); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> stream_{ZSTD_createCCtx()};
};

std::unique_ptr<Codec> make_codec(EntryWriter& out, ExportCompression compression, int level) {
  const bool usual = level == CompressingWriter::kUsualLevel;
  switch (compression) {
    case ExportCompression::none:
      return std::make_unique<NoCodec>(out);
    case ExportCompression::gzip:
      return std::make_unique<GzipCodec>(out, usual ? kUsualGzipLevel : level);
    case ExportCompression::zstd:
      return std::make_unique<ZstdCodec>(out, usual ? kUsualZstdLevel : level);
  }
  throw Error(ErrorCode::invalid_argument, "unknown compression");
}

}  // namespace

CompressingWriter::CompressingWriter(EntryWriter& out, ExportCompression compression, int level)
    : codec_(make_codec(out, compression, level)) {}

CompressingWriter::~CompressingWriter() = default;

void CompressingWriter::write(std::uint64_t offset, ByteView bytes) {
  if (offset != bytes_in_) throw Error(ErrorCode::internal, "a compressed file was not written in order");
  codec_->take(bytes);
  bytes_in_ += bytes.size();
}

void CompressingWriter::finish() { codec_->finish(); }

}  // namespace dbsnap
