// Where a repository's password is taken from.
#include "dbsnap/password.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "dbsnap/error.hpp"
#include "dbsnap/host.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap {
namespace {

using testing::TempFolder;
using testing::write_file;

/// Environment variables of the password, all unset at first and again at the end.
class PasswordEnvironment {
 public:
  PasswordEnvironment() { clear(); }
  ~PasswordEnvironment() { clear(); }
  PasswordEnvironment(const PasswordEnvironment&) = delete;
  PasswordEnvironment& operator=(const PasswordEnvironment&) = delete;

  void set(const std::string& suffix, const std::string& value) {
    ::setenv(("DBSNAP_PASSWORD" + suffix).c_str(), value.c_str(), 1);
  }

  Error refusal(const PasswordOptions& options = {}, const Context& context = {}) {
    try {
      find_password(options, context);
    } catch (const Error& error) {
      CHECK(error.message().find("geheim") == std::string::npos);
      CHECK(error.why().find("geheim") == std::string::npos);
      return error;
    }
    FAIL("nothing was thrown");
    return Error(ErrorCode::internal, "");
  }

 private:
  static void clear() {
    for (const char* name : {"DBSNAP_PASSWORD", "DBSNAP_PASSWORD_FILE", "DBSNAP_PASSWORD_COMMAND"}) ::unsetenv(name);
  }
};

TEST_CASE("without any password there is none, and an empty variable is none") {
  PasswordEnvironment environment;
  CHECK_FALSE(find_password({}, {}).has_value());
  environment.set("", "");
  environment.set("_FILE", "");
  CHECK_FALSE(find_password({}, {}).has_value());
}

TEST_CASE("the password is taken from the variable that is set") {
  PasswordEnvironment environment;
  const TempFolder folder;
  write_file(folder / "pw", "from file\r\n");
  SUBCASE("itself") {
    environment.set("", " as it is \n");
    CHECK(find_password({}, {}) == " as it is \n");
  }
  SUBCASE("a file, without the line end") {
    environment.set("_FILE", folder / "pw");
    CHECK(find_password({}, {}) == "from file");
  }
  SUBCASE("a command, without the line end") {
    environment.set("_COMMAND", "printf 'from %s\\n' command");
    CHECK(find_password({}, {}) == "from command");
  }
}

TEST_CASE("a file given by option comes before the environment") {
  PasswordEnvironment environment;
  const TempFolder folder;
  write_file(folder / "pw", "first");
  environment.set("", "second");
  CHECK(find_password({folder / "pw"}, {}) == "first");
}

TEST_CASE("two variables at once are refused by name") {
  PasswordEnvironment environment;
  environment.set("", "geheim");
  environment.set("_COMMAND", "echo geheim");
  const Error error = environment.refusal();
  CHECK(error.code() == ErrorCode::invalid_argument);
  CHECK(error.message().find("DBSNAP_PASSWORD and DBSNAP_PASSWORD_COMMAND") != std::string::npos);
}

TEST_CASE("a file that gives no password is refused") {
  PasswordEnvironment environment;
  const TempFolder folder;
  CHECK(environment.refusal({folder / "none"}).code() == ErrorCode::not_found);
  write_file(folder / "empty", "\n");
  CHECK(environment.refusal({folder / "empty"}).code() == ErrorCode::invalid_argument);
  write_file(folder / "long", std::string(70000, 'x'));
  CHECK(environment.refusal({folder / "long"}).code() == ErrorCode::invalid_argument);
  CHECK(environment.refusal({folder.path()}).code() == ErrorCode::io);
}

TEST_CASE("a command that fails, prints nothing or too much is refused without being shown") {
  PasswordEnvironment environment;
  SUBCASE("status") {
    environment.set("_COMMAND", "echo geheim; exit 3");
    CHECK(environment.refusal().message().find("status 3") != std::string::npos);
  }
  SUBCASE("signal") {
    environment.set("_COMMAND", "echo geheim; kill -9 $$");
    CHECK(environment.refusal().message().find("signal 9") != std::string::npos);
  }
  SUBCASE("nothing") {
    environment.set("_COMMAND", "true geheim");
    CHECK(environment.refusal().message().find("empty") != std::string::npos);
  }
  SUBCASE("too much") {
    environment.set("_COMMAND", "head -c 200000 /dev/zero");
    CHECK(environment.refusal().code() == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a command that never ends is ended with the operation") {
  PasswordEnvironment environment;
  Context context;
  context.deadline = context.clock->monotonic();
  SUBCASE("while it prints nothing") { environment.set("_COMMAND", "exec sleep 600"); }
  SUBCASE("after it has closed its output") { environment.set("_COMMAND", "exec sleep 600 >/dev/null"); }
  CHECK(environment.refusal({}, context).code() == ErrorCode::deadline_exceeded);
}

TEST_CASE("this machine has a name") { CHECK_FALSE(local_host_name().empty()); }

}  // namespace
}  // namespace dbsnap
