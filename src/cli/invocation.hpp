// Invocation: what every verb needs while it runs: options, output, signals, the repository.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cache_choice.hpp"
#include "cli/console.hpp"
#include "cli/interrupts.hpp"
#include "cli/progress_line.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/password.hpp"
#include "dbsnap/repository.hpp"

namespace dbsnap::cli {

/// Options that every verb has.
struct CommonOptions {
  std::vector<std::string> repositories;
  std::vector<std::string> password_files;
  CacheChoice cache;
  std::string limit_upload;    ///< as typed; empty: none
  std::string limit_download;  ///< the same
  double timeout_s = 0;        ///< 0: none
  OutputOptions output;
};

/// A repository as it was named, and where its password comes from.
struct RepositoryPlace {
  std::string url;
  PasswordOptions password = {};
  std::string password_option = "--password-file";  ///< what would set PasswordOptions::file, for messages
  bool has_password = true;                         ///< false: the user says that it is not encrypted
  /// Tried when `password` gives none and the repository turns out to be encrypted.
  std::optional<PasswordOptions> else_password = {};
};

/// The repository's URL as its sink shows it, without secrets; as it was named, without secrets, when there is no sink
/// to be had: opening it says why.
std::string store_url(const RepositoryPlace& place);

/// How a repository is made when a verb may make one.
struct CreationOptions {
  bool allowed = false;  ///< --init
  bool no_encryption = false;
};

/// Overwrites a password when it ends.
class WipedPassword {
 public:
  explicit WipedPassword(std::string& password) noexcept : password_(password) {}
  ~WipedPassword() { wipe(password_); }
  WipedPassword(const WipedPassword&) = delete;
  WipedPassword& operator=(const WipedPassword&) = delete;

 private:
  std::string& password_;
};

struct OpenedRepository {
  Repository repository;
  bool created = false;
};

/// One run of the program.
class Invocation {
 public:
  explicit Invocation(CommonOptions options);

  [[nodiscard]] Console& console() noexcept { return console_; }
  [[nodiscard]] const CommonOptions& options() const noexcept { return options_; }
  [[nodiscard]] const Interrupts& interrupts() const noexcept { return interrupts_; }
  /// Stop token, deadline and log of this run, without progress.
  [[nodiscard]] Context context();
  /// The same, with progress shown by `line`, which must outlive the call it is handed to.
  [[nodiscard]] Context context(ProgressLine& line);

  /// The places given with --repo, else DBSNAP_REPO. A password file belongs to all of them, or one to each in order.
  /// Throws Error{invalid_argument} without any.
  [[nodiscard]] std::vector<RepositoryPlace> places() const;
  /// The one place, for verbs that work on one repository. Throws Error{invalid_argument} when several are given.
  [[nodiscard]] RepositoryPlace place() const;
  [[nodiscard]] std::string repository_url() const { return place().url; }
  /// Opens the store at `place`, with the limits that were asked for.
  [[nodiscard]] std::shared_ptr<Sink> open_store(const RepositoryPlace& place) const;
  /// The same as people would type it after -r.
  [[nodiscard]] std::string repository_word() const { return word_of(repository_url()); }
  [[nodiscard]] static std::string word_of(const std::string& url);

  /// The password that a key is to get: from `file`, from DBSNAP_NEW_PASSWORD and its like, or typed twice.
  std::string next_password(const std::string& file);

  /// Opens the repository; asks a person for the password where none is configured.
  Repository open_repository() { return open_repository(place()); }
  Repository open_repository(const RepositoryPlace& place);
  /// Makes a repository in `sink`; asks a person for a password where none is configured.
  Repository create_repository(const std::shared_ptr<Sink>& sink, const RepositoryPlace& place, bool no_encryption);
  /// Opens the repository or, where there is none and `creation` allows it, makes it.
  /// `before_creation` is called first in that case.
  OpenedRepository open_or_create(const RepositoryPlace& place, const CreationOptions& creation,
                                  const std::function<void()>& before_creation);

 private:
  Repository open_with_password(const std::shared_ptr<Sink>& sink, const RepositoryPlace& place);
  std::optional<Repository> open_with(std::optional<std::string> found, const std::shared_ptr<Sink>& sink);
  std::string typed_twice(const std::string& question);

  CommonOptions options_;
  Interrupts interrupts_;
  Console console_;
  std::optional<MonotonicTime> deadline_;
};

/// Opens a source or target URL ("sqlite:///srv/app.db", "env:NAME"). For the path of an existing
/// file the error shows the URL to write.
std::unique_ptr<Snapshotter> open_source(const std::string& text);
/// The same for a URL that may name several sources ("postgres://host/?databases=all"): an engine for each.
std::vector<std::unique_ptr<Snapshotter>> open_sources(const std::string& text, const Context& context);

}  // namespace dbsnap::cli
