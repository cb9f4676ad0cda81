// Reading packs side by side: each once, in order, within the memory it may take.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "dbsnap/error.hpp"
#include "harness/error_code.hpp"
#include "repo/pack_sweep.hpp"

namespace dbsnap::testing {
namespace {

/// Makes up packs of the size that is asked for, and counts the bytes that are out.
class MadeUpSink final : public Sink {
 public:
  PutResult put(std::string_view, ByteView, const PutOptions&, const Context&) override {
    throw Error(ErrorCode::unsupported, "only reads");
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    context.check();
    ++gets;
    if (key == failing) throw Error(ErrorCode::storage_unreachable, "gone");
    const std::uint64_t size = range.length - 1;
    const std::uint64_t out = held += size;
    for (std::uint64_t most = most_held; out > most && !most_held.compare_exchange_weak(most, out);) {
    }
    return Bytes(size);
  }
  std::optional<ObjectInfo> stat(std::string_view, const Context&) override { return std::nullopt; }
  void list(std::string_view, const std::function<bool(const ObjectInfo&)>&, const Context&) override {}
  void remove(std::string_view, const Context&) override {}
  [[nodiscard]] SinkCapabilities capabilities() const override { return {}; }
  [[nodiscard]] std::string url() const override { return "made-up:"; }

  std::atomic<std::uint64_t> gets = 0;
  std::atomic<std::uint64_t> held = 0;
  std::atomic<std::uint64_t> most_held = 0;
  std::string failing;
};

std::vector<SweepItem> items_of(std::uint64_t size, std::uint32_t count) {
  std::vector<SweepItem> items;
  for (std::uint32_t n = 0; n < count; ++n) items.push_back({{.session = {}, .number = n}, size});
  return items;
}

TEST_CASE("a sweep reads every pack once and hands them over in order") {
  MadeUpSink sink;
  TaskPool pool(3);
  const auto items = items_of(1000, 200);
  std::vector<std::size_t> places;
  std::atomic<int> looks = 0;
  PackSweep(sink, pool, {})
      .run(
          items,
          [&](std::size_t place, ByteView bytes) -> std::optional<std::string> {
            ++looks;
            CHECK(bytes.size() == 1000);
            if (place == 7) return "seven";
            return std::nullopt;
          },
          [&](std::size_t place, const Bytes&, const std::optional<std::string>& fault) {
            places.push_back(place);
            CHECK(fault.has_value() == (place == 7));
          });
  CHECK(places.size() == 200);
  CHECK(std::ranges::is_sorted(places));
  CHECK(sink.gets == 200);
  CHECK(looks == 200);
}

TEST_CASE("packs in memory stay within the bound however many threads read") {
  for (const std::uint64_t size : {16ULL << 20, 48ULL << 20}) {
    MadeUpSink sink;
    TaskPool pool(8);
    PackSweep(sink, pool, {})
        .run(
            items_of(size, 12), [](std::size_t, ByteView) { return std::nullopt; },
            [&](std::size_t, const Bytes& bytes, const std::optional<std::string>&) { sink.held -= bytes.size(); });
    CHECK(sink.gets == 12);
    CHECK(sink.most_held <= kSweepMemory);
  }
}

TEST_CASE("a sweep whose store fails ends with that failure") {
  MadeUpSink sink;
  sink.failing = pack_key({.session = {}, .number = 20});
  TaskPool pool(3);
  std::size_t done = 0;
  const auto failure = code_of([&] {
    PackSweep(sink, pool, {})
        .run(
            items_of(1000, 50), [](std::size_t, ByteView) { return std::nullopt; },
            [&](std::size_t, const Bytes&, const std::optional<std::string>&) { ++done; });
  });
  CHECK(failure == ErrorCode::storage_unreachable);
  CHECK(done == 20);
}

}  // namespace
}  // namespace dbsnap::testing
