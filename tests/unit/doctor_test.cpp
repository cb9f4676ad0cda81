// What the doctor finds in stores that do everything, less, or nothing.
#include "dbsnap/doctor.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "dbsnap/json.hpp"
#include "dbsnap/repository.hpp"
#include "dbsnap/sinks/local.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "dbsnap/sinks/wrap.hpp"
#include "harness/error_code.hpp"
#include "harness/fault_sink.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

/// The severity of a finding; "not made" without it.
std::string word_of(const DoctorReport& report, std::string_view check) {
  for (const Finding& finding : report.findings) {
    if (finding.check == check) return std::string(name_of(finding.severity));
  }
  return "not made";
}

std::size_t objects_in(Sink& sink) {
  std::size_t count = 0;
  const auto visit = [&](const ObjectInfo&) { return ++count > 0; };
  sink.list("", visit, {});
  return count;
}

/// A store with a repository, in front of which calls can be made to fail.
struct DoctorFixture {
  std::shared_ptr<Sink> memory = make_memory_sink();
  FaultSink store{memory};

  DoctorFixture() { Repository::create(memory, {.encrypt = false}, {}); }
  DoctorReport examine(const DoctorOptions& options = {}) { return examine_store(store, options, {}); }
};

/// Stores what it should create only when absent.
class ForgetfulStore final : public Sink {
 public:
  explicit ForgetfulStore(std::shared_ptr<Sink> inner) : inner_(std::move(inner)) {}
  PutResult put(std::string_view key, ByteView bytes, const PutOptions& /*options*/, const Context& context) override {
    return inner_->put(key, bytes, {}, context);
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
  [[nodiscard]] SinkCapabilities capabilities() const override { return {}; }
  std::vector<Finding> examine(const Context& /*context*/) override {
    return {{Severity::failure, "lifecycle-rules", "a rule removes objects after 30 days", "remove-the-rule"}};
  }
  [[nodiscard]] std::string url() const override { return "forgetful:"; }

 private:
  const std::shared_ptr<Sink> inner_;
};

TEST_CASE_FIXTURE(DoctorFixture, "a store that does everything is found fine and left as it was") {
  const std::size_t before = objects_in(*memory);
  const DoctorReport report = examine();
  for (const char* check : {"reachable", "repository", "right-put", "right-get", "right-list", "right-delete",
                            "create-if-absent", "list-after-write", "store-modes"}) {
    CAPTURE(check);
    CHECK(word_of(report, check) == "ok");
  }
  CHECK(report.exit_code() == 0);
  CHECK(report.worst() == Severity::ok);
  CHECK(report.url == "memory:");
  CHECK(objects_in(*memory) == before);
}

TEST_CASE("a place without a repository is a warning with the command that makes one") {
  const auto sink = make_memory_sink();
  const DoctorReport report = examine_store(*sink, {}, {});
  CHECK(word_of(report, "repository") == "warning");
  CHECK(report.exit_code() == 3);
  CHECK(to_json(report).find("dbsnap init memory:") != std::string::npos);
  CHECK(objects_in(*sink) == 0);
}

TEST_CASE_FIXTURE(DoctorFixture, "a store that cannot be reached is one failure, and nothing else is tried") {
  store.inject({.every_later = true, .code = ErrorCode::storage_unreachable});
  const DoctorReport report = examine();
  CHECK(report.findings.size() == 1);
  CHECK(word_of(report, "reachable") == "failure");
  CHECK(report.exit_code() == exit_code_of(ErrorCode::storage_unreachable));
  CHECK(store.calls(SinkCall::put) == 0);
}

TEST_CASE_FIXTURE(DoctorFixture, "a right that is lacking is named, and the others are still found") {
  struct Case {
    SinkCall call;
    const char* check;
    const char* other;
  };
  for (const Case& each :
       {Case{SinkCall::put, "right-put", "right-list"}, Case{SinkCall::get, "right-get", "right-list"},
        Case{SinkCall::list, "right-list", "right-get"}, Case{SinkCall::remove, "right-delete", "right-get"}}) {
    CAPTURE(each.check);
    store.heal();
    store.inject({.call = each.call, .every_later = true, .code = ErrorCode::access_refused});
    const DoctorReport report = examine();
    CHECK(word_of(report, each.check) == "failure");
    CHECK(word_of(report, each.other) == "ok");
    CHECK(report.exit_code() == exit_code_of(ErrorCode::access_refused));
  }
}

TEST_CASE_FIXTURE(DoctorFixture, "a full store is no_space") {
  store.fail_put_after(0);
  CHECK(examine().exit_code() == exit_code_of(ErrorCode::no_space));
}

TEST_CASE_FIXTURE(DoctorFixture, "only looking puts nothing and removes nothing") {
  const DoctorReport report = examine({.write_trial = false});
  CHECK(word_of(report, "right-list") == "ok");
  CHECK(word_of(report, "right-put") == "note");
  CHECK(report.exit_code() == 0);
  CHECK(store.calls(SinkCall::put) == 0);
  CHECK(store.calls(SinkCall::remove) == 0);
}

TEST_CASE_FIXTURE(DoctorFixture, "a store that has stopped to create only what is absent is a warning") {
  ForgetfulStore weak(memory);
  const DoctorReport report = examine_store(weak, {}, {});
  CHECK(word_of(report, "create-if-absent") == "warning");
  CHECK(word_of(report, "store-modes") == "warning");
}

TEST_CASE_FIXTURE(DoctorFixture, "what the sink finds by itself is part of the report") {
  ForgetfulStore weak(memory);
  const DoctorReport report = examine_store(weak, {}, {});
  CHECK(word_of(report, "lifecycle-rules") == "failure");
  CHECK(report.exit_code() == 1);
}

TEST_CASE_FIXTURE(DoctorFixture, "a config that is damaged is a failure") {
  store.corrupt("dbsnap.json", 20, std::byte{0x40});
  const DoctorReport report = examine();
  CHECK(word_of(report, "repository") == "failure");
  CHECK(report.exit_code() == exit_code_of(ErrorCode::damaged));
}

TEST_CASE_FIXTURE(DoctorFixture, "a doctor that is stopped throws, and takes its object away") {
  const std::size_t before = objects_in(*memory);
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  store.before(SinkCall::get, "probe/", [&] { stop.request_stop(); });
  CHECK(code_of([&] { (void)examine_store(store, {}, context); }) == ErrorCode::cancelled);
  CHECK(objects_in(*memory) == before);
}

TEST_CASE("a folder that is there and empty is pointed out: its disk may not be mounted") {
  const TempFolder folder;
  const auto sink = make_local_sink({folder.path()});
  CHECK(word_of(examine_store(*sink, {.write_trial = false}, {}), "mount") == "warning");
  Repository::create(sink, {.encrypt = false}, {});
  const DoctorReport report = examine_store(*sink, {}, {});
  CHECK(word_of(report, "mount") == "ok");
  CHECK(word_of(report, "free-space") != "not made");
}

TEST_CASE("examining a folder that does not exist makes nothing") {
  const TempFolder folder;
  const auto sink = make_local_sink({folder / "not/there"});
  const DoctorReport report = examine_store(*sink, {.write_trial = false}, {});
  CHECK(word_of(report, "mount") == "note");
  CHECK(word_of(report, "free-space") != "not made");
  CHECK_FALSE(std::filesystem::exists(folder / "not"));
}

TEST_CASE("a store that may only be read fails the trial and passes the look") {
  const auto memory = make_memory_sink();
  Repository::create(memory, {.encrypt = false}, {});
  const auto sink = make_read_only_sink(memory);
  CHECK(examine_store(*sink, {}, {}).exit_code() == exit_code_of(ErrorCode::access_refused));
  CHECK(examine_store(*sink, {.write_trial = false}, {}).exit_code() == 0);
}

}  // namespace
}  // namespace dbsnap::testing
