// Verify at level checksums: the store's own word for what it holds.
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/hash.hpp"
#include "harness/random_data.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

/// A store that works out the SHA-256 of what arrives, and keeps it.
class KeepingStore final : public Sink {
 public:
  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    const PutResult result = inner_->put(key, bytes, options, context);
    const std::scoped_lock lock(mutex_);
    if (result == PutResult::stored) kept_[std::string(key)] = sha256(bytes);
    return result;
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    if (key.starts_with("packs/")) ++pack_reads;
    return inner_->get(key, range, context);
  }
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    auto info = inner_->stat(key, context);
    const std::scoped_lock lock(mutex_);
    const auto kept = kept_.find(key);
    if (info && kept != kept_.end()) info->sha256 = kept->second;
    return info;
  }
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    inner_->list(prefix, visitor, context);
  }
  void remove(std::string_view key, const Context& context) override { inner_->remove(key, context); }
  [[nodiscard]] SinkCapabilities capabilities() const override { return {.parallel = 4}; }
  [[nodiscard]] std::string url() const override { return "keeping:"; }

  /// As if other bytes had arrived.
  void keep_another(const std::string& key) { kept_.at(key).front() ^= std::byte{1}; }
  void keep_none(const std::string& key) { kept_.erase(key); }

  unsigned pack_reads = 0;

 private:
  const std::shared_ptr<Sink> inner_ = make_memory_sink();
  std::mutex mutex_;
  std::map<std::string, Hash, std::less<>> kept_;
};

struct KeepingWorld {
  KeepingWorld() {
    ValueEngine engine(Random(1).bytes(300'000));
    manifest = repository.snapshot(engine, {}, {});
    REQUIRE(manifest.packs.size() > 2);
    store->pack_reads = 0;
  }
  VerifyReport verify() { return repository.verify({.level = VerifyLevel::checksums}, {}); }

  std::shared_ptr<KeepingStore> store = std::make_shared<KeepingStore>();
  Repository repository =
      Repository::create(store, {.encrypt = false, .chunk_size = 4096, .frame_size = 16'384, .pack_size = 65'536}, {});
  Manifest manifest;
};

TEST_CASE("checksums compares what the store keeps of every pack, and reads only what tables reads") {
  KeepingWorld world;
  static_cast<void>(world.repository.verify({.level = VerifyLevel::tables}, {}));
  const unsigned for_tables = std::exchange(world.store->pack_reads, 0);
  const VerifyReport report = world.verify();
  CHECK(report.ok());
  CHECK(report.checked.packs == world.manifest.packs.size());
  CHECK(report.left.packs == 0);
  CHECK(world.store->pack_reads == for_tables);
}

TEST_CASE("checksums names the pack whose bytes arrived otherwise, and the snapshot that needs it") {
  KeepingWorld world;
  const std::string pack = world.manifest.packs.at(1).key;
  world.store->keep_another(pack);
  const VerifyReport report = world.verify();
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage.front().object == pack);
  CHECK(report.damage.front().snapshot == world.manifest.id);
}

TEST_CASE("checksums says of how many packs the store keeps none") {
  KeepingWorld world;
  world.store->keep_none(world.manifest.packs.at(0).key);
  const VerifyReport report = world.verify();
  CHECK(report.ok());
  CHECK(report.left.packs == 1);
  CHECK(report.checked.packs == world.manifest.packs.size() - 1);
}

TEST_CASE("checksums ends with an error over a store that keeps none") {
  Store store;
  ValueEngine engine(Random(2).bytes(100'000));
  store.snapshot(engine);
  const Error error =
      error_of([&] { static_cast<void>(store.repository.verify({.level = VerifyLevel::checksums}, store.context())); });
  CHECK(error.code() == ErrorCode::unsupported);
  CHECK(error.hint() == "dbsnap verify --level packs");
}

TEST_CASE("a level of verify is found by its name") {
  for (const VerifyLevel level : {VerifyLevel::listing, VerifyLevel::tables, VerifyLevel::checksums, VerifyLevel::packs,
                                  VerifyLevel::frames, VerifyLevel::data}) {
    CHECK(verify_level_named(name_of(level)) == level);
  }
  CHECK(code_of([] { static_cast<void>(verify_level_named("deep")); }) == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace dbsnap::testing
