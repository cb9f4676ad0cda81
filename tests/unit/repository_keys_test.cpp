// The keys of a repository: adding, changing and removing passwords, and what is refused.
#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "harness/temp_folder.hpp"
#include "key_world.hpp"

namespace dbsnap::testing {
namespace {

TEST_CASE("every password that was added opens the repository, and is listed newest first") {
  Store store({.password = "first"});
  const KeyInfo added = store.repository.add_key("second", "laptop", store.context());
  Repository again = store.open("second");
  CHECK(store.open("first").id() == again.id());
  CHECK(code_of([&] { store.open("third"); }) == ErrorCode::wrong_key);
  store.clock.advance(std::chrono::seconds(1));
  const KeyInfo third = again.add_key("third", "", store.context());

  const std::vector<KeyInfo> keys = again.keys(store.context());
  REQUIRE(keys.size() == 3);
  CHECK(keys[0].id == third.id);
  const auto laptop = std::ranges::find(keys, added.id, &KeyInfo::id);
  REQUIRE(laptop != keys.end());
  CHECK(laptop->label == "laptop");
  CHECK(laptop->kind == KeyKind::password);
  CHECK(laptop->current);
  CHECK(laptop->good);
  CHECK(std::ranges::count_if(keys, &KeyInfo::current) == 1);
}

TEST_CASE("what was stored under one password is read under another") {
  Store store({.password = "first"});
  ValueEngine engine(Bytes(100'000, std::byte{5}));
  const std::string id = store.snapshot(engine).id;
  store.repository.add_key("second", "", store.context());
  ValueEngine target;
  store.open("second").restore(id, target, {}, 1, store.context());
  CHECK(target.content == engine.content);
}

TEST_CASE("a recovery code opens the repository, also as people type it") {
  Store store({.password = "first"});
  const RecoveryKey made = store.repository.add_recovery_key("safe", store.context());
  CHECK(made.key.kind == KeyKind::recovery);
  Repository opened = store.open(made.code);
  CHECK(opened.id() == store.repository.id());
  std::string typed = made.code;
  std::ranges::replace(typed, '-', ' ');
  std::ranges::transform(typed, typed.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
  CHECK(store.open(typed).id() == store.repository.id());
  const auto keys = opened.keys(store.context());
  const auto current = std::ranges::find_if(keys, &KeyInfo::current);
  REQUIRE(current != keys.end());
  CHECK(current->id == made.key.id);

  typed = made.code;
  typed[6] = typed[6] == '7' ? '8' : '7';
  const Error error = error_of([&] { store.open(typed); });
  CHECK(error.code() == ErrorCode::wrong_key);
  CHECK(error.why().find("group 2") != std::string::npos);
}

TEST_CASE("a changed password replaces the old one under the same id") {
  KeyWorld world;
  const std::string id = world.state->opened->id;
  const KeyInfo info = world.change(id, "better");
  CHECK(info.id == id);
  CHECK(info.current);
  CHECK(world.opens("better"));
  CHECK_FALSE(world.opens("first"));
  CHECK(world.objects().size() == 1);
}

TEST_CASE("a removed key no longer opens the repository") {
  KeyWorld world;
  const KeyInfo added = world.add("second");
  CHECK(remove_key(*world.state, added.id, {.dry_run = true}, world.context()).id == added.id);
  CHECK(world.opens("second"));
  CHECK(remove_key(*world.state, added.id.substr(0, 6), {}, world.context()).label == "label");
  CHECK_FALSE(world.opens("second"));
  CHECK(world.opens("first"));
}

TEST_CASE("the last key is never removed and the one in use only by force") {
  KeyWorld world;
  const std::string current = world.state->opened->id;
  const auto removing = [&](bool force) {
    return code_of([&] { remove_key(*world.state, current, {.force = force}, world.context()); });
  };
  CHECK(removing(false) == ErrorCode::invalid_argument);
  CHECK(removing(true) == ErrorCode::invalid_argument);
  world.add("second");
  CHECK(removing(false) == ErrorCode::invalid_argument);
  CHECK(world.opens("first"));
  remove_key(*world.state, current, {.force = true}, world.context());
  CHECK_FALSE(world.opens("first"));
  CHECK(world.opens("second"));
}

TEST_CASE("a damaged object is no key that the last good one could be removed for") {
  KeyWorld world;
  const KeyInfo second = world.add("second");
  for (const std::string& object : world.objects("keys/" + second.id))
    world.memory->put(object, to_bytes("{}"), {}, {});
  CHECK(code_of([&] { remove_key(*world.state, world.state->opened->id, {.force = true}, world.context()); }) ==
        ErrorCode::invalid_argument);
}

TEST_CASE("what cannot be a key is refused and nothing is stored") {
  KeyWorld world;
  const auto before = world.objects();
  CHECK(code_of([&] { world.add(""); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { world.change(world.state->opened->id, ""); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { add_key(*world.state, KeyKind::password, "x", "two\nlines", kCheap, world.context()); }) ==
        ErrorCode::invalid_argument);
  CHECK(code_of([&] { world.change("0123456789abcdef", "x"); }) == ErrorCode::not_found);
  CHECK(code_of([&] { world.change("", "x"); }) == ErrorCode::not_found);
  CHECK(world.objects() == before);
}

TEST_CASE("a recovery key has no password to change") {
  KeyWorld world;
  const KeyInfo code = world.add("0V1KP7M29AXQ3T25ZB8BH0DW2A4P6MJ1RCYEVF05", KeyKind::recovery);
  CHECK(code_of([&] { world.change(code.id, "x"); }) == ErrorCode::invalid_argument);
}

TEST_CASE("there is an end to the number of keys") {
  KeyWorld world;
  for (int n = 0; n < 31; ++n) world.add("password " + std::to_string(n));
  CHECK(code_of([&] { world.add("one more"); }) == ErrorCode::invalid_argument);
  CHECK(world.opens("password 17"));
}

TEST_CASE("a repository that is not encrypted has no keys and says so") {
  Store store;
  CHECK(code_of([&] { static_cast<void>(store.repository.keys(store.context())); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { store.repository.add_key("x", "", store.context()); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { store.repository.add_recovery_key("", store.context()); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { store.repository.remove_key("0123", {}, store.context()); }) == ErrorCode::invalid_argument);
}

TEST_CASE("an encrypted repository without any key is damaged, and says what is missing") {
  KeyWorld world;
  world.memory->remove(world.objects().front(), {});
  const Error error = error_of([&] { open_repository(world.sink, {.password = "first"}, world.context()); });
  CHECK(error.code() == ErrorCode::damaged);
  CHECK(error.message().find("no key") != std::string::npos);
}

TEST_CASE("a damaged key does not keep the others from opening, and verify names it") {
  KeyWorld world;
  const KeyInfo second = world.add("second");
  const std::string object = world.objects("keys/" + second.id).front();
  world.sink->corrupt(object, 40);
  CHECK(world.opens("first"));
  const Error error = error_of([&] { open_repository(world.sink, {.password = "second"}, world.context()); });
  CHECK(error.code() == ErrorCode::wrong_key);
  CHECK(error.why().find(object) != std::string::npos);
  const auto damage = check_keys(*world.state, world.context());
  REQUIRE(damage.size() == 1);
  CHECK(damage[0].object == object);
  const auto keys = list_keys(*world.state, world.context());
  REQUIRE(keys.size() == 2);
  CHECK_FALSE(keys[1].good);
}

TEST_CASE("when every key is damaged that is said, not that the password is wrong") {
  KeyWorld world;
  world.sink->corrupt(world.objects().front(), 40);
  CHECK(code_of([&] { open_repository(world.sink, {.password = "first"}, world.context()); }) == ErrorCode::damaged);
}

}  // namespace
}  // namespace dbsnap::testing
