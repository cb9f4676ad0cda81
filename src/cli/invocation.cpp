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
#include "dbsnap/size.hpp"

namespace dbsnap::cli {
namespace {

// In place of one of several password files: its repository is not encrypted.
constexpr std::string_view kNoPassword = "none";

CommonOptions with_environment(CommonOptions options) {
  const char* repository = std::getenv("DBSNAP_REPO");
  if (options.repositories.empty() && repository != nullptr && *repository != '\0') {
    options.repositories.emplace_back(repository);
  }
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

std::vector<RepositoryPlace> Invocation::places() const {
  const auto& urls = options_.repositories;
  const auto& files = options_.password_files;
  if (urls.empty()) {
    throw Error(ErrorCode::invalid_argument, "no repository was named")
        .why("neither -r REPO nor the environment variable DBSNAP_REPO is set")
        .hint("export DBSNAP_REPO=/path/to/repository");
  }
  if (files.size() > 1 && files.size() != urls.size()) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("{} password files do not fit {}", files.size(),
                            urls.size() == 1 ? "one repository" : fmt::format("{} repositories", urls.size())))
        .why("give one for all of them, or one for each in the order of -r");
  }
  std::vector<RepositoryPlace> places;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    RepositoryPlace place{.url = urls[i]};
    if (files.size() == 1) place.password.file = files.front();
    place.has_password = files.size() < 2 || files[i] != kNoPassword;
    if (files.size() > 1 && place.has_password) place.password.file = files[i];
    places.push_back(std::move(place));
  }
  return places;
}

std::string store_url(const RepositoryPlace& place) {
  try {
    return open_sink(place.url)->url();
  } catch (const Error&) {
    return without_secrets(place.url);
  }
}

std::shared_ptr<Sink> Invocation::open_store(const RepositoryPlace& place) const {
  LimitOptions limits;
  if (!options_.limit_upload.empty()) limits.upload = parse_size(options_.limit_upload, "--limit-upload");
  if (!options_.limit_download.empty()) limits.download = parse_size(options_.limit_download, "--limit-download");
  return open_sink(place.url, limits);
}

RepositoryPlace Invocation::place() const {
  const std::vector<RepositoryPlace> all = places();
  if (all.size() == 1) return all.front();
  throw Error(ErrorCode::invalid_argument, fmt::format("this works on one repository, and {} were given", all.size()))
      .why("only backup, status and copy --pending take -r several times");
}

std::string Invocation::word_of(const std::string& url) {
  // The URL of another machine's place may hold a secret.
  return local_place(url) ? shell_word(url) : "\"$DBSNAP_REPO\"";
}

std::string Invocation::typed_twice(const std::string& question) {
  std::string first = ask(question, true, interrupts_.token());
  if (first.empty()) throw Error(ErrorCode::invalid_argument, "the password is empty");
  std::string second = ask("the same once more: ", true, interrupts_.token());
  const WipedPassword wiped(second);
  if (second == first) return first;
  wipe(first);
  throw Error(ErrorCode::invalid_argument, "the two passwords differ");
}

std::string Invocation::next_password(const std::string& file) {
  if (auto given = find_password({.file = file, .variable = "DBSNAP_NEW_PASSWORD"}, context())) {
    return *std::move(given);
  }
  if (!console_.can_ask()) {
    throw Error(ErrorCode::invalid_argument, "no new password was given")
        .why(
            "none of --new-password-file, DBSNAP_NEW_PASSWORD, DBSNAP_NEW_PASSWORD_FILE and "
            "DBSNAP_NEW_PASSWORD_COMMAND is set")
        .hint("export DBSNAP_NEW_PASSWORD_FILE=/path/to/new-password");
  }
  return typed_twice("new password: ");
}

std::optional<Repository> Invocation::open_with(std::optional<std::string> found, const std::shared_ptr<Sink>& sink) {
  const bool given = found.has_value();
  OpenOptions open{.password = found.value_or(""), .cache = chosen_cache(options_.cache)};
  const WipedPassword wiped(open.password);
  if (found) wipe(*found);
  try {
    return Repository::open(sink, open, context());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::wrong_key || given) throw;
    return std::nullopt;
  }
}

Repository Invocation::open_with_password(const std::shared_ptr<Sink>& sink, const RepositoryPlace& place) {
  const auto password = place.has_password ? find_password(place.password, context()) : std::nullopt;
  if (auto opened = open_with(password, sink)) return *std::move(opened);
  if (place.else_password) {
    if (auto opened = open_with(find_password(*place.else_password, context()), sink)) return *std::move(opened);
  }
  if (!console_.can_ask()) {
    const std::string& variable = place.password.variable;
    throw Error(ErrorCode::wrong_key,
                fmt::format("the repository {} is encrypted and no password was given", sink->url()))
        .why(fmt::format("none of {}, {}, {}_FILE and {}_COMMAND is set", place.password_option, variable, variable,
                         variable))
        .hint(fmt::format("export {}_FILE=/path/to/password", variable));
  }
  OpenOptions open;
  const WipedPassword wiped(open.password);
  open.password = ask(fmt::format("password of {}: ", printable(place_text(sink->url()))), true, interrupts_.token());
  return Repository::open(sink, open, context());
}

Repository Invocation::open_repository(const RepositoryPlace& place) {
  const std::shared_ptr<Sink> sink = open_store(place);
  try {
    return open_with_password(sink, place);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_repository) throw;
    throw with_hint(error, "dbsnap init " + word_of(place.url));
  }
}

Repository Invocation::create_repository(const std::shared_ptr<Sink>& sink, const RepositoryPlace& place,
                                         bool no_encryption) {
  CreateOptions create;
  const WipedPassword wiped(create.password);
  create.encrypt = place.has_password && !no_encryption;
  create.cache = chosen_cache(options_.cache);
  std::optional<std::string> given = place.has_password ? find_password(place.password, context()) : std::nullopt;
  if (!create.encrypt && given) {
    wipe(*given);
    throw Error(ErrorCode::invalid_argument, "both a password and --no-encryption were given")
        .hint("unset DBSNAP_PASSWORD DBSNAP_PASSWORD_FILE DBSNAP_PASSWORD_COMMAND");
  }
  if (create.encrypt) {
    if (!given && !console_.can_ask()) {
      throw Error(ErrorCode::invalid_argument, "a new repository needs a password or --no-encryption")
          .why("none of --password-file, DBSNAP_PASSWORD, DBSNAP_PASSWORD_FILE and DBSNAP_PASSWORD_COMMAND is set")
          .hint("export DBSNAP_PASSWORD_FILE=/path/to/password");
    }
    if (!given) {
      console_.note("the repository will be encrypted; without its password nothing in it can ever be read");
      given = typed_twice("new repository password: ");
    }
    create.password = *given;
    wipe(*given);
  }
  return Repository::create(sink, create, context());
}

OpenedRepository Invocation::open_or_create(const RepositoryPlace& place, const CreationOptions& creation,
                                            const std::function<void()>& before_creation) {
  const std::shared_ptr<Sink> sink = open_store(place);
  try {
    return {open_with_password(sink, place), false};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_repository) throw;
    if (!creation.allowed) throw with_hint(error, "dbsnap init " + word_of(place.url));
  }
  before_creation();
  try {
    return {create_repository(sink, place, creation.no_encryption), true};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::already_exists) throw;
    // Another process made it a moment ago, which is as good.
    return {open_with_password(sink, place), false};
  }
}

namespace {

/// The error for a source that cannot be opened, with a hint where its text is the path of an existing file.
Error refused_source(const Error& error, const std::string& text) {
  std::error_code ignored;
  const bool path = error.code() == ErrorCode::invalid_argument && std::filesystem::is_regular_file(text, ignored);
  if (!path || !has_component("sqlite")) return error;
  const auto place = local_place(text);
  return with_hint(error, "sqlite://" + (place ? place->string() : text));
}

}  // namespace

std::unique_ptr<Snapshotter> open_source(const std::string& text) {
  try {
    return open_engine(text);
  } catch (const Error& error) {
    throw refused_source(error, text);
  }
}

std::vector<std::unique_ptr<Snapshotter>> open_sources(const std::string& text, const Context& context) {
  try {
    return open_engines(text, context);
  } catch (const Error& error) {
    throw refused_source(error, text);
  }
}

}  // namespace dbsnap::cli
