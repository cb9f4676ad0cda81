// Numbers in memory: their bytes, and reading past the end.
#include "format/byte_io.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "format_fixture.hpp"

namespace dbsnap {

using testing::code_of;

TEST_CASE("numbers are little-endian and varints seven bits a byte") {
  Bytes bytes;
  ByteWriter(bytes).u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0f).text("ab");
  CHECK(to_hex(bytes) ==
        "01"
        "0302"
        "07060504"
        "0f0e0d0c0b0a0908"
        "6162");
  bytes.clear();
  ByteWriter(bytes).varint(0).varint(127).varint(128).varint(300).varint(UINT64_MAX);
  CHECK(to_hex(bytes) ==
        "00"
        "7f"
        "8001"
        "ac02"
        "ffffffffffffffffff01");
}

TEST_CASE("any numbers come back") {
  CHECK(rc::check([](std::uint8_t a, std::uint16_t b, std::uint32_t c, std::uint64_t d, std::uint64_t e) {
    Bytes bytes;
    ByteWriter(bytes).u8(a).u16(b).u32(c).u64(d).varint(d).varint(e >> (d % 64));
    ByteCursor in(bytes, "it");
    RC_ASSERT(in.u8() == a);
    RC_ASSERT(in.u16() == b);
    RC_ASSERT(in.u32() == c);
    RC_ASSERT(in.u64() == d);
    RC_ASSERT(in.varint() == d);
    RC_ASSERT(in.varint() == e >> (d % 64));
    in.expect_end();
  }));
}

TEST_CASE("reading past the end is damage that names what was read") {
  const Bytes bytes(3);
  const Error error = testing::failure_of([&] { ByteCursor(bytes, "a thing").u32(); });
  CHECK(error.code() == ErrorCode::damaged);
  CHECK(error.message() == "a thing ends too early");
  CHECK(code_of([&] { static_cast<void>(ByteCursor(bytes, "it").bytes(4)); }) == ErrorCode::damaged);
  CHECK(code_of([&] { ByteCursor(bytes, "it").u64(); }) == ErrorCode::damaged);
  CHECK(code_of([&] { ByteCursor({}, "it").u8(); }) == ErrorCode::damaged);
  CHECK(code_of([&] { ByteCursor(bytes, "it").expect_end(); }) == ErrorCode::damaged);
}

TEST_CASE("varints that are too large, out of bounds or cut short are damage") {
  const auto code_for = [](std::string_view hex, std::uint64_t limit = UINT64_MAX) {
    const Bytes bytes = *from_hex(hex);
    return code_of([&] { ByteCursor(bytes, "it").varint(limit); });
  };
  CHECK(code_for("ffffffffffffffffff02") == ErrorCode::damaged);
  CHECK(code_for("ffffffffffffffffffff01") == ErrorCode::damaged);
  CHECK(code_for("80") == ErrorCode::damaged);
  CHECK(code_for("") == ErrorCode::damaged);
  CHECK(code_for("05", 4) == ErrorCode::damaged);
  CHECK_FALSE(code_for("05", 5).has_value());  // was read
}

}  // namespace dbsnap
