// The bytes of SFTP packets, and what a reader makes of broken ones.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>

#include "dbsnap/error.hpp"
#include "harness/error_code.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "sinks/sftp/packet.hpp"

namespace dbsnap::testing {
namespace {

using sftp::Attributes;
using sftp::PacketReader;
using sftp::PacketWriter;

TEST_CASE("numbers and texts of an SFTP packet come back, most significant byte first") {
  PacketWriter writer;
  writer.u32(0x01020304).u64(0x1122334455667788).text("name").bytes({});
  const ByteView body = writer.body();
  CHECK(static_cast<int>(body[0]) == 1);
  CHECK(static_cast<int>(body[3]) == 4);
  PacketReader reader(body);
  CHECK(reader.u32() == 0x01020304);
  CHECK(reader.u64() == 0x1122334455667788);
  CHECK(reader.text() == "name");
  CHECK(reader.bytes().empty());
  CHECK(reader.at_end());
}

TEST_CASE("attributes are read in whatever combination the server sends them") {
  PacketWriter all;
  all.u32(0x8000000F).u64(77).u32(1000).u32(1000).u32(S_IFREG | 0640).u32(5).u32(6).u32(1).text("acl").text("x").u32(9);
  PacketReader reader(all.body());
  const Attributes attributes = reader.attributes();
  CHECK(attributes.size == 77);
  CHECK(attributes.mode == (S_IFREG | 0640U));
  CHECK(attributes.modified == 6);
  CHECK(attributes.is_file());
  CHECK_FALSE(attributes.is_folder());
  CHECK(reader.u32() == 9);

  PacketWriter none;
  none.no_attributes();
  const Attributes unknown = PacketReader(none.body()).attributes();
  CHECK_FALSE(unknown.size.has_value());
  CHECK_FALSE(unknown.is_file());
  CHECK_FALSE(unknown.is_folder());
  CHECK_FALSE(unknown.is_link());
}

TEST_CASE("an answer that is cut off anywhere is an error, never a shorter value") {
  PacketWriter writer;
  writer.u32(0x8000000F).u64(77).u32(1000).u32(1000).u32(S_IFREG).u32(5).u32(6).u32(1).text("acl").text("x");
  for (std::size_t size = 0; size < writer.body().size(); ++size) {
    CAPTURE(size);
    CHECK(code_of([&] { (void)PacketReader(writer.body().first(size)).attributes(); }) == ErrorCode::io);
  }
}

TEST_CASE("random bytes are read or refused, and nothing else happens") {
  Random random(11);
  for (int round = 0; round < 20'000; ++round) {
    const Bytes bytes = random.bytes(random.below(64));
    PacketReader reader(bytes);
    const auto code = code_of([&] {
      (void)reader.attributes();
      (void)reader.text();
    });
    CHECK((!code || *code == ErrorCode::io));
  }
}

}  // namespace
}  // namespace dbsnap::testing
