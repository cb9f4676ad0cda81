// The repositories that a backup goes to: opened once, and what is said about those that fail.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.hpp"
#include "dbsnap/backup.hpp"

namespace dbsnap::cli {

class BackupRepositories {
 public:
  /// Of the places that `invocation` (borrowed) names.
  explicit BackupRepositories(Invocation& invocation);

  /// Opens or makes each. One that fails is told and left out; when none works the first failure is thrown.
  /// `before_creation` is called before a repository is made.
  void open(const CreationOptions& creation, const std::function<void()>& before_creation);
  [[nodiscard]] bool some_failed() const;

  /// All of them, in order; those that failed fail again. Refers to this object.
  [[nodiscard]] std::vector<BackupTarget> targets() const;
  [[nodiscard]] const std::string& url_as_typed(std::size_t index) const { return members_[index].place.url; }

  /// Says where a snapshot did not get to, and what to do about it.
  void report(const std::string& source, const BackupReport& report);
  /// {"repository", "created", "repositories"}.
  [[nodiscard]] std::string json() const;

 private:
  struct Member {
    RepositoryPlace place;
    std::string url;  // secrets removed
    std::optional<Repository> repository = {};
    bool created = false;
    std::optional<Error> failure = {};
  };

  void open(Member& member, const CreationOptions& creation, const std::function<void()>& before_creation);

  Invocation& invocation_;
  std::vector<Member> members_;
};

}  // namespace dbsnap::cli
