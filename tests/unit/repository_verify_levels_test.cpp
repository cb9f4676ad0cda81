// What each level of verify finds that the level before it does not, and how packs are read.
#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "format/chunk_table.hpp"
#include "format/envelope.hpp"
#include "format/manifest_codec.hpp"
#include "format/pack.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

constexpr CreateOptions kSmall = {.encrypt = false, .chunk_size = 4096, .frame_size = 16'384, .pack_size = 65'536};

VerifyReport verify(Store& store, VerifyLevel level) {
  const TempFolder scratch;
  VerifyOptions options{.level = level, .scratch_folder = scratch.path()};
  options.engine = [](const Manifest&) { return std::make_unique<ValueEngine>(); };
  return store.repository.verify(options, store.context());
}

/// Puts a changed manifest in the place of the one that it was made from, properly sealed.
void replace(Store& store, const Manifest& manifest) {
  for (const std::string& key : store.keys("snapshots/")) {
    if (key.find(manifest.id) == std::string::npos) continue;
    const KeyRing keys(store.repository.id(), std::nullopt);
    store.memory->put(key, seal_object(keys, ObjectType::manifest, key, encode_manifest(manifest)), {}, {});
  }
}

TEST_CASE("a chunk table that is damaged is found by tables and not by listing") {
  Store store(kSmall);
  ValueEngine engine(Random(1).bytes(1'000'000));
  const Manifest manifest = store.snapshot(engine);
  REQUIRE(manifest.entries.front().table_level == 1);
  const FrameRef frame = decode_rows(manifest.entries.front().table_root).front().at.frame;
  store.sink->corrupt(pack_key(frame.pack), frame.offset + frame.length / 2);
  CHECK(verify(store, VerifyLevel::listing).ok());
  const VerifyReport report = verify(store, VerifyLevel::tables);
  REQUIRE_FALSE(report.ok());
  CHECK(report.damage.front().object == pack_key(frame.pack));
  CHECK(report.damage.front().snapshot == manifest.id);
}

TEST_CASE("a manifest that leaves out a pack is found by tables and not by listing") {
  Store store(kSmall);
  ValueEngine engine(Random(2).bytes(200'000));
  Manifest manifest = store.snapshot(engine);
  const std::string left_out = manifest.packs.back().key;
  manifest.packs.pop_back();
  replace(store, manifest);
  CHECK(verify(store, VerifyLevel::listing).ok());
  const VerifyReport report = verify(store, VerifyLevel::tables);
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage.front().object == left_out);
}

TEST_CASE("a manifest that leaves out the bases of deltas is found by tables and not by listing") {
  Store store(kSmall);
  ValueEngine engine(Random(3).bytes(200'000));
  store.snapshot(engine);
  for (std::size_t at = 0; at < engine.content.size(); at += 20'000) engine.content[at] ^= std::byte{1};
  Manifest manifest = store.snapshot(engine);
  REQUIRE(manifest.stats.frames_delta > 0);
  for (PackInfo& pack : manifest.packs) pack.bases.clear();
  replace(store, manifest);
  CHECK(verify(store, VerifyLevel::listing).ok());
  const VerifyReport report = verify(store, VerifyLevel::tables);
  REQUIRE_FALSE(report.ok());
  CHECK(report.damage.front().what.find("bases") != std::string::npos);
}

TEST_CASE("a changed byte that nothing decodes is found by packs and not by tables") {
  Store store(kSmall);
  ValueEngine engine(Random(4).bytes(200'000));
  const Manifest manifest = store.snapshot(engine);
  store.sink->corrupt(manifest.packs.front().key, manifest.packs.front().size - 1);
  CHECK(verify(store, VerifyLevel::tables).ok());
  const VerifyReport report = verify(store, VerifyLevel::packs);
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage.front().object == manifest.packs.front().key);
  CHECK(report.damage.front().snapshot == manifest.id);
}

TEST_CASE("a chunk that is not what its id stands for is found by frames and not by packs") {
  Store store(kSmall);
  ValueEngine engine(Random(5).bytes(200'000));
  Manifest manifest = store.snapshot(engine);
  ManifestEntry& entry = manifest.entries.front();
  REQUIRE(entry.table_level == 0);
  std::vector<ChunkRef> rows = decode_rows(entry.table_root);
  SUBCASE("another id") { rows[7].id[3] ^= std::byte{1}; }
  SUBCASE("the place of another chunk") { std::swap(rows[7].at, rows[8].at); }
  entry.table_root.clear();
  EntryDigest digest;
  for (const ChunkRef& row : rows) {
    append_row(row, entry.table_root);
    digest.add(row);
  }
  entry.digest = digest.finish();
  replace(store, manifest);
  CHECK(verify(store, VerifyLevel::packs).ok());
  const VerifyReport report = verify(store, VerifyLevel::frames);
  REQUIRE_FALSE(report.ok());
  // Both chunks of the exchange are damage, and may lie in different packs.
  CHECK(std::ranges::all_of(report.damage, [&](const Damage& found) { return found.snapshot == manifest.id; }));
  CHECK(std::ranges::find(report.damage, pack_key(rows[7].at.frame.pack), &Damage::object) != report.damage.end());
}

TEST_CASE("a frame that does not open is found by frames and not by packs, when the manifest fits the pack") {
  Store store(kSmall);
  ValueEngine engine(Random(6).bytes(200'000));
  Manifest manifest = store.snapshot(engine);
  PackInfo& pack = manifest.packs.front();
  Bytes bytes = store.memory->get(pack.key, {}, {});
  bytes[300] ^= std::byte{4};
  const Hash checksum = sha256(ByteView(bytes).first(bytes.size() - kPackChecksumSize));
  std::ranges::copy(checksum, bytes.end() - kPackChecksumSize);
  store.memory->put(pack.key, bytes, {}, {});
  pack.sha256 = to_hex(checksum);
  replace(store, manifest);
  CHECK(verify(store, VerifyLevel::packs).ok());
  CHECK_FALSE(verify(store, VerifyLevel::frames).ok());
}

TEST_CASE("two manifests that disagree about a pack are damage") {
  Store store(kSmall);
  ValueEngine engine(Random(7).bytes(200'000));
  store.snapshot(engine);
  Manifest second = store.snapshot(engine);
  second.packs.front().sha256[0] = second.packs.front().sha256[0] == 'a' ? 'b' : 'a';
  replace(store, second);
  const VerifyReport report = verify(store, VerifyLevel::listing);
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage.front().object == second.packs.front().key);
}

TEST_CASE("frames compares every chunk, over deltas and tables of several levels, and counts it once") {
  Store store(kSmall);
  ValueEngine engine(Random(8).bytes(1'000'000));
  store.snapshot(engine);
  const VerifyReport first = verify(store, VerifyLevel::frames);
  CHECK(first.ok());
  CHECK(first.bytes > engine.content.size());  // and the table's own chunks
  for (std::size_t at = 0; at < engine.content.size(); at += 50'000) engine.content[at] ^= std::byte{1};
  store.snapshot(engine);
  const VerifyReport both = verify(store, VerifyLevel::frames);
  CHECK(both.ok());
  CHECK(both.snapshots == 2);
  CHECK(both.bytes > first.bytes);
  CHECK(both.bytes < 2 * first.bytes);
}

TEST_CASE("frames reads each pack once") {
  Store store(kSmall);
  ValueEngine engine(Random(9).bytes(200'000));
  store.snapshot(engine);
  const std::uint64_t stored = store.stored_bytes("packs/");
  for (const unsigned threads : {1U, 4U}) {
    store.sink->heal();
    CHECK(store.repository.verify({.threads = threads}, store.context()).ok());
    CHECK(store.sink->bytes_got() < stored + 20'000);  // the manifest and the ledger, but no pack twice
  }
}

TEST_CASE("packs are read side by side") {
  Store store(kSmall);
  ValueEngine engine(Random(10).bytes(200'000));  // its table stands in the manifest
  store.snapshot(engine);
  const auto gate = store.sink->stall(SinkCall::get, "packs/");
  Context context = store.context();
  context.deadline = context.clock->monotonic() + std::chrono::seconds(60);
  const std::jthread opener([&] {
    gate->await_arrivals(3);
    gate->open();
  });
  CHECK(store.repository.verify({.level = VerifyLevel::packs, .threads = 3}, context).ok());
}

TEST_CASE("progress of a verify knows the whole from the start and ends with it") {
  Store store(kSmall);
  ValueEngine engine(Random(11).bytes(1'000'000));
  store.snapshot(engine);
  for (const VerifyLevel level : {VerifyLevel::tables, VerifyLevel::packs, VerifyLevel::frames, VerifyLevel::data}) {
    const TempFolder scratch;
    VerifyOptions options{.level = level, .scratch_folder = scratch.path()};
    options.engine = [](const Manifest&) { return std::make_unique<ValueEngine>(); };
    Context context = store.context();
    Progress last;
    context.on_progress = [&](const Progress& progress) { last = progress; };
    CHECK(store.repository.verify(options, context).ok());
    REQUIRE(last.bytes_total.has_value());
    CHECK(last.bytes_done > 0);
    CHECK(last.bytes_done == *last.bytes_total);
  }
}

}  // namespace
}  // namespace dbsnap::testing
