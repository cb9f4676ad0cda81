// Opens and makes repositories the way every verb does, and hands out contexts.
#include "cli/invocation.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "cli/paths.hpp"
#include "cli/prompt.hpp"
#include "cli/text.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/password.hpp"
#include "dbsnap/registry.hpp"

namespace dbsnap::cli {
namespace {

CommonOptions with_environment(CommonOptions options) {
  const char* repository = std::getenv("DBSNAP_REPO");
  if (options.repository.empty() && repository != nullptr) options.repository = repository;
  return options;
}

/// The library's error, with the command to run next where it has none.
Error with_hint(const Error& error, std::string hint) {
  return error.hint().empty() ? Error(error).hint(std::move(hint)) : error;
}

}  // namespace

Invocation::Invocation(CommonOptions options)
    : options_(with_environment(std::move(options))), console_(options_.output) {
  if (options_.timeout_s > 0) {
    deadline_ =
        system_clock().monotonic() + std::chrono::nanoseconds(static_cast<std::int64_t>(options_.timeout_s * 1e9));
  }
}

Context Invocation::context() {
  Context context;
  context.stop = interrupts_.token();
  context.deadline = deadline_;
  context.log = [this](LogLevel level, std::string_view text) {
    if (level == LogLevel::warning) {
      console_.warn(text);
    } else {
      console_.detail(printable(text));
    }
  };
  return context;
}

Context Invocation::context(ProgressLine& line) {
  Context with_progress = context();
  with_progress.on_progress = [&line](const Progress& progress) { line.show(progress); };
  return with_progress;
}

const std::string& Invocation::repository_url() const {
  if (!options_.repository.empty()) return options_.repository;
  throw Error(ErrorCode::invalid_argument, "no repository was named")
      .why("neither -r REPO nor the environment variable DBSNAP_REPO is set")
      .hint("export DBSNAP_REPO=/path/to/repository");
}

std::string Invocation::repository_word() const {
  const std::string& url = repository_url();
  // The URL of another machine's place may hold a secret.
  return local_place(url) ? shell_word(url) : "\"$DBSNAP_REPO\"";
}

std::optional<std::string> Invocation::password() { return find_password({.file = options_.password_file}, context()); }

std::string Invocation::new_password() {
  console_.note("the repository will be encrypted; without its password nothing in it can ever be read");
  const std::string first = ask("new repository password: ", true, interrupts_.token());
  if (first.empty()) throw Error(ErrorCode::invalid_argument, "the password is empty");
  if (ask("the same once more: ", true, interrupts_.token()) != first) {
    throw Error(ErrorCode::invalid_argument, "the two passwords differ");
  }
  return first;
}

Repository Invocation::open_with_password(const std::shared_ptr<Sink>& sink) {
  const std::optional<std::string> given = password();
  try {
    return Repository::open(sink, {.password = given.value_or("")}, context());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::wrong_key || given) throw;
    if (!console_.can_ask()) {
      throw Error(ErrorCode::wrong_key,
                  fmt::format("the repository {} is encrypted and no password was given", sink->url()))
          .why("none of --password-file, DBSNAP_PASSWORD, DBSNAP_PASSWORD_FILE and DBSNAP_PASSWORD_COMMAND is set")
          .hint("export DBSNAP_PASSWORD_FILE=/path/to/password");
    }
  }
  const std::string typed =
      ask(fmt::format("password of {}: ", printable(place_text(sink->url()))), true, interrupts_.token());
  return Repository::open(sink, {.password = typed}, context());
}

Repository Invocation::open_repository() {
  const std::shared_ptr<Sink> sink = open_sink(repository_url());
  try {
    return open_with_password(sink);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_repository) throw;
    throw with_hint(error, "dbsnap init " + repository_word());
  }
}

Repository Invocation::create_repository(const std::shared_ptr<Sink>& sink, bool no_encryption) {
  CreateOptions create;
  create.encrypt = !no_encryption;
  if (create.encrypt) {
    const std::optional<std::string> given = password();
    if (!given && !console_.can_ask()) {
      throw Error(ErrorCode::invalid_argument, "a new repository needs a password or --no-encryption")
          .why("none of --password-file, DBSNAP_PASSWORD, DBSNAP_PASSWORD_FILE and DBSNAP_PASSWORD_COMMAND is set")
          .hint("export DBSNAP_PASSWORD_FILE=/path/to/password");
    }
    create.password = given ? *given : new_password();
  }
  return Repository::create(sink, create, context());
}

OpenedRepository Invocation::open_or_create(const CreationOptions& creation,
                                            const std::function<void()>& before_creation) {
  const std::shared_ptr<Sink> sink = open_sink(repository_url());
  try {
    return {open_with_password(sink), false};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_repository) throw;
    if (!creation.allowed) throw with_hint(error, "dbsnap init " + repository_word());
  }
  before_creation();
  try {
    return {create_repository(sink, creation.no_encryption), true};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::already_exists) throw;
    // Another process made it a moment ago, which is as good.
    return {open_with_password(sink), false};
  }
}

std::unique_ptr<Snapshotter> open_source(const std::string& text) {
  try {
    return open_engine(text);
  } catch (const Error& error) {
    std::error_code ignored;
    const bool path = error.code() == ErrorCode::invalid_argument && std::filesystem::is_regular_file(text, ignored);
    if (!path || !has_component("sqlite")) throw;
    const auto place = local_place(text);
    throw with_hint(error, "sqlite://" + (place ? place->string() : text));
  }
}

}  // namespace dbsnap::cli
