// Cancel tokens, contexts, and the progress handed to callbacks.
#include "dbsnap/context.hpp"

#include <algorithm>
#include <chrono>

#include "guard.hpp"
#include "handles.hpp"

using dbsnap::Context;
using dbsnap::capi::guarded;
using dbsnap::capi::required;

namespace dbsnap::capi {
namespace {

/// A table of callbacks with its user data, shared by the two functions of a C++ context.
struct Callbacks {
  dbsnap_callbacks table;
  UserData data;

  void progress(const Progress& reading) const {
    const dbsnap_progress handle{reading, std::string(name_of(reading.phase))};
    check_callback(table.progress(data.get(), &handle), nullptr, "the progress callback");
  }

  void log(LogLevel level, std::string_view text) const {
    const auto number = static_cast<dbsnap_log_level>(level);
    check_callback(table.log(data.get(), number, std::string(text).c_str()), nullptr, "the log callback");
  }
};

static_assert(static_cast<int>(LogLevel::debug) == DBSNAP_LOG_DEBUG);
static_assert(static_cast<int>(LogLevel::info) == DBSNAP_LOG_INFO);
static_assert(static_cast<int>(LogLevel::warning) == DBSNAP_LOG_WARNING);

void install(Context& context, std::shared_ptr<const Callbacks> callbacks) {
  std::function<void(const Progress&)> on_progress;
  std::function<void(LogLevel, std::string_view)> log;
  if (callbacks->table.progress != nullptr) {
    on_progress = [callbacks](const Progress& reading) { callbacks->progress(reading); };
  }
  if (callbacks->table.log != nullptr) {
    log = [callbacks](LogLevel level, std::string_view text) { callbacks->log(level, text); };
  }
  // With neither member set the callbacks have no other home, and their destroy must still wait for the context.
  if (!on_progress && !log) on_progress = [callbacks](const Progress&) {};
  context.on_progress = std::move(on_progress);
  context.log = std::move(log);
}

}  // namespace

const Context& context_of(const dbsnap_context* context) noexcept {
  static const Context silent;
  if (context == nullptr) return silent;
  return context->borrowed != nullptr ? *context->borrowed : context->own;
}

}  // namespace dbsnap::capi

dbsnap_status dbsnap_cancel_create(dbsnap_cancel** cancel, dbsnap_error** error) {
  if (cancel != nullptr) *cancel = nullptr;
  return guarded(error, [&] { required(cancel, "cancel") = new dbsnap_cancel(); });
}

void dbsnap_cancel_trigger(dbsnap_cancel* cancel) {
  if (cancel != nullptr) cancel->source.request_stop();
}

void dbsnap_cancel_free(dbsnap_cancel* cancel) { delete cancel; }

dbsnap_status dbsnap_context_create(dbsnap_context** context, dbsnap_error** error) {
  if (context != nullptr) *context = nullptr;
  return guarded(error, [&] { required(context, "context") = new dbsnap_context(); });
}

void dbsnap_context_free(dbsnap_context* context) { delete context; }

dbsnap_status dbsnap_context_set_cancel(dbsnap_context* context, const dbsnap_cancel* cancel, dbsnap_error** error) {
  return guarded(error, [&] {
    required(context, "context").own.stop = cancel == nullptr ? std::stop_token() : cancel->source.get_token();
  });
}

dbsnap_status dbsnap_context_set_timeout(dbsnap_context* context, int64_t timeout_ms, dbsnap_error** error) {
  return guarded(error, [&] {
    Context& own = required(context, "context").own;
    own.deadline.reset();
    if (timeout_ms < 0) return;
    // Longer than any operation, short enough that adding it to the clock cannot overflow.
    constexpr std::chrono::milliseconds kLongest = std::chrono::years(100);
    own.deadline = own.clock->monotonic() + std::min(std::chrono::milliseconds(timeout_ms), kLongest);
  });
}

dbsnap_status dbsnap_context_set_callbacks(dbsnap_context* context, const dbsnap_callbacks* callbacks, void* user_data,
                                           dbsnap_error** error) {
  return guarded(error, [&] {
    Context& own = required(context, "context").own;
    if (callbacks == nullptr) {
      own.on_progress = nullptr;
      own.log = nullptr;
      return;
    }
    const dbsnap_callbacks table = dbsnap::capi::copy_table(callbacks, "the table of callbacks");
    auto shared = std::make_shared<dbsnap::capi::Callbacks>();
    shared->table = table;
    shared->data = dbsnap::capi::UserData(user_data, nullptr);
    dbsnap::capi::install(own, shared);
    shared->data = dbsnap::capi::UserData(user_data, table.destroy);
  });
}

dbsnap_status dbsnap_context_check(const dbsnap_context* context, dbsnap_error** error) {
  return guarded(error, [&] { dbsnap::capi::context_of(context).check(); });
}

const char* dbsnap_progress_phase(const dbsnap_progress* progress) {
  return progress == nullptr ? "" : progress->phase.c_str();
}

const char* dbsnap_progress_item(const dbsnap_progress* progress) {
  return progress == nullptr ? "" : progress->reading.item.c_str();
}

uint64_t dbsnap_progress_bytes_done(const dbsnap_progress* progress) {
  return progress == nullptr ? 0 : progress->reading.bytes_done;
}

int64_t dbsnap_progress_bytes_total(const dbsnap_progress* progress) {
  if (progress == nullptr || !progress->reading.bytes_total) return -1;
  return static_cast<int64_t>(*progress->reading.bytes_total);
}

uint64_t dbsnap_progress_bytes_new(const dbsnap_progress* progress) {
  return progress == nullptr ? 0 : progress->reading.bytes_new;
}

uint64_t dbsnap_progress_bytes_stored(const dbsnap_progress* progress) {
  return progress == nullptr ? 0 : progress->reading.bytes_stored;
}

uint64_t dbsnap_progress_items_done(const dbsnap_progress* progress) {
  return progress == nullptr ? 0 : progress->reading.items_done;
}
