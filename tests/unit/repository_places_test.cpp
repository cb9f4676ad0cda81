// What is backed up or restored never lies in the repository's own folder.
#include <doctest/doctest.h>

#include "dbsnap/dbsnap.hpp"
#include "repo/places.hpp"
#include "unit/format_fixture.hpp"

namespace dbsnap::testing {
namespace {

std::optional<ErrorCode> code_for(const std::string& url, const std::string& repository_url) {
  return code_of([&] { require_apart("source", url, repository_url); });
}

TEST_CASE("a place inside the repository folder, however it is spelled, is refused") {
  CHECK(code_for("sqlite:///var/backups/app.db", "file:///var/backups") == ErrorCode::invalid_argument);
  CHECK(code_for("sqlite:///var/backups/../backups/deep/app.db", "/var/backups/") == ErrorCode::invalid_argument);
  CHECK(code_for("sqlite:///var/back%75ps/app.db", "/var/backups") == ErrorCode::invalid_argument);
}

TEST_CASE("a folder that holds the repository is refused") {
  CHECK(code_for("dir:///var", "/var/backups") == ErrorCode::invalid_argument);
}

TEST_CASE("places beside each other, and places elsewhere, are apart") {
  CHECK_NOTHROW(require_apart("source", "sqlite:///var/backups2/app.db", "/var/backups"));
  CHECK_NOTHROW(require_apart("source", "postgres://db/var/backups/app", "/var/backups"));
  CHECK_NOTHROW(require_apart("source", "sqlite:///var/backups/app.db", "memory:"));
}

TEST_CASE("the error says which place lies in which") {
  const Error failure = failure_of([] { require_apart("target", "sqlite:///b/app.db", "/b"); });
  CHECK(failure.message() == "the target /b/app.db lies inside the repository folder /b");
}

}  // namespace
}  // namespace dbsnap::testing
