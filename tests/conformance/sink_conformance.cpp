#include "conformance/sink_conformance.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

#include "conformance/sink_checks.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

void ranges_give_their_bytes(const Store& store) {
  const Bytes bytes = Random(2).bytes(10'000);
  store.put("ranged", bytes);
  struct Case {
    ByteRange range;
    std::size_t begin, end;
  };
  const Case cases[] = {{{0, 1}, 0, 1},
                        {{0, 10'000}, 0, 10'000},
                        {{1, 9'998}, 1, 9'999},
                        {{4'096, 4'096}, 4'096, 8'192},
                        {{9'999, 1}, 9'999, 10'000},
                        {{9'999, 5}, 9'999, 10'000},
                        {{5'000, ByteRange::kToEnd}, 5'000, 10'000},
                        {{5'000, ByteRange::kToEnd - 1}, 5'000, 10'000},
                        {{10'000, 1}, 0, 0},
                        {{10'000, ByteRange::kToEnd}, 0, 0},
                        {{123'456, 10}, 0, 0},
                        {{ByteRange::kToEnd, ByteRange::kToEnd}, 0, 0},
                        {{77, 0}, 0, 0}};
  for (const Case& each : cases) {
    CAPTURE(each.range.offset);
    CAPTURE(each.range.length);
    const Bytes expected(bytes.begin() + static_cast<std::ptrdiff_t>(each.begin),
                         bytes.begin() + static_cast<std::ptrdiff_t>(each.end));
    CHECK(store.get("ranged", each.range) == expected);
  }
}

void absence_is_told_apart(const Store& store) {
  store.put("there/is/this", to_bytes("x"));
  for (const char* key : {"absent", "there/absent", "there/is", "there", "there/is/this/not", "no/such/folder"}) {
    CAPTURE(key);
    CHECK(code_of([&] { (void)store.get(key); }) == ErrorCode::not_found);
    CHECK_FALSE(store.stat(key).has_value());
    store.remove(key);
  }
  CHECK(store.keys() == "there/is/this");
}

void if_absent_is_refused(const Store& store) {
  CHECK(code_of([&] { store.put_if_absent("dir/k", to_bytes("first")); }) == ErrorCode::unsupported);
  CHECK_FALSE(store.stat("dir/k").has_value());
  store.put("dir/k", to_bytes("there"));
  CHECK(code_of([&] { store.put_if_absent("dir/k", to_bytes("second")); }) == ErrorCode::unsupported);
  CHECK(to_text(store.get("dir/k")) == "there");
}

void removed_key_is_free(const Store& store, bool refuses_if_absent) {
  store.put("a/b", to_bytes("1"));
  store.put("a/c", to_bytes("2"));
  store.remove("a/b");
  CHECK(code_of([&] { (void)store.get("a/b"); }) == ErrorCode::not_found);
  CHECK_FALSE(store.stat("a/b").has_value());
  CHECK(store.keys() == "a/c");
  store.remove("a/b");
  CHECK((refuses_if_absent ? store.put("a/b", to_bytes("3")) : store.put_if_absent("a/b", to_bytes("3"))) ==
        PutResult::stored);
  CHECK(to_text(store.get("a/b")) == "3");
}

void several_are_removed(const Store& store) {
  std::vector<std::string> keys = {"absent/1", "packs/aa/absent"};
  for (int n = 0; n < 30; ++n) {
    const std::string key = "packs/" + std::to_string(n % 3) + "/" + std::to_string(n);
    store.put(key, to_bytes(key));
    if (n % 2 == 0) keys.push_back(key);
  }
  store.sink.remove_all(keys, {});
  for (const std::string& key : keys) CHECK_FALSE(store.stat(key).has_value());
  CHECK(store.list().shown.size() == 15);
  store.sink.remove_all({}, {});
  store.sink.remove_all(keys, {});
  CHECK(store.list().shown.size() == 15);
}

void if_absent_stores_once(const Store& store) {
  CHECK(store.put_if_absent("dir/k", to_bytes("first")) == PutResult::stored);
  CHECK(store.put_if_absent("dir/k", to_bytes("second, longer")) == PutResult::already_exists);
  CHECK(to_text(store.get("dir/k")) == "first");
  store.put("dir/k", to_bytes("third"));
  CHECK(store.put_if_absent("dir/k", {}) == PutResult::already_exists);
  CHECK(to_text(store.get("dir/k")) == "third");
}

void prefix_selects_by_characters(const Store& store) {
  for (const char* key : {"packs/ab/1", "packs/ab/2", "packs/ac/1", "packs-old/1", "pack", "snapshots/s/1"}) {
    store.put(key, to_bytes(key));
  }
  CHECK(store.keys() == "pack packs-old/1 packs/ab/1 packs/ab/2 packs/ac/1 snapshots/s/1");
  CHECK(store.keys("packs/") == "packs/ab/1 packs/ab/2 packs/ac/1");
  CHECK(store.keys("packs/a") == "packs/ab/1 packs/ab/2 packs/ac/1");
  CHECK(store.keys("packs/ab") == "packs/ab/1 packs/ab/2");
  CHECK(store.keys("packs/ab/2") == "packs/ab/2");
  CHECK(store.keys("packs/ab/2/") == "");
  CHECK(store.keys("pack") == "pack packs-old/1 packs/ab/1 packs/ab/2 packs/ac/1");
  CHECK(store.keys("pack/") == "");
  CHECK(store.keys("snapshots/s/1") == "snapshots/s/1");
  CHECK(store.keys("zzz") == "");
  CHECK(store.keys("no/such/folder/") == "");
  CHECK(store.keys("../") == "");
  CHECK(store.keys("/") == "");
}

void long_listing_is_complete(const Store& store, unsigned objects) {
  std::map<std::string, std::uint64_t> expected;
  for (unsigned n = 0; n < objects; ++n) {
    const std::string key = "packs/" + std::to_string(n % 7) + "/" + std::to_string(n);
    const Bytes bytes(n % 50);
    store.put(key, bytes);
    expected[key] = bytes.size();
  }
  const auto listing = store.list();
  CHECK(listing.sizes == expected);
  bool once = true;
  for (const auto& [key, times] : listing.shown) once = once && times == 1;
  CHECK(once);
}

}  // namespace

void check_sink_objects(const SinkSubject& subject) {
  const auto sink = subject.make_empty();
  const Store store{*sink};
  Random random(1);

  SUBCASE("what was put comes back, from no byte to the largest object") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{1024 * 1024 + 1}, subject.largest_object}) {
      CAPTURE(size);
      const Bytes bytes = random.bytes(size);
      CHECK(store.put("objects/one", bytes) == PutResult::stored);
      CHECK(store.get("objects/one") == bytes);
      CHECK(store.stat("objects/one").value().size == size);
      CHECK(store.stat("objects/one").value().key == "objects/one");
    }
  }
  SUBCASE("a range gives exactly its bytes, fewer only where the object ends") { ranges_give_their_bytes(store); }
  SUBCASE("a range of an empty object is empty") {
    store.put("empty", {});
    CHECK(store.get("empty", {0, 5}).empty());
    CHECK(store.get("empty", {3, ByteRange::kToEnd}).empty());
  }
  SUBCASE("an absent object is not_found to get, nothing to stat, success to remove") { absence_is_told_apart(store); }
  SUBCASE("the error for an absent object names it") {
    try {
      (void)store.get("packs/ab/missing-1");
      FAIL("an absent object was read");
    } catch (const Error& error) {
      CHECK(error.message().find("packs/ab/missing-1") != std::string::npos);
    }
  }
  SUBCASE("put without if_absent replaces, also by something shorter") {
    store.put("k", random.bytes(5'000));
    CHECK(store.put("k", to_bytes("short")) == PutResult::stored);
    CHECK(to_text(store.get("k")) == "short");
    CHECK(store.stat("k").value().size == 5);
    CHECK(store.keys() == "k");
  }
  SUBCASE("put with if_absent stores once and changes nothing afterwards") {
    if (!subject.refuses_if_absent) if_absent_stores_once(store);
  }
  SUBCASE("a store that does not know if_absent says so and changes nothing") {
    if (subject.refuses_if_absent) if_absent_is_refused(store);
  }
  SUBCASE("a removed object is gone and its key can be used again") {
    removed_key_is_free(store, subject.refuses_if_absent);
  }
  SUBCASE("many are removed at once, those that are absent among them, and no others") { several_are_removed(store); }
  SUBCASE("another object over the same store sees what was put") {
    if (!subject.open_again) return;
    store.put("shared/x", to_bytes("seen"));
    const auto other = subject.open_again(*sink);
    CHECK(to_text(Store{*other}.get("shared/x")) == "seen");
    Store{*other}.remove("shared/x");
    CHECK_FALSE(store.stat("shared/x").has_value());
  }
  SUBCASE("the sink says where it is") { CHECK_FALSE(sink->url().empty()); }
}

void check_sink_keys(const SinkSubject& subject) {
  const auto sink = subject.make_empty();
  const Store store{*sink};

  SUBCASE("every key that the contract allows is taken") {
    const std::string segment(255, 'k');
    std::vector<std::string> keys = {"a",   "0",   "-",    "_",    "...",       ".hidden",
                                     "..a", "a..", ".tmp", "lost", "a.-_9/b.c", "x/y/z/0/1/2",
                                     "tmp", "con", "nul",  "aux",  segment,     std::string(255, 'd') + "/" + segment};
    std::erase_if(keys, [&](const std::string& key) { return key.size() > subject.longest_key; });
    for (const std::string& key : keys) {
      CAPTURE(key);
      CHECK(store.put(key, to_bytes(key)) == PutResult::stored);
      CHECK(to_text(store.get(key)) == key);
    }
    CHECK(store.list().shown.size() == keys.size());
  }
  SUBCASE("every other key is refused by every call and leaves no trace") {
    const std::vector<std::string> keys = {"",
                                           "/",
                                           "/a",
                                           "a/",
                                           "a//b",
                                           ".",
                                           "..",
                                           "a/./b",
                                           "a/../b",
                                           "../a",
                                           "a/..",
                                           "A",
                                           "a b",
                                           "ä",
                                           "a\\b",
                                           "a~",
                                           "a\nb",
                                           std::string("a\0b", 3),
                                           "a:b",
                                           "a%2fb",
                                           "*",
                                           std::string(513, 'a'),
                                           std::string(256, 'a'),
                                           "a/" + std::string(511, 'b')};
    for (const std::string& key : keys) {
      CAPTURE(key);
      CHECK(code_of([&] { store.put(key, to_bytes("x")); }) == ErrorCode::invalid_argument);
      CHECK(code_of([&] { store.put_if_absent(key, to_bytes("x")); }) == ErrorCode::invalid_argument);
      CHECK(code_of([&] { (void)store.get(key); }) == ErrorCode::invalid_argument);
      CHECK(code_of([&] { (void)store.stat(key); }) == ErrorCode::invalid_argument);
      CHECK(code_of([&] { store.remove(key); }) == ErrorCode::invalid_argument);
    }
    CHECK(store.keys().empty());
  }
}

void check_sink_listing(const SinkSubject& subject) {
  const auto sink = subject.make_empty();
  const Store store{*sink};

  SUBCASE("an empty store lists nothing") {
    CHECK(store.keys().empty());
    CHECK(store.keys("packs/").empty());
  }
  SUBCASE("a prefix selects by characters, not by segments") { prefix_selects_by_characters(store); }
  SUBCASE("a long listing shows every object once, with its size") {
    long_listing_is_complete(store, subject.long_listing);
  }
  SUBCASE("a visitor that returns false is not called again") {
    for (const char* key : {"a", "b", "c/d", "c/e"}) store.put(key, {});
    unsigned calls = 0;
    sink->list("", [&](const ObjectInfo&) { return ++calls < 2; }, {});
    CHECK(calls == 2);
  }
  SUBCASE("an exception of the visitor reaches the caller") {
    store.put("a", {});
    store.put("b/c", {});
    const auto list = [&] {
      sink->list("", [](const ObjectInfo&) -> bool { throw std::runtime_error("visitor"); }, {});
    };
    CHECK_THROWS_WITH_AS(list(), "visitor", std::runtime_error);
    CHECK(store.keys() == "a b/c");
  }
  SUBCASE("the visitor may use the sink, and remove what it is shown") {
    for (const char* key : {"a/1", "a/2", "b/1"}) store.put(key, to_bytes(key));
    const auto remove = [&](const ObjectInfo& object) {
      CHECK(to_text(store.get(object.key)) == object.key);
      store.remove(object.key);
      return true;
    };
    sink->list("a/", remove, {});
    CHECK(store.keys() == "b/1");
  }
  SUBCASE("an object is listed as soon as its put has returned") {
    if (!sink->capabilities().list_after_write) return;
    for (int n = 0; n < 20; ++n) {
      const std::string key = "new/" + std::to_string(n);
      store.put(key, {});
      CHECK(store.keys(key) == key);
      store.remove(key);
      CHECK(store.keys(key).empty());
    }
  }
}

void check_sink_context(const SinkSubject& subject) {
  const auto sink = subject.make_empty();
  const Store store{*sink};
  store.put("kept", to_bytes("as it was"));

  const auto every_call_throws = [&](const Context& context, ErrorCode code) {
    const auto visit = [](const ObjectInfo&) { return true; };
    CHECK(code_of([&] { sink->put("new", to_bytes("x"), {}, context); }) == code);
    CHECK(code_of([&] { sink->put("kept", to_bytes("x"), {}, context); }) == code);
    CHECK(code_of([&] { sink->put("new", to_bytes("x"), {.if_absent = true}, context); }) == code);
    CHECK(code_of([&] { sink->remove_all(std::vector<std::string>{"kept"}, context); }) == code);
    CHECK(code_of([&] { (void)sink->get("kept", {}, context); }) == code);
    CHECK(code_of([&] { (void)sink->stat("kept", context); }) == code);
    CHECK(code_of([&] { sink->list("", visit, context); }) == code);
    CHECK(code_of([&] { sink->remove("kept", context); }) == code);
    CHECK(store.keys() == "kept");
    CHECK(to_text(store.get("kept")) == "as it was");
  };
  SUBCASE("a cancelled context stops every call before it has an effect") {
    std::stop_source stop;
    stop.request_stop();
    Context context;
    context.stop = stop.get_token();
    every_call_throws(context, ErrorCode::cancelled);
  }
  SUBCASE("a deadline that has passed stops every call before it has an effect") {
    Context context;
    context.deadline = context.clock->monotonic() - std::chrono::seconds(1);
    every_call_throws(context, ErrorCode::deadline_exceeded);
  }
  SUBCASE("a listing that is cancelled from its visitor throws") {
    for (const char* key : {"a", "b", "c"}) store.put(key, {});
    std::stop_source stop;
    Context context;
    context.stop = stop.get_token();
    unsigned calls = 0;
    const auto cancel = [&](const ObjectInfo&) {
      stop.request_stop();
      ++calls;
      return true;
    };
    CHECK(code_of([&] { sink->list("", cancel, context); }) == ErrorCode::cancelled);
    CHECK(calls < 4);
  }
}

}  // namespace dbsnap::testing
