// Stores that do less than they should: what init finds out, and how they are pruned.
#include <memory>
#include <string>

#include "repository_fixture.hpp"
#include "repository_history.hpp"

namespace dbsnap::testing {
namespace {

/// A store that passes on what it is asked, but for what it lacks.
class WeakStore final : public Sink {
 public:
  enum class Condition { honoured, refused, ignored };

  explicit WeakStore(std::shared_ptr<Sink> inner) : inner_(std::move(inner)) {}

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    if (!options.if_absent || condition == Condition::honoured) return inner_->put(key, bytes, options, context);
    if (condition == Condition::refused) {
      throw Error(ErrorCode::unsupported, "this store knows no conditional put");
    }
    return inner_->put(key, bytes, {}, context);
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    return inner_->get(key, range, context);
  }
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    return inner_->stat(key, context);
  }
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    if (lists_late && prefix.starts_with("probe/")) return;
    inner_->list(prefix, visitor, context);
  }
  void remove(std::string_view key, const Context& context) override { inner_->remove(key, context); }
  [[nodiscard]] SinkCapabilities capabilities() const override { return {}; }
  [[nodiscard]] std::string url() const override { return "weak:"; }

  Condition condition = Condition::honoured;
  bool lists_late = false;

 private:
  const std::shared_ptr<Sink> inner_;
};

struct WeakWorld {
  Manifest snapshot(std::uint64_t seed) {
    SyntheticEngine engine(make_data(seed));
    return repository().snapshot(engine, {.use_parent = false}, {});
  }
  Repository repository() { return Repository::open(store, {}, {}); }
  PruneReport prune(const ApplyOptions& options = {}, const Context& context = {}) {
    return repository().apply(repository().plan_prune(*make_keep_policy({.last = 1}), {}, {}), options, context);
  }
  std::string config() {
    const Bytes bytes = memory->get("dbsnap.json", {}, {});
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::size_t packs() {
    std::size_t count = 0;
    memory->list("packs/",
                 [&](const ObjectInfo&) {
                   ++count;
                   return true;
                 },
                 {});
    return count;
  }

  std::shared_ptr<Sink> memory = make_memory_sink();
  std::shared_ptr<WeakStore> store = std::make_shared<WeakStore>(memory);
};

TEST_CASE("init records what the store really does and leaves nothing of the trial") {
  WeakWorld world;
  std::string expected;
  SUBCASE("all of it") {
    expected = R"("if_absent": true,
    "list_after_write": true)";
  }
  SUBCASE("a refused condition") {
    world.store->condition = WeakStore::Condition::refused;
    expected = R"("if_absent": false,
    "list_after_write": true)";
  }
  SUBCASE("an ignored condition") {
    world.store->condition = WeakStore::Condition::ignored;
    expected = R"("if_absent": false,
    "list_after_write": true)";
  }
  SUBCASE("late listings") {
    world.store->lists_late = true;
    expected = R"("if_absent": true,
    "list_after_write": false)";
  }
  Repository::create(world.store, {.encrypt = false}, {});
  CHECK(world.config().find(expected) != std::string::npos);
  std::size_t left = 0;
  world.memory->list("probe/",
                     [&](const ObjectInfo&) {
                       ++left;
                       return true;
                     },
                     {});
  CHECK(left == 0);
}

TEST_CASE("a store without create-if-absent takes snapshots, and is pruned without fencing, which is said") {
  WeakWorld world;
  SUBCASE("refused") { world.store->condition = WeakStore::Condition::refused; }
  SUBCASE("ignored") { world.store->condition = WeakStore::Condition::ignored; }
  Repository::create(world.store, {.encrypt = false}, {});
  world.snapshot(1);
  const Manifest kept = world.snapshot(2);
  std::string said;
  Context context;
  context.log = [&](LogLevel, std::string_view text) { said += text; };
  CHECK(world.prune({}, context).snapshots_removed == 1);
  CHECK(said.find("create-if-absent") != std::string::npos);
  CHECK(world.packs() == kept.packs.size());
  CHECK(world.repository().verify({}, {}).ok());
}

TEST_CASE("a dead session on a store without create-if-absent stops the prune until the operator vouches for it") {
  WeakWorld world;
  world.store->condition = WeakStore::Condition::ignored;
  Repository::create(world.store, {.encrypt = false}, {});
  const Manifest kept = world.snapshot(1);
  const auto dying = std::make_shared<FaultSink>(world.store);
  dying->inject({.call = SinkCall::put, .prefix = "snapshots/", .every_later = true});
  dying->inject({.call = SinkCall::put, .prefix = "forgotten/", .every_later = true});
  SyntheticEngine engine(make_data(2));
  CHECK_THROWS_AS(Repository::open(dying, {}, {}).snapshot(engine, {.use_parent = false}, {}), Error);
  const Error error = error_of([&] { world.prune({.patience = std::chrono::milliseconds(1)}); });
  CHECK(error.code() == ErrorCode::locked);
  CHECK(error.hint().find("--exclusive") != std::string::npos);
  CHECK(world.prune({.exclusive = true}).fenced == 1);
  CHECK(world.packs() == kept.packs.size());
}

TEST_CASE("a store whose listings lag, or that has become weaker, is pruned only on the word that nothing else runs") {
  WeakWorld world;
  SUBCASE("since init") { world.store->lists_late = true; }
  Repository::create(world.store, {.encrypt = false}, {});
  world.snapshot(1);
  const Manifest kept = world.snapshot(2);
  world.store->lists_late = true;
  const Error error = error_of([&] { world.prune(); });
  CHECK(error.code() == ErrorCode::locked);
  CHECK(error.hint().find("dbsnap prune --exclusive") != std::string::npos);
  CHECK(world.prune({.exclusive = true}).snapshots_removed == 1);
  CHECK(world.packs() == kept.packs.size());
}

}  // namespace
}  // namespace dbsnap::testing
