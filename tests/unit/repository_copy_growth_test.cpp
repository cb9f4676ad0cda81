// What copies cost: the second one reads from the source, and stores in the target, what changed and little more.
#include <algorithm>
#include <string>
#include <vector>

#include "copy_world.hpp"
#include "harness/random_data.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::size_t kSize = 8 * 1024 * 1024;
constexpr int kChanges = 12;
// Plain bytes of the chunks that one change can touch.
constexpr std::uint64_t kMostPerChange = 2 * 256 * 1024;

/// A store whose reads are not cheap, as one behind a network is.
class FarSink final : public Sink {
 public:
  explicit FarSink(std::shared_ptr<Sink> inner) : inner_(std::move(inner)) {}
  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    return inner_->put(key, bytes, options, context);
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    return inner_->get(key, range, context);
  }
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    return inner_->stat(key, context);
  }
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    inner_->list(prefix, visitor, context);
  }
  void remove(std::string_view key, const Context& context) override { inner_->remove(key, context); }
  [[nodiscard]] SinkCapabilities capabilities() const override { return {.cheap_reads = false, .parallel = 8}; }
  [[nodiscard]] std::string url() const override { return inner_->url(); }

 private:
  std::shared_ptr<Sink> inner_;
};

/// A database that changes at scattered places every day, backed up into one repository and copied into another.
class Days {
 public:
  Days(EntryKind kind, const std::string& password, bool target_is_far = false)
      : to({.password = password, .encrypt = !password.empty()}),
        kind_(kind),
        engine_(first_content(kind), kind),
        target_(target_is_far ? Repository::open(std::make_shared<FarSink>(to.sink), {.password = password}, {})
                              : to.repository) {}

  /// What a day changes, its snapshot, its copy.
  void pass() {
    if (!contents_.empty()) change();
    from.snapshot(engine_);
    contents_.push_back(engine_.content);
    from.sink->heal();
    to.sink->heal();
    const CopyReport report = target_.copy_from(from.repository, {}, from.context());
    REQUIRE(report.count(SnapshotCopy::State::copied) == 1);
    copied = *std::ranges::find(report.snapshots, SnapshotCopy::State::copied, &SnapshotCopy::state);
  }
  void check_all() {
    ValueEngine restored;
    const auto ids = to.ids();
    REQUIRE(ids.size() == contents_.size());
    for (std::size_t n = 0; n < ids.size(); ++n) {
      to.repository.restore(ids[n], restored, {}, 2, from.context());
      CHECK((restored.content == contents_[contents_.size() - 1 - n]));
    }
    CHECK(to.repository.verify({.level = VerifyLevel::frames}, from.context()).ok());
  }
  ValueEngine& engine() { return engine_; }
  [[nodiscard]] std::uint64_t read_from_source() const { return from.sink->bytes_got(); }
  [[nodiscard]] std::uint64_t read_from_target() const { return to.sink->bytes_got(); }

  Store from;
  Store to;
  SnapshotCopy copied;  ///< the latest

 private:
  static Bytes first_content(EntryKind kind) {
    Random random(3);
    return kind == EntryKind::page_file ? random.pages(kSize) : random.text(kSize);
  }

  // Small changes all over; in a stream the first of them moves everything behind it.
  void change() {
    Bytes& content = engine_.content;
    for (int n = 0; n < kChanges; ++n) {
      const Bytes patch = random_.text(60);
      std::ranges::copy(patch, content.begin() + static_cast<std::ptrdiff_t>(random_.below(content.size() - 60)));
    }
    if (kind_ == EntryKind::page_file) return;
    const Bytes line = random_.text(200);
    content.insert(content.begin() + 4096, line.begin(), line.end());
  }

  const EntryKind kind_;
  ValueEngine engine_;
  Repository target_;
  std::vector<Bytes> contents_;
  Random random_{17};
};

// A delta at the end of its chain stands on the whole chunk at its root, which no earlier copy was compared with: about
// every fifth change of a chunk is read together with that.
TEST_CASE("daily copies read and store what changed") {
  EntryKind kind = EntryKind::page_file;
  std::string password;
  SUBCASE("pages") {}
  SUBCASE("pages, under keys of its own") { password = "target"; }
  SUBCASE("a stream") { kind = EntryKind::stream; }
  SUBCASE("a stream, under keys of its own") {
    kind = EntryKind::stream;
    password = "target";
  }
  Days days(kind, password);
  days.pass();
  const std::uint64_t first = days.read_from_source();
  std::uint64_t read = 0;
  for (int day = 1; day <= 10; ++day) {
    CAPTURE(day);
    days.pass();
    read += days.read_from_source();
    CHECK(days.copied.bytes_new <= (kChanges + 1) * kMostPerChange);
    CHECK(days.copied.bytes_stored <= kSize / 1000);
    if (day < 5) CHECK(days.read_from_source() <= first / 50);
  }
  CHECK(read <= 3 * first);
  days.check_all();
}

TEST_CASE("copies into a store that is far away are deltas too, made with the bytes of the near one") {
  for (const EntryKind kind : {EntryKind::page_file, EntryKind::stream}) {
    Days days(kind, "target", true);
    days.pass();
    for (int day = 1; day <= 4; ++day) {
      CAPTURE(day);
      days.pass();
      CHECK(days.copied.bytes_stored <= kSize / 1000);
      CHECK(days.read_from_target() <= kSize / 50);
    }
    days.check_all();
  }
}

TEST_CASE("a snapshot in which nothing changed reads and stores next to nothing") {
  Days days(EntryKind::page_file, "target");
  days.pass();
  days.from.clock.advance(std::chrono::hours(1));
  days.from.repository.snapshot(days.engine(), {}, days.from.context());
  days.from.sink->heal();
  const CopyReport report = days.to.repository.copy_from(days.from.repository, {}, days.from.context());
  REQUIRE(report.snapshots.size() == 2);
  CHECK(report.snapshots.back().bytes_new == 0);
  CHECK(report.snapshots.back().bytes_stored == 0);
  CHECK(days.read_from_source() <= kSize / 500);
}

}  // namespace
}  // namespace dbsnap::testing
