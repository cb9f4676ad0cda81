// What the opaque C types are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dbsnap.h"
#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/repository.hpp"
#include "dbsnap/retention.hpp"
#include "dbsnap/sink.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap::capi {

/// A pointer of the user's that goes back to their destroy function exactly once.
class UserData {
 public:
  UserData() = default;
  UserData(void* data, void (*destroy)(void*)) noexcept : data_(data), destroy_(destroy) {}
  UserData(UserData&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), destroy_(std::exchange(other.destroy_, nullptr)) {}
  UserData& operator=(UserData&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(destroy_, other.destroy_);
    return *this;
  }
  UserData(const UserData&) = delete;
  UserData& operator=(const UserData&) = delete;
  ~UserData() {
    if (destroy_ != nullptr) destroy_(data_);
  }
  [[nodiscard]] void* get() const noexcept { return data_; }

 private:
  void* data_ = nullptr;
  void (*destroy_)(void*) = nullptr;
};

using OptionValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>, void*>;

/// The code with number `status`; internal for DBSNAP_OK and for numbers that no code has.
ErrorCode known_code(dbsnap_status status) noexcept;

/// What the caller passed, or a context that never cancels.
const Context& context_of(const dbsnap_context* context) noexcept;

/// A new document for the caller; does nothing when it is not wanted.
void give_document(dbsnap_document** out, std::string json);

}  // namespace dbsnap::capi

struct dbsnap_error {
  dbsnap::Error error;
  mutable std::string json;  // made when first asked for
};

struct dbsnap_document {
  explicit dbsnap_document(std::string json) : text(std::move(json)) {}
  /// The value at `path`, or null when there is none. Parsed when first asked for.
  const nlohmann::json* find(std::string_view path) const;

  std::string text;

 private:
  mutable std::once_flag once;
  mutable nlohmann::json value;
};

struct dbsnap_options {
  ~dbsnap_options();
  std::map<std::string, dbsnap::capi::OptionValue, std::less<>> values;
};

struct dbsnap_cancel {
  std::stop_source source;
};

struct dbsnap_context {
  dbsnap::Context own;
  const dbsnap::Context* borrowed = nullptr;  // inside a callback: the running call's
};

struct dbsnap_progress {
  const dbsnap::Progress& reading;
  std::string phase;
};

struct dbsnap_sink {
  std::shared_ptr<dbsnap::Sink> sink;
};

struct dbsnap_engine {
  std::shared_ptr<dbsnap::Snapshotter> snapshotter;
};

struct dbsnap_engine_list {
  std::vector<std::unique_ptr<dbsnap_engine>> engines;  // null: taken
};

struct dbsnap_policy {
  std::shared_ptr<const dbsnap::RetentionPolicy> policy;
};

struct dbsnap_repository {
  mutable dbsnap::Repository repository;
};

struct dbsnap_reader {
  std::unique_ptr<dbsnap::SnapshotReader> owned;
  dbsnap::SnapshotReader& reader;
};

struct dbsnap_plan {
  dbsnap::PrunePlan plan;
};

struct dbsnap_buffer {
  dbsnap::Bytes bytes;
};

struct dbsnap_facts {
  dbsnap::Facts values;
};

struct dbsnap_entry {
  dbsnap::Entry entry;
  dbsnap_facts facts;
  void* reader = nullptr;
  bool is_set = false;
};

struct dbsnap_result {
  dbsnap_facts point;
  dbsnap_facts facts;
  std::vector<std::string> warnings;
};

struct dbsnap_input {
  std::unique_ptr<dbsnap::EntryReader> file;
};

struct dbsnap_output {
  dbsnap::EntryWriter& out;
  std::uint64_t written = 0;
};

struct dbsnap_verdicts {
  std::vector<dbsnap::Verdict> verdicts;
};
