// Plain database files that come as a stream.
#include <doctest/doctest.h>

#include <algorithm>

#include "harness/random_data.hpp"
#include "integration/sqlite_fixture.hpp"

namespace dbsnap::testing {
namespace {

/// Gives out bytes in pieces of `step`.
class BytesReader final : public EntryReader {
 public:
  BytesReader(Bytes bytes, std::size_t step) : bytes_(std::move(bytes)), step_(step) {}

  std::size_t read(MutableByteView out, const Context& /*context*/) override {
    const std::size_t count = std::min({out.size(), step_, bytes_.size() - position_});
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position_), count, out.begin());
    position_ += count;
    return count;
  }

 private:
  Bytes bytes_;
  std::size_t step_;
  std::size_t position_ = 0;
};

std::unique_ptr<MemorySnapshot> import_of(const Bytes& bytes, std::size_t step = 1 << 16) {
  const auto engine = make_sqlite_engine({.path = "/nowhere/imported.db"});
  return drain(*engine->begin_import(std::make_unique<BytesReader>(bytes, step), {}));
}

Bytes bank_file() {
  const TempFolder folder;
  make_bank(folder / "bank.db", "wal");
  return read_file(folder / "bank.db");
}

TEST_CASE("an imported file passes unchanged, however its bytes arrive, and its header is recorded") {
  const Bytes file = bank_file();
  for (const std::size_t step : {std::size_t{1}, std::size_t{99}, std::size_t{101}, std::size_t{1} << 20}) {
    CAPTURE(step);
    const auto snapshot = import_of(file, step);
    CHECK_EQ(image_of(*snapshot), file);
    CHECK_EQ(number_fact(*snapshot, "page_size"), 4096);
    CHECK_EQ(number_fact(*snapshot, "page_count"), static_cast<std::int64_t>(file.size() / 4096));
  }
}

TEST_CASE("an empty file is imported as an empty database") { CHECK(image_of(*import_of({})).empty()); }

TEST_CASE("a stream that is no database is refused before it is read") {
  CHECK_EQ(error_of([] { import_of(to_bytes("hello")); }).code(), ErrorCode::not_a_database);
  CHECK_EQ(error_of([] { import_of(Random(1).bytes(100000)); }).code(), ErrorCode::not_a_database);
  Bytes odd_page_size = bank_file();
  odd_page_size[17] = std::byte{3};
  CHECK_EQ(error_of([&] { import_of(odd_page_size); }).code(), ErrorCode::not_a_database);
}

TEST_CASE("a stream that ends early is damaged") {
  Bytes file = bank_file();
  SUBCASE("by whole pages") { file.resize(file.size() - 8192); }
  SUBCASE("inside a page") { file.resize(file.size() - 100); }
  SUBCASE("after its header") { file.resize(100); }
  CHECK_EQ(error_of([&] { import_of(file); }).code(), ErrorCode::damaged);
}

}  // namespace
}  // namespace dbsnap::testing
