// The ledger's payload: what was checked when, in a few bytes a pack.
#include <doctest/doctest.h>

#include "dbsnap/error.hpp"
#include "format/byte_io.hpp"
#include "format/ledger_codec.hpp"
#include "harness/error_code.hpp"
#include "harness/random_data.hpp"

namespace dbsnap::testing {
namespace {

PackId pack_of(Random& random, std::uint32_t number) {
  PackId id{.session = {}, .number = number};
  for (std::byte& byte : id.session) byte = static_cast<std::byte>(random.next());
  return id;
}

TEST_CASE("a ledger reads back as it was written") {
  Random random(1);
  Ledger ledger;
  for (int session = 0; session < 20; ++session) {
    const PackId first = pack_of(random, 0);
    for (std::uint32_t n = 0; n < 10; ++n) {
      const PackId id{first.session, n * n * 1000};
      ledger[id] = {random.below(5), random.below(5) * 1'795'000'000'000, random.below(3)};
    }
  }
  ledger[pack_of(random, UINT32_MAX)] = {(1ULL << 48) - 1, 0, 1};
  CHECK(decode_ledger(encode_ledger(ledger)) == ledger);
  CHECK(decode_ledger(encode_ledger({})).empty());
}

TEST_CASE("the ledger of 320,000 packs stays below ten mebibytes however they are spread over sessions") {
  for (const std::uint32_t packs_per_session : {1U, 640U}) {
    Random random(2);
    Ledger ledger;
    while (ledger.size() < 320'000) {
      const PackId first = pack_of(random, 0);
      for (std::uint32_t n = 0; n < packs_per_session; ++n) {
        const std::uint64_t time = 1'795'000'000'000 + random.below(400) * 86'400'000;
        ledger[{first.session, n}] = {time, time, 0};
      }
    }
    CHECK(encode_ledger(ledger).size() < 10U << 20);
  }
}

TEST_CASE("a ledger that is cut short is refused, wherever it is cut") {
  Random random(3);
  Ledger ledger;
  for (std::uint32_t n = 0; n < 5; ++n) ledger[pack_of(random, n)] = {1000 + n, 0, 0};
  const Bytes whole = encode_ledger(ledger);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    // At the border between two sessions it is a shorter ledger; its object's seal tells the difference.
    const auto refused = code_of([&] {
      const Ledger shorter = decode_ledger(ByteView(whole).first(size));
      CHECK(shorter.size() < ledger.size());
    });
    CHECK((!refused || refused == ErrorCode::damaged));
  }
}

TEST_CASE("a ledger that names sessions, numbers or times out of order is refused") {
  const Bytes session(16, std::byte{7});
  const auto refused = [](const Bytes& payload) {
    return code_of([&] { (void)decode_ledger(payload); }) == ErrorCode::damaged;
  };
  Bytes twice;
  ByteWriter(twice).varint(1).varint(5);
  for (int n = 0; n < 2; ++n) ByteWriter(twice).bytes(session).varint(1).varint(0).varint(1).varint(0).varint(0);
  CHECK(refused(twice));
  Bytes times;
  ByteWriter(times).varint(2).varint(5).varint(0);
  CHECK(refused(times));
  Bytes late;
  ByteWriter(late).varint(1).varint(1ULL << 48);
  CHECK(refused(late));
  Bytes number;
  ByteWriter(number).varint(0).bytes(session).varint(1).varint(1ULL << 32).varint(0).varint(0).varint(0);
  CHECK(refused(number));
  Bytes unknown_time;
  ByteWriter(unknown_time).varint(0).bytes(session).varint(1).varint(0).varint(1).varint(0).varint(0);
  CHECK(refused(unknown_time));
  Bytes many;
  ByteWriter(many).varint(0).bytes(session).varint(1ULL << 40).varint(0).varint(0).varint(0).varint(0);
  CHECK(refused(many));
}

}  // namespace
}  // namespace dbsnap::testing
