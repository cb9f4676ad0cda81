// Plain files in and out: formats are recognised, come back whole, and are refused when they are not.
#include "repo/plain_file.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "dbsnap/error.hpp"
#include "harness/random_data.hpp"

namespace dbsnap {
namespace {

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return Bytes(bytes.begin(), bytes.end());
}

Bytes joined(Bytes first, ByteView second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// Gives bytes out in pieces of at most `piece`.
class PiecesReader final : public EntryReader {
 public:
  PiecesReader(Bytes bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  std::size_t read(MutableByteView out, const Context&) override {
    const std::size_t count = std::min({out.size(), piece_, bytes_.size() - position_});
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position_), count, out.begin());
    position_ += count;
    return count;
  }

 private:
  Bytes bytes_;
  std::size_t piece_;
  std::size_t position_ = 0;
};

/// Keeps what is written, and checks that it comes in order.
class BytesWriter final : public EntryWriter {
 public:
  void write(std::uint64_t offset, ByteView bytes) override {
    REQUIRE(offset == written.size());
    written.insert(written.end(), bytes.begin(), bytes.end());
  }
  Bytes written;
};

Bytes read_all(const Bytes& file, std::size_t piece_in = 1 << 20, std::size_t piece_out = 1 << 20,
               const Context& context = {}) {
  const auto reader = open_plain_file(std::make_unique<PiecesReader>(file, piece_in));
  Bytes plain;
  Bytes buffer(piece_out);
  while (const std::size_t count = reader->read(buffer, context)) {
    plain = joined(std::move(plain), ByteView(buffer).first(count));
  }
  CHECK(reader->read(buffer, context) == 0);
  return plain;
}

Bytes compress(ByteView plain, ExportCompression compression, int level = CompressingWriter::kUsualLevel,
               std::size_t piece = 1 << 20) {
  BytesWriter out;
  CompressingWriter writer(out, compression, level);
  for (std::size_t offset = 0; offset < plain.size(); offset += piece) {
    writer.write(offset, plain.subspan(offset, std::min(piece, plain.size() - offset)));
  }
  writer.finish();
  return out.written;
}

Error failure_of(const Bytes& file) {
  try {
    static_cast<void>(read_all(file));
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::internal, "was read");
}

constexpr ExportCompression kCompressed[] = {ExportCompression::gzip, ExportCompression::zstd};

}  // namespace

TEST_CASE("what was compressed comes back, whatever the pieces") {
  CHECK(rc::check([] {
    testing::Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto compression = *rc::gen::element(ExportCompression::none, kCompressed[0], kCompressed[1]);
    const auto size = *rc::gen::inRange<std::size_t>(0, 400'000);
    const Bytes plain = random.below(2) == 0 ? random.text(size) : random.bytes(size);
    const Bytes file = compress(plain, compression, CompressingWriter::kUsualLevel, 1 + random.below(100'000));
    RC_ASSERT((compression != ExportCompression::none || file == plain));
    RC_ASSERT(read_all(file, 1 + random.below(5'000), 1 + random.below(200'000)) == plain);
  }));
}

TEST_CASE("one byte at a time is enough") {
  const Bytes plain = testing::Random(1).text(3'000);
  for (const ExportCompression compression : kCompressed) CHECK(read_all(compress(plain, compression), 1, 1) == plain);
}

TEST_CASE("a compressed file is much smaller, and a higher level not larger") {
  const Bytes plain = testing::Random(1).text(1 << 20);
  for (const ExportCompression compression : kCompressed) {
    const Bytes fast = compress(plain, compression, 1);
    const Bytes good = compress(plain, compression, 9);
    CHECK(fast.size() < plain.size() * 3 / 4);
    CHECK(good.size() < fast.size());
    CHECK(compress(plain, compression) == compress(plain, compression, 0));
  }
}

TEST_CASE("the same bytes give the same file") {
  const Bytes plain = testing::Random(1).text(1 << 20);
  for (const ExportCompression compression : kCompressed) {
    CHECK(compress(plain, compression, 0, 1'000) == compress(plain, compression, 0, 100'000));
  }
}

TEST_CASE("members and frames one after the other are one file") {
  const Bytes first = testing::Random(1).text(50'000), second = testing::Random(2).bytes(70'000);
  for (const ExportCompression compression : kCompressed) {
    Bytes file = joined(compress(first, compression), compress({}, compression));
    file = joined(std::move(file), compress(second, compression));
    CHECK(read_all(file) == joined(first, second));
    CHECK(read_all(file, 1'000, 777) == joined(first, second));
  }
}

TEST_CASE("skippable zstd frames are skipped") {
  const Bytes plain = testing::Random(1).text(5'000);
  const Bytes skippable = bytes_of(std::string_view("\x50\x2a\x4d\x18\x04\x00\x00\x00smth", 12));
  const Bytes frame = compress(plain, ExportCompression::zstd);
  CHECK(read_all(joined(skippable, frame)) == plain);
  CHECK(read_all(joined(frame, skippable)) == plain);
}

TEST_CASE("other files pass through untouched") {
  for (const Bytes& plain : {Bytes{}, bytes_of("x"), bytes_of("\x1f\x8b"), bytes_of("\x28\xb5\x2f"),
                             bytes_of("SQLite format 3"), testing::Random(9).bytes(300'000)}) {
    CHECK(read_all(plain) == plain);
    CHECK(read_all(plain, 7, 5) == plain);
  }
}

TEST_CASE("a compressed file that ends too early is damaged, wherever it ends") {
  const Bytes plain = testing::Random(1).text(2'000);
  for (const ExportCompression compression : kCompressed) {
    const Bytes file = compress(plain, compression);
    for (std::size_t length = 4; length < file.size(); ++length) {
      CAPTURE(length);
      const Error error = failure_of(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length)));
      CHECK(error.code() == ErrorCode::damaged);
      CHECK(error.message().ends_with("file ends too early"));
    }
  }
}

TEST_CASE("a second member that ends too early is damage too") {
  const Bytes plain = testing::Random(1).text(2'000);
  for (const ExportCompression compression : kCompressed) {
    const Bytes file = compress(plain, compression);
    for (std::size_t length = 1; length < file.size(); length += 13) {
      CAPTURE(length);
      const Error error = failure_of(joined(file, ByteView(file).first(length)));
      CHECK(error.code() == ErrorCode::damaged);
      CHECK(error.message().ends_with("file ends too early"));
    }
  }
}

TEST_CASE("something behind a compressed file is damage") {
  const Bytes plain = testing::Random(1).text(2'000);
  for (const ExportCompression compression : kCompressed) {
    const Error error = failure_of(joined(compress(plain, compression), bytes_of("something else")));
    CHECK(error.code() == ErrorCode::damaged);
    CHECK(error.message().ends_with("file is followed by something else"));
    CHECK_FALSE(error.why().empty());
    CHECK(failure_of(joined(compress(plain, compression), Bytes(512))).code() == ErrorCode::damaged);
  }
}

TEST_CASE("a flipped bit never gives other bytes") {
  const Bytes plain = testing::Random(1).text(600);
  for (const ExportCompression compression : kCompressed) {
    const Bytes file = compress(plain, compression);
    for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
      CAPTURE(bit);
      Bytes broken = file;
      broken[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
      try {
        const Bytes got = read_all(broken);
        // Some bits mean nothing (gzip's time), and without its magic a file is not compressed.
        const bool harmless = got == plain || got == broken;
        CHECK(harmless);
      } catch (const Error& error) {
        CHECK((error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported));
      }
    }
  }
}

TEST_CASE("a zstd file that needs gigabytes to decompress is refused with a way out") {
  // A frame header that announces a window of 2 GiB.
  const Error error = failure_of(bytes_of(std::string_view("\x28\xb5\x2f\xfd\x00\xa8\x00\x00\x00\x00", 10)));
  CHECK(error.code() == ErrorCode::unsupported);
  CHECK(error.hint() == "zstd -d --long=31 FILE");
}

TEST_CASE("reading stops when the caller gives up") {
  std::stop_source stop;
  stop.request_stop();
  Context context;
  context.stop = stop.get_token();
  CHECK_THROWS_AS(read_all(compress(testing::Random(1).text(1'000), ExportCompression::gzip), 10, 10, context), Error);
}

TEST_CASE("levels that do not exist are refused") {
  BytesWriter out;
  for (const int level : {-1, 10}) CHECK_THROWS_AS(CompressingWriter(out, ExportCompression::gzip, level), Error);
  for (const int level : {-1, 23}) CHECK_THROWS_AS(CompressingWriter(out, ExportCompression::zstd, level), Error);
}

TEST_CASE("a gap in what is written is a bug, not a file") {
  BytesWriter out;
  CompressingWriter writer(out, ExportCompression::zstd);
  writer.write(0, Bytes(10));
  CHECK_THROWS_AS(writer.write(11, Bytes(1)), Error);
}

}  // namespace dbsnap
