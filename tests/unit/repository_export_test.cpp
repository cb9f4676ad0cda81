// Export to plain files and import of such files.
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

Bytes exported(Store& store, const std::string& id, ExportCompression compression) {
  ValueEngine engine;
  GatheringWriter writer;
  store.repository.export_snapshot(id, engine, compression, writer, store.context());
  return writer.content;
}

Bytes gunzipped(Bytes packed, std::size_t size) {
  Bytes plain(size + 1);
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  return plain;
}

Bytes unzstd(const Bytes& packed, std::size_t size) {
  Bytes plain(size + 1);
  const std::size_t length = ZSTD_decompress(plain.data(), plain.size(), packed.data(), packed.size());
  REQUIRE_FALSE(ZSTD_isError(length));
  plain.resize(length);
  return plain;
}

TEST_CASE("an exported file is the database, plain or as other tools unpack it") {
  Store store;
  ValueEngine engine(Random(1).pages(3'000'000));
  const std::string id = store.snapshot(engine).id;
  CHECK(exported(store, id, ExportCompression::none) == engine.content);
  const Bytes gzip = exported(store, id, ExportCompression::gzip);
  CHECK(gzip.size() < engine.content.size() / 2);
  CHECK(gunzipped(gzip, engine.content.size()) == engine.content);
  const Bytes zstd = exported(store, id, ExportCompression::zstd);
  CHECK(zstd.size() < engine.content.size() / 2);
  CHECK(unzstd(zstd, engine.content.size()) == engine.content);
}

TEST_CASE("an empty database exports as an empty file") {
  Store store;
  ValueEngine engine;
  const std::string id = store.snapshot(engine).id;
  CHECK(exported(store, id, ExportCompression::none).empty());
  CHECK(gunzipped(exported(store, id, ExportCompression::gzip), 0).empty());
  CHECK(unzstd(exported(store, id, ExportCompression::zstd), 0).empty());
}

TEST_CASE("a plain file becomes a snapshot with a time of its own") {
  Store store;
  ValueEngine engine(Random(2).pages(2'000'000));
  const Bytes content = engine.content;
  const std::string now = store.snapshot(engine).id;
  const TimePoint past = store.clock.now() - std::chrono::hours(24 * 30);
  for (const ExportCompression form : {ExportCompression::none, ExportCompression::gzip, ExportCompression::zstd}) {
    const Manifest manifest = store.repository.import_file(reader_over(exported(store, now, form)), engine,
                                                           {.tags = {"old"}, .time = past}, store.context());
    CHECK(manifest.time == past);
    CHECK(manifest.tags == std::vector<std::string>{"old"});
    CHECK(manifest.stats.bytes_read == content.size());
    ValueEngine target;
    store.repository.restore(manifest.id, target, {}, 1, store.context());
    CHECK(target.content == content);
  }
  CHECK(store.ids().front() == now);
  CHECK(store.ids({.tags = {"old"}}).size() == 3);
}

TEST_CASE("an imported copy of what is there costs next to nothing") {
  Store store;
  ValueEngine engine(Random(3).pages(4'000'000));
  store.snapshot(engine);
  const std::uint64_t before = store.stored_bytes();
  const Manifest manifest =
      store.repository.import_file(reader_over(engine.content), engine, {.time = store.clock.now()}, store.context());
  CHECK(manifest.stats.bytes_new == 0);
  CHECK(store.stored_bytes() - before < 8192);
}

TEST_CASE("a broken compressed file gives no snapshot") {
  Store store;
  ValueEngine engine(Random(4).pages(1'000'000));
  const std::string id = store.snapshot(engine).id;
  for (const ExportCompression form : {ExportCompression::gzip, ExportCompression::zstd}) {
    Bytes cut = exported(store, id, form);
    Bytes flipped = cut;
    cut.resize(cut.size() - 100);
    flipped[flipped.size() / 2] ^= std::byte{0x10};
    for (Bytes* broken : {&cut, &flipped}) {
      CHECK(code_of([&] { store.repository.import_file(reader_over(*broken), engine, {}, store.context()); }) ==
            ErrorCode::damaged);
    }
  }
  CHECK(store.ids() == std::vector{id});
}

TEST_CASE("an engine without a plain form says so") {
  Store store;
  SyntheticEngine engine(make_data(1));
  const std::string id = store.snapshot(engine).id;
  GatheringWriter writer;
  CHECK(code_of([&] {
          store.repository.export_snapshot(id, engine, ExportCompression::none, writer, store.context());
        }) == ErrorCode::unsupported);
  CHECK(code_of([&] { store.repository.import_file(reader_over({}), engine, {}, store.context()); }) ==
        ErrorCode::unsupported);
}

}  // namespace
}  // namespace dbsnap::testing
