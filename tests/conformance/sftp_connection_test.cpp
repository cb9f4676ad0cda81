// Logging in to an SFTP server, and servers that change, hang, die or never answer.
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <thread>

#include "conformance/sink_checks.hpp"
#include "dbsnap/sinks/sftp.hpp"
#include "harness/process.hpp"
#include "harness/random_data.hpp"
#include "harness/ssh_server.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator{}));
}

std::optional<Error> error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

/// Waits for something that another process does.
bool eventually(const std::function<bool()>& holds) {
  for (int n = 0; n < 3000; ++n) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

struct ConnectionFixture {
  const SshServer& server = shared_ssh_server();
  TempFolder folder;

  [[nodiscard]] SftpOptions options() const { return server.options(folder.path()); }
  void signal_connections(int signal) const {
    for (const pid_t pid : server.connections()) ::kill(pid, signal);
  }
  void end_connections() const {
    signal_connections(SIGKILL);
    CHECK(eventually([&] { return server.connections().empty(); }));
  }
};

/// A port of loopback that takes connections and says nothing.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, generic, size) != 0 || ::listen(socket_, 8) != 0) return;
    if (::getsockname(socket_, generic, &size) == 0) port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { ::close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

TEST_CASE_FIXTURE(ConnectionFixture, "sftp: keys of every type log in, and one that a passphrase protects") {
  for (const char* key : {"key_ed25519", "key_ecdsa", "key_rsa", "key_locked"}) {
    CAPTURE(key);
    SftpOptions given = options();
    given.identities = {server.at(key)};
    if (std::string_view(key) == "key_locked") given.passphrase = server.at("passphrase");
    const auto sink = make_sftp_sink(given);
    CHECK(Store{*sink}.put(std::string("by/") + key, to_bytes("1")) == PutResult::stored);
  }
}

TEST_CASE_FIXTURE(ConnectionFixture, "sftp: an agent's keys log in") {
  const std::string socket = folder / "agent";
  const RunResult started = run_program(
      {"sh", "-c",
       "ssh-agent -a '" + socket + "' && SSH_AUTH_SOCK='" + socket + "' ssh-add -q '" + server.at("key_rsa") + "'"});
  REQUIRE(started.status.code == 0);
  const auto begin = started.out.find("SSH_AGENT_PID=") + 14;
  const auto agent = static_cast<pid_t>(std::stol(started.out.substr(begin)));
  SftpOptions given = options();
  SUBCASE("alone") { given.identities.clear(); }
  SUBCASE("beside a key file whose passphrase nobody gave") { given.identities = {server.at("key_locked")}; }
  given.agent = socket;
  CHECK_FALSE(Store{*make_sftp_sink(given)}.stat("a").has_value());
  ::kill(agent, SIGTERM);
}

TEST_CASE_FIXTURE(ConnectionFixture, "sftp: a key that cannot be opened is refused, naming the file") {
  SftpOptions given = options();
  given.identities = {server.at("key_locked")};
  SUBCASE("without a passphrase") {}
  SUBCASE("with a wrong one") { given.passphrase = "wrong-secret"; }
  const auto error = error_of([&] { (void)Store{*make_sftp_sink(given)}.stat("a"); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::access_refused);
  CHECK(error->message().find(server.at("key_locked")) != std::string::npos);
  CHECK((error->message() + error->why() + error->hint()).find("wrong-secret") == std::string::npos);
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "sftp: a stranger's key and a wrong password are refused, and no secret is shown") {
  SftpOptions given = options();
  SUBCASE("a key") { given.identities = {server.at("key_stranger")}; }
  SUBCASE("a password") {
    given.identities.clear();
    given.password = "wrong-secret";
  }
  const auto sink = make_sftp_sink(given);
  const auto error = error_of([&] { Store{*sink}.put("a", {}); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::access_refused);
  CHECK(error->had_no_effect());
  CHECK_FALSE(error->retryable());
  CHECK((error->message() + error->why() + error->hint() + sink->url()).find("wrong-secret") == std::string::npos);
}

TEST_CASE_FIXTURE(ConnectionFixture, "sftp: a server whose key is not known is refused, and stays unknown") {
  SftpOptions given = options();
  SUBCASE("in an empty file") { given.known_hosts = server.at("no_hosts"); }
  SUBCASE("in a file that does not exist") { given.known_hosts = folder / "missing"; }
  const auto error = error_of([&] { (void)Store{*make_sftp_sink(given)}.stat("a"); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::access_refused);
  CHECK(error->why().find("SHA256:") != std::string::npos);
  CHECK(error->hint().starts_with("ssh-keyscan"));
  CHECK((!fs::exists(given.known_hosts) || fs::is_empty(given.known_hosts)));
}

TEST_CASE_FIXTURE(ConnectionFixture, "sftp: a server whose key has changed is refused") {
  SftpOptions given = options();
  given.known_hosts = server.at("changed_hosts");
  const auto error = error_of([&] { (void)Store{*make_sftp_sink(given)}.stat("a"); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::access_refused);
  CHECK(error->hint().starts_with("ssh-keygen -R"));
}

TEST_CASE_FIXTURE(ConnectionFixture, "sftp: an account without SFTP is refused as such") {
  const SshServer shell({}, "");
  const auto error = error_of([&] { (void)Store{*make_sftp_sink(shell.options(folder.path()))}.stat("a"); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::access_refused);
  CHECK(error->hint().starts_with("sftp "));
}

TEST_CASE("sftp: a port that nobody listens on is unreachable, and the call had no effect") {
  SftpOptions given{.host = "127.0.0.1", .port = 1, .user = "nobody", .folder = "/x", .known_hosts = "/dev/null"};
  const auto error = error_of([&] { Store{*make_sftp_sink(given)}.put("a", {}); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::storage_unreachable);
  CHECK(error->retryable());
  CHECK(error->had_no_effect());
}

TEST_CASE("sftp: a server that never says a word is given up") {
  const SilentPort silent;
  const auto sink = make_sftp_sink({.host = "127.0.0.1",
                                    .port = silent.port(),
                                    .user = "nobody",
                                    .folder = "/x",
                                    .known_hosts = "/dev/null",
                                    .connect_timeout = seconds(1)});
  SUBCASE("after its time") {
    CHECK(code_of([&] { (void)Store{*sink}.stat("a"); }) == ErrorCode::storage_unreachable);
  }
  SUBCASE("when the caller wants no more") {
    std::stop_source stop;
    Context context;
    context.stop = stop.get_token();
    const std::jthread caller([&] { stop.request_stop(); });
    CHECK(code_of([&] { (void)sink->stat("a", context); }) == ErrorCode::cancelled);
  }
}

TEST_CASE_FIXTURE(ConnectionFixture, "sftp: a server that hangs is given up, and the next call connects anew") {
  SftpOptions given = options();
  given.timeout = seconds(1);
  const auto sink = make_sftp_sink(given);
  const Store store{*sink};
  store.put("before", to_bytes("1"));
  signal_connections(SIGSTOP);
  SUBCASE("after its time") {
    const auto error = error_of([&] { store.put("hung", Bytes(3'000'000)); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::storage_unreachable);
    CHECK(error->retryable());
    CHECK(error->had_no_effect());
  }
  SUBCASE("at the caller's deadline") {
    Context context;
    context.deadline = context.clock->monotonic() + std::chrono::milliseconds(300);
    CHECK(code_of([&] { (void)sink->get("before", {}, context); }) == ErrorCode::deadline_exceeded);
  }
  CHECK(to_text(store.get("before")) == "1");
  CHECK(store.keys() == "before");
  signal_connections(SIGCONT);
}

TEST_CASE_FIXTURE(ConnectionFixture, "sftp: a server that dies in the middle of puts leaves whole objects only") {
  const auto sink = make_sftp_sink(options());
  const Store store{*sink};
  store.put("before", to_bytes("1"));
  std::atomic<bool> done{false};
  std::jthread killer([&] {
    while (!done) {
      signal_connections(SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(150));
    }
  });
  for (unsigned n = 0; n < 12; ++n) {
    const std::string key = "cut/" + std::to_string(n);
    const Bytes bytes(4'000'000 + n, static_cast<std::byte>(n));
    const auto error = error_of([&] { store.put(key, bytes); });
    if (!error) continue;
    CHECK(error->code() == ErrorCode::storage_unreachable);
    CHECK(error->retryable());
  }
  done = true;
  killer.join();
  end_connections();
  // Through connections of its own: those of the first sink are dead, and each may fail one call more.
  const auto fresh = make_sftp_sink(options());
  const Store left{*fresh};
  for (const auto& [key, size] : left.list("cut/").sizes) {
    CAPTURE(key);
    const auto mark = std::stoul(key.substr(4));
    CHECK((left.get(key) == Bytes(4'000'000 + mark, static_cast<std::byte>(mark))));
    CHECK(size == 4'000'000 + mark);
  }
  CHECK(to_text(left.get("before")) == "1");
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "sftp: a connection that was lost between two calls is not noticed by the second") {
  const auto sink = make_sftp_sink(options());
  const Store store{*sink};
  store.put("a", to_bytes("1"));
  end_connections();
  CHECK(to_text(store.get("a")) == "1");
}

TEST_CASE_FIXTURE(ConnectionFixture, "sftp: a thousand calls and many failures leave no descriptor behind") {
  const std::size_t before = open_descriptors();
  {
    const auto sink = make_sftp_sink(options());
    const Store store{*sink};
    for (unsigned n = 0; n < 340; ++n) {
      const std::string key = "many/" + std::to_string(n % 7);
      store.put(key, to_bytes(key));
      CHECK(to_text(store.get(key)) == key);
      CHECK(code_of([&] { (void)store.get("absent"); }) == ErrorCode::not_found);
      if (n % 50 == 0) CHECK_FALSE(store.keys("many/").empty());
      if (n % 60 == 59) end_connections();
    }
    CHECK(server.connections().size() <= 3);  // of one login: what listens, what is confined, what serves
  }
  SftpOptions stranger = options();
  stranger.identities = {server.at("key_stranger")};
  SftpOptions unknown = options();
  unknown.known_hosts = server.at("no_hosts");
  for (unsigned n = 0; n < 5; ++n) {
    for (const SftpOptions& given : {stranger, unknown}) {
      const auto refused = make_sftp_sink(given);
      CHECK(code_of([&] { (void)Store{*refused}.stat("a"); }) == ErrorCode::access_refused);
    }
  }
  CHECK(open_descriptors() == before);
  CHECK(eventually([&] { return server.connections().empty(); }));
}

TEST_CASE("sftp: connections whose keys are changed on the way carry everything whole") {
  const SshServer server({"RekeyLimit 1M"});
  const TempFolder folder;
  const auto sink = make_sftp_sink(server.options(folder.path()));
  const Store store{*sink};
  const Bytes bytes = Random(7).bytes(24 * 1024 * 1024);
  CHECK(store.put("big", bytes) == PutResult::stored);
  CHECK(store.get("big") == bytes);
}

}  // namespace
}  // namespace dbsnap::testing
