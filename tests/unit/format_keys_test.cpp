// Keys of a repository, and sealing with them.
#include "format/keys.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/hash.hpp"
#include "format_fixture.hpp"

namespace dbsnap {

using testing::bytes_of;
using testing::open_keys;
using testing::secret_keys;
using testing::some_pack;

namespace {

Bytes sealed(const Sealer& sealer, std::uint64_t position, std::string_view header, std::string_view plain) {
  Bytes out = bytes_of("before");
  sealer.seal(position, as_byte_view(header), as_byte_view(plain), out);
  return Bytes(out.begin() + 6, out.end());
}

}  // namespace

TEST_CASE("without a key, names are plain SHA-256") {
  const KeyRing keys = open_keys();
  CHECK_FALSE(keys.encrypted());
  CHECK(keys.chunk_id(as_byte_view("abc")) == sha256(as_byte_view("abc")));
  CHECK(keys.source_key("host\nsqlite:///srv/app.db") ==
        to_hex(sha256(as_byte_view("host\nsqlite:///srv/app.db"))).substr(0, 16));
  CHECK(keys.cut_key().empty());
}

TEST_CASE("with a key, names are the repository's own and never change") {
  const KeyRing keys = secret_keys();
  CHECK(keys.encrypted());
  CHECK(to_hex(keys.chunk_id(as_byte_view("abc"))) ==
        "0550aba3bf1949bac3f7ea58f91d5be2a5facda4987fdba1ee422172f8d02dc8");
  CHECK(keys.source_key("app") == "7e119e27300a4c02");
  CHECK(to_hex(keys.cut_key()) == "e195610aaa6d5256b242efde0381ffe3fce681147c9434d9ff74c8a0b38679cb");
  CHECK(to_hex(sealed(keys.pack_sealer(some_pack()), 128, "h", "plain")) ==
        "2a3a3d0c0a8ef6a88b24de4b0cdd10aca17784d6d8");
  CHECK(to_hex(sealed(keys.object_sealer("sessions/x", as_byte_view("salt")), 0, "h", "plain")) ==
        "50c8f1e80e29d247a82105d2942d5df28d7a727437");
}

TEST_CASE("every master key and repository id gives other names") {
  const KeyRing keys = secret_keys();
  const KeyRing other_master = secret_keys(2);
  CHECK(keys.chunk_id(as_byte_view("abc")) != other_master.chunk_id(as_byte_view("abc")));
  CHECK(keys.source_key("app") != other_master.source_key("app"));
  CHECK(to_hex(keys.cut_key()) != to_hex(other_master.cut_key()));
}

TEST_CASE("what is sealed opens at its place and nowhere else") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    const Sealer sealer = keys.pack_sealer(some_pack());
    const Bytes bytes = sealed(sealer, 128, "header", "some plain bytes");
    CHECK(bytes.size() == 16 + kTagSize);
    const auto opens = [&](const Sealer& by, std::uint64_t position, std::string_view header) {
      return by.open(position, as_byte_view(header), bytes).has_value();
    };
    CHECK(sealer.open(128, as_byte_view("header"), bytes) == bytes_of("some plain bytes"));
    CHECK_FALSE(opens(sealer, 129, "header"));
    CHECK_FALSE(opens(sealer, 128, "Header"));
    CHECK_FALSE(opens(keys.pack_sealer(some_pack(2)), 128, "header"));
    CHECK_FALSE(opens(keys.object_sealer("packs/x", {}), 128, "header"));
    CHECK_FALSE(
        opens(KeyRing("ff112233445566778899aabbccddeeff", std::nullopt).pack_sealer(some_pack()), 128, "header"));
    CHECK_FALSE(opens(secret_keys(2).pack_sealer(some_pack()), 128, "header"));
  }
}

TEST_CASE("no flipped bit and no cut opens") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    const Sealer sealer = keys.pack_sealer(some_pack());
    const Bytes bytes = sealed(sealer, 0, "header", "plain");
    testing::for_each_flip(bytes, [&](const Bytes& broken, std::size_t) {
      CHECK_FALSE(sealer.open(0, as_byte_view("header"), broken).has_value());
    });
    testing::for_each_front(
        bytes, [&](ByteView front) { CHECK_FALSE(sealer.open(0, as_byte_view("header"), front).has_value()); });
  }
}

TEST_CASE("sealing hides the plain bytes when there is a key") {
  const std::string plain(64, 'A');
  const auto shows = [&](const KeyRing& keys) {
    const Bytes bytes = sealed(keys.pack_sealer(some_pack()), 0, "", plain);
    return as_text(bytes).find("AAAA") != std::string_view::npos;
  };
  CHECK(shows(open_keys()));
  CHECK_FALSE(shows(secret_keys()));
}

}  // namespace dbsnap
