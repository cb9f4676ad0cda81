// Plain files that people bring in and take out, with the compression around them.
#pragma once

#include <cstdint>
#include <memory>

#include "dbsnap/repository.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap {

/// A reader of the file behind `raw`: gzip (of any number of members) and zstd (of any number of
/// frames) are recognised by their first bytes and decompressed, anything else passes through
/// untouched. Reading throws Error{damaged} when compressed data is broken, ends too early or is
/// followed by something else, and Error{unsupported} when it needs over 128 MiB to decompress.
std::unique_ptr<EntryReader> open_plain_file(std::unique_ptr<EntryReader> raw);

/// Compresses what is written to it and hands that to another writer, in order. One thread.
class CompressingWriter final : public EntryWriter {
 public:
  static constexpr int kUsualLevel = 0;

  /// `out` is borrowed. `level` is zlib's (1 to 9) or zstd's (1 to 22) own.
  CompressingWriter(EntryWriter& out, ExportCompression compression, int level = kUsualLevel);
  ~CompressingWriter() override;
  CompressingWriter(const CompressingWriter&) = delete;
  CompressingWriter& operator=(const CompressingWriter&) = delete;

  void write(std::uint64_t offset, ByteView bytes) override;
  /// Writes what is still held back. Without it the file is incomplete.
  void finish();

  class Codec;  // private

 private:
  std::unique_ptr<Codec> codec_;
  std::uint64_t bytes_in_ = 0;
};

}  // namespace dbsnap
