// Invocation: what every verb needs while it runs: options, output, signals, the repository.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/console.hpp"
#include "cli/interrupts.hpp"
#include "cli/progress_line.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/repository.hpp"

namespace dbsnap::cli {

/// Options that every verb has.
struct CommonOptions {
  std::string repository;
  std::string password_file;
  double timeout_s = 0;  ///< 0: none
  OutputOptions output;
};

/// How a repository is made when a verb may make one.
struct CreationOptions {
  bool allowed = false;  ///< --init
  bool no_encryption = false;
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

  /// The place given with --repo, else DBSNAP_REPO. Throws Error{invalid_argument} without either.
  [[nodiscard]] const std::string& repository_url() const;
  /// The same as people would type it after -r.
  [[nodiscard]] std::string repository_word() const;

  /// Opens the repository; asks a person for the password where none is configured.
  Repository open_repository();
  /// Makes a repository in `sink`; asks a person for a password where none is configured.
  Repository create_repository(const std::shared_ptr<Sink>& sink, bool no_encryption);
  /// Opens the repository or, where there is none and `creation` allows it, makes it.
  /// `before_creation` is called first in that case.
  OpenedRepository open_or_create(const CreationOptions& creation, const std::function<void()>& before_creation);

 private:
  Repository open_with_password(const std::shared_ptr<Sink>& sink);
  std::optional<std::string> password();
  std::string new_password();

  CommonOptions options_;
  Interrupts interrupts_;
  Console console_;
  std::optional<MonotonicTime> deadline_;
};

/// Opens a source or target URL ("sqlite:///srv/app.db", "env:NAME"). For the path of an existing
/// file the error shows the URL to write.
std::unique_ptr<Snapshotter> open_source(const std::string& text);

}  // namespace dbsnap::cli
