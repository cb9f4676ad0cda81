// From an sftp URL and the environment to options, without a server.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>

#include "base/url.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/sinks/sftp.hpp"
#include "harness/error_code.hpp"
#include "harness/temp_folder.hpp"
#include "sinks/sftp/url_options.hpp"

namespace dbsnap::testing {
namespace {

Environment environment_of(std::map<std::string, std::string> variables) {
  return Environment([held = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = held.find(name);
    return found == held.end() ? std::nullopt : std::optional(found->second);
  });
}

SftpOptions options_for(const std::string& url, std::map<std::string, std::string> variables = {{"HOME", "/h"}}) {
  return sftp::options_of(parse_url(url), environment_of(std::move(variables)));
}

TEST_CASE("an sftp URL says where to go and with which key") {
  const SftpOptions options = options_for(
      "sftp://backup@vault.example:2222/srv/app/?identity=/k/id&known_hosts=/k/"
      "hosts&parallel=7&timeout=5&connect_timeout=3");
  CHECK(options.host == "vault.example");
  CHECK(options.port == 2222);
  CHECK(options.user == "backup");
  CHECK(options.folder == "/srv/app");
  CHECK(options.identities == std::vector<std::string>{"/k/id"});
  CHECK(options.known_hosts == "/k/hosts");
  CHECK(options.parallel == 7);
  CHECK(options.timeout == std::chrono::seconds(5));
  CHECK(options.connect_timeout == std::chrono::seconds(3));
  CHECK(options.agent.empty());
}

TEST_CASE("a path behind /~/ is relative to where the server starts its users") {
  CHECK(options_for("sftp://u@h/~/backups/app").folder == "backups/app");
  CHECK(options_for("sftp://u@h/~").folder == ".");
  CHECK(options_for("sftp://u@h/~/").folder == ".");
  CHECK(options_for("sftp://u@h/~user").folder == "/~user");
}

TEST_CASE("without an identity the usual keys that exist are used, and the agent") {
  const TempFolder home;
  std::filesystem::create_directory(home / ".ssh");
  write_file(home / ".ssh/id_rsa", "a key");
  const SftpOptions options =
      options_for("sftp://h/x", {{"HOME", home.path()}, {"USER", "me"}, {"SSH_AUTH_SOCK", "/run/agent"}});
  CHECK(options.user == "me");
  CHECK(options.port == 22);
  CHECK(options.identities == std::vector<std::string>{home / ".ssh/id_rsa"});
  CHECK(options.agent == "/run/agent");
  CHECK(options.known_hosts == home / ".ssh/known_hosts");
}

TEST_CASE("secrets come from the URL, a file or a variable, in this order") {
  const TempFolder folder;
  write_file(folder / "secret", "from file\nsecond line\n");
  const std::string file = folder / "secret";
  const std::map<std::string, std::string> variables = {{"HOME", "/h"}, {"DBSNAP_SFTP_PASSWORD", "from variable"}};
  CHECK(options_for("sftp://u:from%20url@h/x", variables).password == "from url");
  CHECK(options_for("sftp://u@h/x?password_file=" + file, variables).password == "from file");
  CHECK(options_for("sftp://u@h/x", variables).password == "from variable");
  CHECK(options_for("sftp://u@h/x", {{"HOME", "/h"}, {"DBSNAP_SFTP_PASSPHRASE_FILE", file}}).passphrase == "from file");
  CHECK(options_for("sftp://u@h/x").password.empty());
}

TEST_CASE("an sftp URL that makes no sense is refused") {
  for (const char* url :
       {"sftp://u@h", "sftp://u@h/", "sftp:///x", "sftp://h/x", "sftp://u@h/x?paralel=2", "sftp://u@h/x?parallel=0",
        "sftp://u@h/x?parallel=65", "sftp://u@h/x?timeout=soon", "sftp://u@h/x?connect_timeout=-1"}) {
    CAPTURE(url);
    CHECK(code_of([&] { (void)options_for(url); }) == ErrorCode::invalid_argument);
  }
  CHECK(code_of([&] { (void)options_for("sftp://u@h/x", {}); }) == ErrorCode::invalid_argument);
}

TEST_CASE("an sftp sink shows its URL without the password") {
  const auto sink = open_sink("sftp://u:hunter2@h:2200/srv/x?known_hosts=/dev/null&identity=/k");
  CHECK(sink->url() == "sftp://u:***@h:2200/srv/x?identity=/k&known_hosts=/dev/null");
}

TEST_CASE("an sftp sink refuses options that make no sense") {
  const SftpOptions good{.host = "h", .user = "u", .folder = "/x", .known_hosts = "/k"};
  const auto refused = [&](auto change) {
    SftpOptions options = good;
    change(options);
    return code_of([&] { (void)make_sftp_sink(options); }) == ErrorCode::invalid_argument;
  };
  CHECK(make_sftp_sink(good)->url() == "sftp://u@h/x");
  CHECK(refused([](SftpOptions& options) { options.host = ""; }));
  CHECK(refused([](SftpOptions& options) { options.user = ""; }));
  CHECK(refused([](SftpOptions& options) { options.folder = ""; }));
  CHECK(refused([](SftpOptions& options) { options.known_hosts = ""; }));
  CHECK(refused([](SftpOptions& options) { options.port = 0; }));
  CHECK(refused([](SftpOptions& options) { options.parallel = 0; }));
  CHECK(refused([](SftpOptions& options) { options.timeout = std::chrono::seconds(0); }));
}

}  // namespace
}  // namespace dbsnap::testing
