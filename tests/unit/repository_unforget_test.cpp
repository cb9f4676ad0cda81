// Forget and unforget: a snapshot comes back as long as its data is there, and beside prunes.
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "repository_fixture.hpp"
#include "repository_history.hpp"

namespace dbsnap::testing {
namespace {

TEST_CASE("a forgotten snapshot comes back with its content, times and tags under a new id") {
  History history(2);
  const std::string id = history.ids_in_order.front();
  const Manifest before = history.repository.manifest(id, history.context());
  history.repository.forget({id}, history.context());
  REQUIRE(history.repository.forgotten({}, history.context()).size() == 1);
  const Manifest back = history.repository.unforget(id, history.context());
  CHECK(back.id != id);
  CHECK(back.time == before.time);
  CHECK(back.started == before.started);
  CHECK(back.tags == before.tags);
  CHECK(history.ids() == std::vector{history.ids_in_order.back(), back.id});
  CHECK(history.restored(back.id) == history.states.at(id));
  history.states[back.id] = history.states.at(id);
  history.prune({.last = 2});
  history.check_all_restorable();
}

TEST_CASE("a snapshot that was never forgotten, or never was, cannot be brought back") {
  History history(1);
  const auto unforget = [&](const std::string& id) {
    return code_of([&] { history.repository.unforget(id, history.context()); });
  };
  CHECK(unforget(history.ids_in_order.front()) == ErrorCode::not_found);
  CHECK(unforget(std::string(32, '0')) == ErrorCode::not_found);
  CHECK(unforget("x") == ErrorCode::not_found);
}

TEST_CASE("after a prune has removed the data a snapshot does not come back") {
  History history(1);
  history.grow_anew();
  const std::string id = history.ids_in_order.front();
  history.repository.forget({id}, history.context());
  history.prune({});
  CHECK(history.repository.forgotten({}, history.context()).empty());
  CHECK(code_of([&] { history.repository.unforget(id, history.context()); }) == ErrorCode::not_found);
}

TEST_CASE("while a prune has condemned the data a snapshot does not come back, and nothing is left of the try") {
  History history(1);
  history.grow_anew();
  const std::string id = history.ids_in_order.front();
  history.repository.forget({id}, history.context());
  const auto gate = history.sink->stall(SinkCall::put, "gc/1/verdict");
  const PrunePlan plan = history.plan({});
  std::jthread pruner([&] { history.repository.apply(plan, {}, history.context()); });
  gate->await_arrivals();
  Repository other = Repository::open(history.memory, {}, history.context());
  CHECK(code_of([&] { other.unforget(id, history.context()); }) == ErrorCode::locked);
  gate->open();
  pruner.join();
  CHECK(history.plan({}).unfinished.empty());
  history.check_all_restorable();
}

TEST_CASE("an unforget that breaks off at any call has happened or not, and hurts nothing") {
  for (std::uint64_t call = 0; call < 100; ++call) {
    CAPTURE(call);
    History history(2);
    const std::string id = history.ids_in_order.front();
    history.repository.forget({id}, history.context());
    history.sink->heal();
    history.sink->die_after(call);
    bool failed = false;
    try {
      history.repository.unforget(id, history.context());
    } catch (const Error&) {
      failed = true;
    }
    history.sink->heal();
    for (const std::string& listed : history.ids()) history.states.emplace(listed, history.states.at(id));
    history.check_all_restorable();
    history.repository.apply(history.plan({.last = 1}), {.discard_unfinished = true}, history.context());
    history.check_all_restorable();
    const auto left = history.keys("packs/");
    CHECK(std::set(left.begin(), left.end()) == history.needed_packs());
    if (!failed) {
      CHECK(call > 5);
      return;
    }
  }
  FAIL("unforget never got through");
}

}  // namespace
}  // namespace dbsnap::testing
