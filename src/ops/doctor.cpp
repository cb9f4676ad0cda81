// The trial of a store: every right and promise that a repository needs, one finding each.
#include "dbsnap/doctor.hpp"

#include <algorithm>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include "base/random.hpp"
#include "format/config.hpp"
#include "format/names.hpp"
#include "repo/key_objects.hpp"

namespace dbsnap {
namespace {

constexpr int kWithWarnings = 3;
constexpr std::string_view kFirst = "dbsnap doctor, first\n";
constexpr std::string_view kSecond = "dbsnap doctor, second\n";

ByteView bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

bool ends_the_call(const Error& error) {
  return error.code() == ErrorCode::cancelled || error.code() == ErrorCode::deadline_exceeded ||
         error.code() == ErrorCode::stopped_by_callback;
}

std::string words_of(const Error& error) {
  return error.why().empty() ? error.message() : error.message() + ": " + error.why();
}

/// A URL as one word for a shell.
std::string quoted(const std::string& url) {
  if (url.find_first_of("&?;*() '\"$`|<>") == std::string::npos) return url;
  std::string word = "'";
  for (const char c : url) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

class StoreTrial {
 public:
  StoreTrial(Sink& sink, const DoctorOptions& options, const Context& context)
      : sink_(sink), options_(options), context_(context), key_(std::string(kProbePrefix) + random_hex(16)) {
    report_.url = sink.url();
  }
  /// Whatever ended the trial, its object goes.
  ~StoreTrial() {
    if (!stored_) return;
    try {
      sink_.remove(key_, unstoppable(context_));
    } catch (const Error&) {
      // Reported as a finding, or hidden behind the exception that is under way. Objects below probe/ mean nothing.
      stored_ = false;
    }
  }
  StoreTrial(const StoreTrial&) = delete;
  StoreTrial& operator=(const StoreTrial&) = delete;

  DoctorReport run() {
    if (reach()) {
      look_for_repository();
      if (options_.write_trial) {
        try_out();
      } else {
        look_only();
      }
      compare_modes();
      for (Finding& finding : sink_.examine(context_)) {
        if (finding.severity == Severity::failure) note_failure(ErrorCode::internal);
        report_.findings.push_back(std::move(finding));
      }
    }
    return std::move(report_);
  }

 private:
  void add(Severity severity, std::string check, std::string what, std::string hint = {}) {
    report_.findings.push_back({severity, std::move(check), std::move(what), std::move(hint)});
  }
  void note_failure(ErrorCode code) {
    if (!report_.failure) report_.failure = code;
  }
  void fail(const std::string& check, const Error& error) {
    note_failure(error.code());
    add(Severity::failure, check, words_of(error), error.hint());
  }
  /// True when `step` came to its end; else its error is the finding.
  bool attempt(const std::string& check, const std::function<void()>& step) {
    try {
      step();
      return true;
    } catch (const Error& error) {
      if (ends_the_call(error)) throw;
      fail(check, error);
      return false;
    }
  }

  bool reach();
  void look_for_repository();
  void look_only();
  void try_out();
  bool put_first();
  void create_again();
  void take_away();
  bool is_listed();
  void compare_modes();

  Sink& sink_;
  const DoctorOptions& options_;
  const Context& context_;
  const std::string key_;
  DoctorReport report_;
  bool stored_ = false;
  std::optional<StoreModes> recorded_;
  std::optional<bool> creates_once_;
  std::optional<bool> lists_at_once_;
};

bool StoreTrial::reach() {
  try {
    (void)sink_.stat(kConfigKey, context_);
  } catch (const Error& error) {
    if (ends_the_call(error)) throw;
    // Some stores refuse one call and allow others; nothing is gained where all of them end the same way.
    try {
      sink_.list(
          kProbePrefix, [](const ObjectInfo&) { return false; }, context_);
    } catch (const Error& second) {
      if (ends_the_call(second)) throw;
      fail("reachable", error);
      return false;
    }
  }
  add(Severity::ok, "reachable", sink_.url() + " answers");
  return true;
}

void StoreTrial::look_for_repository() {
  try {
    const RepositoryConfig config = decode_config(sink_.get(kConfigKey, {}, context_));
    recorded_ = config.store;
    add(Severity::ok, "repository",
        "repository " + config.id + ", format " + std::to_string(config.format) +
            (config.encrypted ? ", encrypted" : ", not encrypted"));
  } catch (const Error& error) {
    if (ends_the_call(error)) throw;
    if (error.code() == ErrorCode::not_found) {
      add(Severity::warning, "repository", "there is no repository here yet", "dbsnap init " + quoted(sink_.url()));
    } else {
      fail("repository", error);
    }
  }
}

void StoreTrial::look_only() {
  if (attempt("right-list", [&] { (void)is_listed(); })) add(Severity::ok, "right-list", "objects may be listed");
  add(Severity::note, "right-put", "not tried, as was asked: may objects be put and removed");
}

bool StoreTrial::is_listed() {
  bool shown = false;
  sink_.list(
      kProbePrefix,
      [&](const ObjectInfo& object) {
        shown = shown || object.key == key_;
        return !shown;
      },
      context_);
  return shown;
}

bool StoreTrial::put_first() {
  return attempt("right-put", [&] {
    stored_ = true;
    try {
      const PutResult first = sink_.put(key_, bytes_of(kFirst), {.if_absent = true}, context_);
      // Where the first answer was lost, the repetition met what the first attempt had stored.
      creates_once_ = first == PutResult::stored || std::ranges::equal(sink_.get(key_, {}, context_), bytes_of(kFirst));
    } catch (const Error& error) {
      if (error.had_no_effect()) stored_ = false;
      if (error.code() != ErrorCode::unsupported) throw;
      creates_once_ = false;
      stored_ = true;
      sink_.put(key_, bytes_of(kFirst), {}, context_);
    }
  });
}

void StoreTrial::create_again() {
  if (creates_once_.value_or(false)) {
    const bool tried = attempt("create-if-absent", [&] {
      const PutResult second = sink_.put(key_, bytes_of(kSecond), {.if_absent = true}, context_);
      const Bytes left = sink_.get(key_, {}, context_);
      creates_once_ = second == PutResult::already_exists && std::ranges::equal(left, bytes_of(kFirst));
    });
    if (!tried) return;
  }
  creates_once_ = *creates_once_ && sink_.capabilities().if_absent;
  if (*creates_once_) {
    add(Severity::ok, "create-if-absent", "of several writers of one object exactly one stores it");
  } else {
    add(Severity::warning, "create-if-absent",
        "the store replaces, or refuses, what it was to create only when absent: prunes wait for every backup, and two "
        "must not run at once");
  }
}

void StoreTrial::take_away() {
  const bool removed = attempt("right-delete", [&] {
    sink_.remove(key_, context_);
    stored_ = false;
  });
  if (removed) add(Severity::ok, "right-delete", "objects may be removed");
}

void StoreTrial::try_out() {
  if (!put_first()) {
    if (attempt("right-list", [&] { (void)is_listed(); })) add(Severity::ok, "right-list", "objects may be listed");
    return;
  }
  add(Severity::ok, "right-put", "objects may be put");
  Bytes back;
  if (attempt("right-get", [&] { back = sink_.get(key_, {}, context_); })) {
    if (std::ranges::equal(back, bytes_of(kFirst))) {
      add(Severity::ok, "right-get", "objects may be read, and come back as they were put");
    } else {
      fail("right-get", Error(ErrorCode::damaged, "an object does not come back as it was put"));
    }
  }
  const bool listed = attempt("right-list", [&] { lists_at_once_ = is_listed(); });
  if (listed) add(Severity::ok, "right-list", "objects may be listed");
  create_again();
  take_away();
  if (!listed) return;
  if (!stored_) attempt("list-after-write", [&] { lists_at_once_ = *lists_at_once_ && !is_listed(); });
  lists_at_once_ = *lists_at_once_ && sink_.capabilities().list_after_write;
  if (*lists_at_once_) {
    add(Severity::ok, "list-after-write", "a listing shows what was put and removed before it began");
  } else {
    add(Severity::warning, "list-after-write",
        "a listing does not show at once what was put or removed: only exclusive prunes are safe",
        "dbsnap prune --help");
  }
}

void StoreTrial::compare_modes() {
  if (!recorded_) return;
  const bool lost_once = recorded_->if_absent && creates_once_ && !*creates_once_;
  const bool lost_listing = recorded_->list_after_write && lists_at_once_ && !*lists_at_once_;
  if (lost_once || lost_listing) {
    add(Severity::warning, "store-modes", "the store did more when the repository was made than it does now");
  } else if ((!recorded_->if_absent && creates_once_.value_or(false)) ||
             (!recorded_->list_after_write && lists_at_once_.value_or(false))) {
    add(Severity::note, "store-modes", "the store does more than when the repository was made, which stays unused");
  } else if (creates_once_ && lists_at_once_) {
    add(Severity::ok, "store-modes", "the store does what it did when the repository was made");
  }
}

}  // namespace

Severity DoctorReport::worst() const noexcept {
  Severity worst = Severity::ok;
  for (const Finding& finding : findings) worst = std::max(worst, finding.severity);
  return worst;
}

int DoctorReport::exit_code() const noexcept {
  if (worst() == Severity::failure) return exit_code_of(failure.value_or(ErrorCode::internal));
  return worst() == Severity::warning ? kWithWarnings : 0;
}

DoctorReport examine_store(Sink& sink, const DoctorOptions& options, const Context& context) {
  return StoreTrial(sink, options, context).run();
}

}  // namespace dbsnap
