// Damage marks: what they hold, what an old one means, and how a verify changes them.
#include "repo/damage_marks.hpp"

#include <doctest/doctest.h>

#include "dbsnap/error.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "format/envelope.hpp"
#include "format_fixture.hpp"
#include "harness/fault_sink.hpp"

namespace dbsnap {
namespace {

using testing::bytes_of;
using testing::code_of;
using testing::some_pack;

struct Marked {
  std::shared_ptr<testing::FaultSink> sink = std::make_shared<testing::FaultSink>(make_memory_sink());
  RepositoryState state{sink, {}, testing::secret_keys()};
  SessionId session = some_pack().session;
  std::string pack = pack_key(some_pack(1));
  std::string other = pack_key(some_pack(2));

  void mark(const std::set<std::string>& objects, bool looked_at_all = true) const {
    mark_damage(state, session, objects, looked_at_all, {});
  }
  [[nodiscard]] std::set<std::string> objects() const { return load_marks(state, {}).at(to_text(session)).objects; }
};

}  // namespace

TEST_CASE("a mark names the damaged objects, and the packs among them are found") {
  const Marked world;
  world.mark({world.pack, "snapshots/x"});
  const DamageMarks marks = load_marks(world.state, {});
  REQUIRE(marks.size() == 1);
  CHECK_FALSE(marks.begin()->second.all);
  CHECK(marks.begin()->second.objects == std::set<std::string>{world.pack, "snapshots/x"});
  CHECK(marked_packs(marks) == std::set{some_pack(1)});
}

TEST_CASE("a later look at the whole snapshot replaces what a mark says, and removes it when nothing is wrong") {
  const Marked world;
  world.mark({world.pack});
  world.mark({world.other});
  CHECK(world.objects() == std::set{world.other});
  world.mark({});
  CHECK(load_marks(world.state, {}).empty());
}

TEST_CASE("a look at a part of the snapshot only adds to a mark") {
  const Marked world;
  world.mark({world.pack});
  world.mark({world.other}, false);
  CHECK(world.objects() == std::set{world.pack, world.other});
  world.mark({}, false);
  CHECK(world.objects() == std::set{world.pack, world.other});
}

TEST_CASE("a mark without a list, or one that cannot be read, means all of it") {
  CHECK(decode_mark("{}").all);
  CHECK(decode_mark(encode_mark({.all = true, .objects = {}})).all);
  const Marked world;
  world.mark({world.pack});
  world.sink->corrupt(damaged_key(world.session), 40);
  CHECK(load_marks(world.state, {}).begin()->second.all);
}

TEST_CASE("a mark that is no mark is damaged") {
  for (const char* text : {"", "[]", "7", "{\"objects\":7}", "{\"objects\":[7]}", "{\"objects\":"}) {
    CAPTURE(text);
    CHECK(code_of([&] { (void)decode_mark(text); }) == ErrorCode::damaged);
  }
}

TEST_CASE("storage that may only be read keeps no mark and says so") {
  const Marked world;
  world.sink->inject({.call = testing::SinkCall::put, .code = ErrorCode::access_refused});
  Context context;
  std::string said;
  context.log = [&](LogLevel, std::string_view text) { said = text; };
  mark_damage(world.state, world.session, {world.pack}, true, context);
  CHECK(said.find("could not be marked") != std::string::npos);
}

}  // namespace dbsnap
