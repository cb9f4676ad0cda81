// The keys of a repository when things go wrong: calls that fail, races, forgers, and a store that lies.
#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "key_world.hpp"

namespace dbsnap::testing {
namespace {

TEST_CASE("a store full of forged keys is not tried for hours") {
  KeyWorld world;
  const KeyInfo dear =
      add_key(*world.state, KeyKind::password, "x", "", {.n = 1U << 13, .r = 8, .p = 1}, world.context());
  const Bytes bytes = world.memory->get(world.objects("keys/" + dear.id).front(), {}, {});
  for (int n = 0; n < 1100; ++n) {
    std::string name = std::to_string(n);
    name.insert(0, 32 - name.size(), '0');
    world.memory->put("keys/" + dear.id + "/" + name, bytes, {}, {});
  }
  CHECK(code_of([&] { open_repository(world.sink, {.password = "wrong"}, world.context()); }) == ErrorCode::damaged);
}

TEST_CASE("of many that create an encrypted repository at once one wins and no other leaves a key") {
  KeyWorld world(false);
  std::atomic<int> created{0};
  std::atomic<int> refused{0};
  std::array<std::string, 6> passwords;
  {
    std::vector<std::jthread> threads;
    for (std::size_t n = 0; n < passwords.size(); ++n) {
      passwords[n] = "password " + std::to_string(n);
      threads.emplace_back([&, n] {
        try {
          create_repository(world.sink, {.password = passwords[n]}, kCheap, world.context());
          ++created;
        } catch (const Error& error) {
          if (error.code() == ErrorCode::already_exists) ++refused;
        }
      });
    }
  }
  CHECK(created == 1);
  CHECK(refused == 5);
  CHECK(world.objects().size() == 1);
  CHECK(std::ranges::count_if(passwords, [&](const std::string& password) { return world.opens(password); }) == 1);
}

TEST_CASE("a create that breaks off at any call leaves no repository or one that its password opens") {
  at_every_call(
      false, [](KeyWorld&) {},
      [](KeyWorld& world) {
        world.state = create_repository(world.sink, {.password = "first"}, kCheap, world.context());
      },
      [](KeyWorld& world, bool succeeded) {
        const bool exists = world.memory->stat("dbsnap.json", {}).has_value();
        CHECK((exists || !succeeded));
        if (exists) {
          CHECK(world.opens("first"));
          return;
        }
        // Whatever is left does not stand in the way of the next attempt.
        create_repository(world.sink, {.password = "again"}, kCheap, world.context());
        CHECK(world.opens("again"));
        CHECK_FALSE(world.opens("first"));
      });
}

TEST_CASE("a key is added or not, whatever call it breaks off at") {
  at_every_call(
      true, [](KeyWorld&) {}, [](KeyWorld& world) { world.add("second"); },
      [](KeyWorld& world, bool succeeded) {
        CHECK(world.opens("first"));
        if (succeeded) CHECK(world.opens("second"));
        world.add("third");
        CHECK(world.opens("third"));
      });
}

TEST_CASE("a change that breaks off at any call leaves the old or the new password, and can be repeated") {
  at_every_call(
      true, [](KeyWorld&) {}, [](KeyWorld& world) { world.change(world.state->opened->id, "better"); },
      [](KeyWorld& world, bool succeeded) {
        const bool old_opens = world.opens("first");
        const bool new_opens = world.opens("better");
        CHECK((old_opens || new_opens));
        if (succeeded) {
          CHECK(new_opens);
          CHECK_FALSE(old_opens);
        }
        const auto keys = list_keys(*world.state, world.context());
        REQUIRE(keys.size() == 1);
        CHECK(keys[0].older == (old_opens && new_opens ? 1 : 0));
        world.change(world.state->opened->id, "best");
        CHECK(world.opens("best"));
        CHECK_FALSE(world.opens("first"));
        CHECK_FALSE(world.opens("better"));
      });
}

TEST_CASE("a removal that breaks off at any call leaves a key that opens the repository") {
  std::string second;
  at_every_call(
      true, [&](KeyWorld& world) { second = world.add("second").id; },
      [&](KeyWorld& world) { remove_key(*world.state, second, {}, world.context()); },
      [](KeyWorld& world, bool succeeded) {
        CHECK(world.opens("first"));
        if (succeeded) CHECK_FALSE(world.opens("second"));
      });
}

TEST_CASE("two that remove each other's key at once do not leave a repository without any") {
  KeyWorld world;
  const std::string first = world.state->opened->id;
  const std::string second = world.add("second").id;
  const auto other = open_repository(world.memory, {.password = "second"}, world.context());
  // Both have looked at the keys, and see two of them; then both remove.
  const auto gate = world.sink->stall(SinkCall::remove, "keys/");
  std::jthread remover(
      [&] { CHECK(code_of([&] { remove_key(*world.state, second, {}, world.context()); }) == ErrorCode::locked); });
  gate->await_arrivals();
  for (const std::string& object : world.objects("keys/" + first)) world.memory->remove(object, {});
  gate->open();
  remover.join();
  CHECK(world.opens("second"));
}

TEST_CASE("a removal that is cancelled while another removes the other key still puts its own back") {
  KeyWorld world;
  const std::string first = world.state->opened->id;
  const std::string second = world.add("second").id;
  const auto gate = world.sink->stall(SinkCall::remove, "keys/");
  std::stop_source stop;
  Context context = world.context();
  context.stop = stop.get_token();
  std::jthread remover(
      [&] { CHECK(code_of([&] { remove_key(*world.state, second, {}, context); }) == ErrorCode::locked); });
  gate->await_arrivals();
  for (const std::string& object : world.objects("keys/" + first)) world.memory->remove(object, {});
  stop.request_stop();
  gate->open();
  remover.join();
  CHECK(world.opens("second"));
}

TEST_CASE("a new key that the store does not give back as it was put is not counted on") {
  KeyWorld world;
  const auto before = world.objects();
  // Whatever is written is read with a byte changed.
  class Liar final : public Sink {
   public:
    explicit Liar(std::shared_ptr<Sink> inner) : inner_(std::move(inner)) {}
    PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
      Bytes changed(bytes.begin(), bytes.end());
      changed[changed.size() / 2] ^= std::byte{1};
      return inner_->put(key, changed, options, context);
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
    [[nodiscard]] SinkCapabilities capabilities() const override { return inner_->capabilities(); }
    [[nodiscard]] std::string url() const override { return inner_->url(); }

   private:
    std::shared_ptr<Sink> inner_;
  };
  const auto lying = std::make_shared<Liar>(world.memory);
  const auto state = open_repository(lying, {.password = "first"}, world.context());
  CHECK(code_of([&] { change_key(*state, state->opened->id, "better", kCheap, world.context()); }) ==
        ErrorCode::damaged);
  CHECK(world.objects() == before);
  CHECK(world.opens("first"));
}

TEST_CASE("no error and no log line of any failing path holds a password or a code") {
  constexpr std::string_view kCanary = "geheim-kanarienvogel";
  std::string said;
  KeyWorld world;
  const auto listening = [&] {
    Context context = world.context();
    context.log = [&](LogLevel, std::string_view text) { said += text; };
    return context;
  };
  const auto attempt = [&](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      said += error.message() + error.why() + error.hint();
      for (const auto& [name, value] : error.context()) said += name + value;
    }
  };
  const std::string canary(kCanary);
  const std::string id = world.state->opened->id;
  for (std::uint64_t n = 0; n < 12; ++n) {
    for (const SinkFault& kind : fault_kinds()) {
      const auto broken = [&](const std::function<void()>& call) {
        SinkFault fault = kind;
        fault.after = n;
        world.sink->inject(fault);
        attempt(call);
        world.sink->heal();
      };
      broken([&] { open_repository(world.sink, {.password = canary}, listening()); });
      broken([&] { add_key(*world.state, KeyKind::password, canary, "", kCheap, listening()); });
      broken([&] { change_key(*world.state, id, canary, kCheap, listening()); });
      broken([&] { create_repository(world.sink, {.password = canary}, kCheap, listening()); });
      attempt([&] { change_key(*world.state, id, "first", kCheap, listening()); });
      for (const std::string& object : world.objects()) {
        if (!object.starts_with("keys/" + id)) world.memory->remove(object, {});
      }
    }
  }
  attempt([&] { create_repository(make_memory_sink(), {.password = canary, .encrypt = false}, kCheap, listening()); });
  attempt([&] {
    const auto open = create_repository(make_memory_sink(), {.encrypt = false}, kCheap, listening());
    open_repository(open->sink, {.password = canary}, listening());
  });
  CHECK_FALSE(said.empty());
  CHECK(said.find(kCanary) == std::string::npos);
}

}  // namespace
}  // namespace dbsnap::testing
