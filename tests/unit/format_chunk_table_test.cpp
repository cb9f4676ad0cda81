// Rows of chunk tables: their bytes, limits, and the digest of an entry.
#include "format/chunk_table.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "format_fixture.hpp"

namespace dbsnap {

using testing::code_of;
using testing::some_session;

namespace {

ChunkRef some_row() {
  ChunkRef row;
  for (std::size_t i = 0; i < row.id.size(); ++i) row.id[i] = static_cast<std::byte>(0xa0 + i);
  row.at = {{{some_session(), 0x01020304}, 0x05060708, 0x090a0b}, 0x0cd};
  row.length = 0x0e0f10;
  row.depth = 5;
  return row;
}

}  // namespace

TEST_CASE("the bytes of a row never change") {
  Bytes bytes;
  append_row(some_row(), bytes);
  CHECK(to_hex(bytes) ==
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
        "000102030405060708090a0b0c0d0e0f"
        "04030201"
        "08070605"
        "0b0a09"
        "100f0e"
        "cd50");
  CHECK(bytes.size() == kRowSize);
}

TEST_CASE("any rows come back") {
  CHECK(rc::check([](const std::vector<std::uint64_t>& values) {
    std::vector<ChunkRef> rows;
    for (const std::uint64_t value : values) {
      ChunkRef row = some_row();
      row.id[0] = static_cast<std::byte>(value);
      row.at.frame.pack.number = static_cast<std::uint32_t>(value >> 5);
      row.at.frame.offset = static_cast<std::uint32_t>(value >> 13);
      row.at.frame.length = static_cast<std::uint32_t>(value >> 20) & kMaxFrameLength;
      row.at.slot = static_cast<std::uint16_t>(value >> 3) & (kMaxSlots - 1);
      row.length = static_cast<std::uint32_t>(value >> 33) & kMaxChunkLength;
      row.depth = static_cast<std::uint8_t>(value) & kMaxDepth;
      rows.push_back(row);
    }
    Bytes bytes;
    for (const ChunkRef& row : rows) append_row(row, bytes);
    RC_ASSERT(bytes.size() == rows.size() * kRowSize);
    RC_ASSERT((decode_rows(bytes) == rows));
  }));
}

TEST_CASE("every bit of a row means something") {
  Bytes bytes;
  append_row(some_row(), bytes);
  testing::for_each_flip(bytes, [&](const Bytes& broken, std::size_t) { CHECK(decode_rows(broken)[0] != some_row()); });
}

TEST_CASE("rows that are not whole are damage") {
  Bytes bytes;
  append_row(some_row(), bytes);
  append_row(some_row(), bytes);
  CHECK(decode_rows({}).empty());
  testing::for_each_front(bytes, [](ByteView front) {
    if (front.size() % kRowSize == 0) return;
    CHECK(code_of([&] { decode_rows(front); }) == ErrorCode::damaged);
  });
}

TEST_CASE("a row that does not fit is not written") {
  const auto code_after = [](const std::function<void(ChunkRef&)>& change) {
    ChunkRef row = some_row();
    change(row);
    Bytes bytes;
    return code_of([&] { append_row(row, bytes); });
  };
  CHECK(code_after([](ChunkRef& row) { row.at.frame.length = kMaxFrameLength + 1; }) == ErrorCode::internal);
  CHECK(code_after([](ChunkRef& row) { row.length = kMaxChunkLength + 1; }) == ErrorCode::internal);
  CHECK(code_after([](ChunkRef& row) { row.at.slot = kMaxSlots; }) == ErrorCode::internal);
  CHECK(code_after([](ChunkRef& row) { row.depth = kMaxDepth + 1; }) == ErrorCode::internal);
}

TEST_CASE("an entry's digest depends on ids, lengths and order, and on nothing else") {
  const auto digest_of = [](const std::vector<ChunkRef>& rows) {
    EntryDigest digest;
    for (const ChunkRef& row : rows) digest.add(row);
    return digest.finish();
  };
  const ChunkRef first = some_row();
  ChunkRef second = some_row();
  second.id[0] = std::byte{1};
  ChunkRef elsewhere = first;
  elsewhere.at.frame.offset = 1;
  elsewhere.depth = 0;
  ChunkRef longer = first;
  longer.length += 1;
  CHECK(digest_of({first, second}) == digest_of({elsewhere, second}));
  CHECK(digest_of({first, second}) != digest_of({second, first}));
  CHECK(digest_of({first}) != digest_of({longer}));
  CHECK(digest_of({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest_of({first}) == "1e1645ef61b5ad3c2f59b019400a6d9db3f374ac7436a27ebf00165cc92aa7ae");
}

}  // namespace dbsnap
