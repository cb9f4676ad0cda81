// A repository in memory whose keys cost next to nothing, and ways to break what is done to them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "repo/keys.hpp"
#include "repo/opening.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {

inline constexpr ScryptCost kCheap{.n = 16, .r = 1, .p = 1};

/// A store in memory whose keys cost next to nothing to open.
class KeyWorld {
 public:
  explicit KeyWorld(bool with_repository = true) {
    if (with_repository) state = create_repository(sink, {.password = "first"}, kCheap, context());
  }

  [[nodiscard]] Context context() const {
    Context context;
    context.clock = &clock;
    return context;
  }
  [[nodiscard]] bool opens(std::string_view password) const {
    try {
      open_repository(sink, {.password = std::string(password)}, context());
      return true;
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::wrong_key);
      return false;
    }
  }
  [[nodiscard]] std::vector<std::string> objects(const std::string& prefix = "keys/") const {
    std::vector<std::string> keys;
    memory->list(prefix,
                 [&](const ObjectInfo& object) {
                   keys.push_back(object.key);
                   return true;
                 },
                 {});
    return keys;
  }
  KeyInfo add(std::string_view password, KeyKind kind = KeyKind::password) {
    clock.advance(std::chrono::seconds(1));
    return add_key(*state, kind, password, "label", kCheap, context());
  }
  KeyInfo change(const std::string& id, std::string_view password) {
    clock.advance(std::chrono::seconds(1));
    return change_key(*state, id, password, kCheap, context());
  }

  TestClock clock;
  std::shared_ptr<Sink> memory = make_memory_sink();
  std::shared_ptr<FaultSink> sink = std::make_shared<FaultSink>(memory);
  std::shared_ptr<RepositoryState> state;
};

/// Before its effect, after it, and the same for all later calls.
inline std::vector<SinkFault> fault_kinds() {
  return {{.code = ErrorCode::io},
          {.after_effect = true, .code = ErrorCode::storage_unreachable},
          {.every_later = true, .code = ErrorCode::access_refused},
          {.every_later = true, .after_effect = true, .code = ErrorCode::storage_unreachable}};
}

/// Breaks `act` at its first, second, … call of the store, in each way, and hands what is left to `settle`, which is
/// told whether `act` succeeded.
inline void at_every_call(bool with_repository, const std::function<void(KeyWorld&)>& prepare,
                          const std::function<void(KeyWorld&)>& act,
                          const std::function<void(KeyWorld&, bool succeeded)>& settle) {
  for (const SinkFault& kind : fault_kinds()) {
    constexpr std::uint64_t kEndlessLoop = 200;
    bool met = true;
    for (std::uint64_t n = 0; met; ++n) {
      REQUIRE(n < kEndlessLoop);
      KeyWorld world(with_repository);
      prepare(world);
      SinkFault fault = kind;
      fault.after = n;
      world.sink->inject(fault);
      bool succeeded = true;
      try {
        act(world);
      } catch (const Error&) {
        succeeded = false;
      }
      met = world.sink->fired();
      const auto log = world.sink->log();
      CAPTURE(n);
      CAPTURE(kind.every_later);
      CAPTURE(kind.after_effect);
      CAPTURE((log.empty() ? "" : std::string(name_of(log.back().first)) + " " + log.back().second));
      world.sink->heal();
      settle(world, succeeded);
    }
  }
}

}  // namespace dbsnap::testing
