// Creating and opening repositories.
#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "dbsnap/version.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

bool contains(ByteView bytes, std::string_view text) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return all.find(text) != std::string_view::npos;
}

TEST_CASE("a repository that was created can be opened and keeps its id") {
  Store store;
  CHECK(store.repository.id().size() == 32);
  CHECK_FALSE(store.repository.encrypted());
  CHECK(store.open().id() == store.repository.id());
}

TEST_CASE("a place without a repository says so") {
  const Error error = error_of([] { Repository::open(make_memory_sink(), {}, {}); });
  CHECK(error.code() == ErrorCode::no_repository);
  CHECK_FALSE(error.hint().empty());
}

TEST_CASE("a second create at the same place is refused and changes nothing") {
  Store store;
  const Bytes before = store.memory->get("dbsnap.json", {}, {});
  CHECK(code_of([&] { Repository::create(store.sink, {.encrypt = false}, {}); }) == ErrorCode::already_exists);
  CHECK(store.memory->get("dbsnap.json", {}, {}) == before);
}

TEST_CASE("of many that create at once exactly one succeeds") {
  const auto sink = make_memory_sink();
  std::atomic<int> created{0};
  std::atomic<int> refused{0};
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 8; ++n) {
      threads.emplace_back([&] {
        try {
          Repository::create(sink, {.encrypt = false}, {});
          ++created;
        } catch (const Error& error) {
          if (error.code() == ErrorCode::already_exists) ++refused;
        }
      });
    }
  }
  CHECK(created == 1);
  CHECK(refused == 7);
  CHECK_NOTHROW(Repository::open(sink, {}, {}));
}

TEST_CASE("encryption without a password is refused before anything is written") {
  const auto sink = make_memory_sink();
  CHECK(code_of([&] { Repository::create(sink, {}, {}); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { Repository::open(sink, {}, {}); }) == ErrorCode::no_repository);
}

TEST_CASE("sizes that make no sense are refused") {
  const auto sink = make_memory_sink();
  const auto create = [&](CreateOptions options) {
    options.encrypt = false;
    return code_of([&] { Repository::create(sink, options, {}); });
  };
  CHECK(create({.chunk_size = 0}) == ErrorCode::invalid_argument);
  CHECK(create({.chunk_size = 1000}) == ErrorCode::invalid_argument);
  CHECK(create({.chunk_size = 1 << 20, .frame_size = 1 << 16}) == ErrorCode::invalid_argument);
  CHECK(create({.pack_size = 1U << 30}) == ErrorCode::invalid_argument);
}

TEST_CASE("an encrypted repository opens with its password only") {
  Store store({.password = "right"});
  CHECK(store.repository.encrypted());
  CHECK(store.open("right").id() == store.repository.id());
  CHECK(code_of([&] { store.open("wrong"); }) == ErrorCode::wrong_key);
  CHECK(code_of([&] { store.open(""); }) == ErrorCode::wrong_key);
}

TEST_CASE("a password for a repository that is not encrypted is refused, for it may be another one in its place") {
  Store store;
  CHECK(code_of([&] { store.open("any"); }) == ErrorCode::wrong_key);
  CHECK(code_of([&] { Repository::create(make_memory_sink(), {.password = "any", .encrypt = false}, {}); }) ==
        ErrorCode::invalid_argument);
}

TEST_CASE("an encrypted repository shows nothing of what it holds") {
  Store store({.password = "right"});
  Bytes secret = Random(1).text(200'000);
  const std::string needle = to_text(ByteView(secret).first(24));
  ValueEngine engine(secret, EntryKind::stream, "payroll");
  store.snapshot(engine, {.tags = {"quarterly"}, .host = "vault"});
  for (const std::string& key : store.keys()) {
    CAPTURE(key);
    const Bytes object = store.memory->get(key, {}, {});
    for (const std::string_view word : {std::string_view(needle), std::string_view("quarterly"),
                                        std::string_view("payroll"), std::string_view("vault")}) {
      CHECK_FALSE(contains(object, word));
      CHECK(key.find(word) == std::string::npos);
    }
  }
  ValueEngine target;
  Repository again = store.open("right");
  again.restore(again.resolve("latest", {}, store.context()), target, {}, 1, store.context());
  CHECK(target.content == secret);
}

TEST_CASE("a repository of a newer format is refused and told apart from a damaged one") {
  Store store;
  auto config = nlohmann::json::parse(to_text(store.memory->get("dbsnap.json", {}, {})));
  config["format"] = repository_format() + 1;
  store.memory->put("dbsnap.json", to_bytes(config.dump()), {}, {});
  CHECK(code_of([&] { store.open(); }) == ErrorCode::incompatible_version);
  store.memory->put("dbsnap.json", to_bytes("{\"format\":"), {}, {});
  CHECK(code_of([&] { store.open(); }) == ErrorCode::damaged);
  store.memory->put("dbsnap.json", {}, {}, {});
  CHECK(code_of([&] { store.open(); }) == ErrorCode::damaged);
}

TEST_CASE("a store that does not answer is no missing repository") {
  Store store;
  store.sink->fail_call(0, ErrorCode::storage_unreachable);
  CHECK(code_of([&] { store.open(); }) == ErrorCode::storage_unreachable);
}

}  // namespace
}  // namespace dbsnap::testing
