// Opening sinks and engines by URL, and what is said when that cannot work.
#include "dbsnap/registry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/registry.hpp"
#include "dbsnap/error.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap {
namespace {

template <typename Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return Error(ErrorCode::internal, "");
}

bool says(const Error& error, const std::string& part) { return error.message().find(part) != std::string::npos; }

EngineEntry engine_entry(std::string name, std::vector<std::string> schemes) {
  return {std::move(name), std::move(schemes),
          [](const Url&, const Environment&) { return std::unique_ptr<Snapshotter>(); }};
}

TEST_CASE("components lists engines first and each kind by name") {
  const std::vector<ComponentInfo> all = components();
  CHECK(std::ranges::is_sorted(all, {}, [](const ComponentInfo& info) { return std::pair(info.kind, info.name); }));
  CHECK(has_component("local"));
  CHECK(has_component("memory"));
  CHECK_FALSE(has_component("file"));
  CHECK_FALSE(has_component(""));
}

TEST_CASE("a repository is opened by URL or by path, relative to the current folder") {
  CHECK(open_sink("file:///tmp/dbsnap-none")->url() == "file:///tmp/dbsnap-none");
  CHECK(open_sink("/tmp/./x/../dbsnap-none/")->url() == "file:///tmp/dbsnap-none");
  const std::string here = std::filesystem::current_path().string();
  CHECK(open_sink("dbsnap-none")->url() == open_sink(here + "/dbsnap-none")->url());
}

TEST_CASE("two memory sinks do not share objects") {
  const auto one = open_sink("memory:");
  const auto other = open_sink("memory:");
  one->put("a", {}, {}, {});
  CHECK(one->stat("a", {}).has_value());
  CHECK_FALSE(other->stat("a", {}).has_value());
}

TEST_CASE("an unknown scheme is refused with the known ones") {
  const Error sink = error_of([] { open_sink("ftp://host/x"); });
  CHECK(sink.code() == ErrorCode::invalid_argument);
  CHECK(says(sink, "ftp:"));
  CHECK(says(sink, "file:"));
  CHECK(says(sink, "memory:"));
  const Error engine = error_of([] { open_engine("oracle://host/x"); });
  CHECK(engine.code() == ErrorCode::invalid_argument);
  CHECK(says(engine, "oracle:"));
}

TEST_CASE("a database given as a repository is called what it is") {
  const Error error = error_of([] { open_engine("memory:"); });
  CHECK(error.code() == ErrorCode::invalid_argument);
  CHECK(says(error, "names a repository"));
}

TEST_CASE("a source without a scheme is refused and told the form") {
  const Error error = error_of([] { open_engine("/srv/app.db"); });
  CHECK(error.code() == ErrorCode::invalid_argument);
  CHECK(says(error, "sqlite:///"));
}

TEST_CASE("an engine that does not exist is refused by name") {
  const Error error = error_of([] { open_engine_named("oracle", "/x"); });
  CHECK(error.code() == ErrorCode::invalid_argument);
  CHECK(says(error, "oracle"));
}

TEST_CASE("an engine binds to a path or to one of its own URLs only") {
  if (!has_component("sqlite")) {
    CHECK(error_of([] { open_engine("sqlite:///x"); }).code() == ErrorCode::unsupported);
    return;
  }
  CHECK(open_engine("sqlite:///srv/app.db")->describe().url == "sqlite:///srv/app.db");
  CHECK(open_engine_named("sqlite", "/srv/app.db")->describe().url == "sqlite:///srv/app.db");
  const std::string here = std::filesystem::current_path().string();
  CHECK(open_engine_named("sqlite", "app.db")->describe().url ==
        open_engine("sqlite://" + here + "/app.db")->describe().url);
  const Error error = error_of([] { open_engine_named("sqlite", "file:///srv/app.db"); });
  CHECK(error.code() == ErrorCode::invalid_argument);
}

TEST_CASE("env: takes the source from a variable and never shows its value") {
  ::unsetenv("DBSNAP_TEST_SOURCE");
  CHECK(says(error_of([] { open_engine("env:DBSNAP_TEST_SOURCE"); }), "DBSNAP_TEST_SOURCE named by env: is not set"));
  ::setenv("DBSNAP_TEST_SOURCE", "geheim", 1);
  const Error path = error_of([] { open_engine("env:DBSNAP_TEST_SOURCE"); });
  CHECK(path.code() == ErrorCode::invalid_argument);
  CHECK_FALSE(says(path, "geheim"));
  ::setenv("DBSNAP_TEST_SOURCE", "env:OTHER", 1);
  CHECK(says(error_of([] { open_engine("env:DBSNAP_TEST_SOURCE"); }), "names another variable"));
  ::unsetenv("DBSNAP_TEST_SOURCE");
}

TEST_CASE("a name or a scheme can be registered only once per kind") {
  Registry registry;
  registry.add_engine(engine_entry("b", {"b", "bb"}));
  registry.add_engine(engine_entry("a", {"a"}));
  CHECK(registry.engines().front().name == "a");
  CHECK(registry.engine_for("bb")->name == "b");
  CHECK(registry.engine_for("c") == nullptr);
  CHECK(registry.engine_named("bb") == nullptr);
  CHECK(error_of([&] { registry.add_engine(engine_entry("a", {"x"})); }).code() == ErrorCode::internal);
  CHECK(says(error_of([&] { registry.add_engine(engine_entry("c", {"bb"})); }), "both claim bb"));
  CHECK(error_of([&] { registry.add_engine(engine_entry("c", {})); }).code() == ErrorCode::internal);
  CHECK(registry.engines().size() == 2);
}

}  // namespace
}  // namespace dbsnap
