// Rounds of pruning and signs of life, in a store that hides objects or refuses to remove them.
#include <chrono>
#include <string>
#include <thread>

#include "format/names.hpp"
#include "harness/running_clock.hpp"
#include "key_world.hpp"
#include "repo/life_signs.hpp"
#include "repo/rounds.hpp"

namespace dbsnap::testing {
namespace {

TEST_CASE("the open round is found however little a listing shows") {
  KeyWorld world;
  for (std::uint64_t round = 1; round <= 4; ++round) {
    REQUIRE(put_plan(*world.state, round, {}, world.context()));
    finish_round(*world.state, round, world.context());
  }
  REQUIRE(put_plan(*world.state, 5, {}, world.context()));
  for (std::uint64_t shown = 0; shown < 8; ++shown) {
    CAPTURE(shown);
    world.sink->heal();
    world.sink->show_only(shown);
    const Round newest = newest_round(*world.state, world.context());
    CHECK(newest.number == 5);
    CHECK_FALSE(newest.done);
  }
}

TEST_CASE("a session whose old signs of life cannot be removed goes on showing new ones") {
  KeyWorld world;
  world.sink->inject({.call = SinkCall::remove, .prefix = "alive/", .every_later = true});
  const RunningClock clock(std::chrono::milliseconds(1));
  Context context;
  context.clock = &clock;
  const SessionId session = parse_session_id(std::string(32, 'a')).value();
  LifeSigns signs(*world.state, session, std::chrono::milliseconds(1), context);
  while (world.objects("alive/").size() < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK_FALSE(signs.stop().empty());
}

}  // namespace
}  // namespace dbsnap::testing
