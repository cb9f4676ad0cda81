// What the SFTP sink promises beyond the sink contract: its files on the server, its rights, what it refuses.
#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <system_error>
#include <thread>

#include "conformance/sink_checks.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/sinks/sftp.hpp"
#include "harness/random_data.hpp"
#include "harness/ssh_server.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

/// Longer ago than a temporary file may be left alone.
constexpr auto kLongAgo = std::chrono::hours(2);

unsigned mode_of(const std::string& path) { return static_cast<unsigned>(fs::status(path).permissions()) & 0777U; }

struct SftpFixture {
  TempFolder folder;
  std::string root = folder / "repository";
  std::shared_ptr<Sink> sink = make_sftp_sink(shared_ssh_server().options(root));
  Store store{*sink};
};

void make_old(const std::string& path) { fs::last_write_time(path, fs::last_write_time(path) - kLongAgo); }

TEST_CASE_FIXTURE(SftpFixture, "sftp: a missing folder reads as an empty store and is not made by reading") {
  CHECK(store.keys().empty());
  CHECK_FALSE(store.stat("a").has_value());
  CHECK(code_of([&] { (void)store.get("a/b"); }) == ErrorCode::not_found);
  store.remove("a/b");
  CHECK_FALSE(fs::exists(root));
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: the first put makes the folder and its parents for their owner alone") {
  const auto deep = make_sftp_sink(shared_ssh_server().options(folder / "x/y/z/"));
  Store{*deep}.put("packs/ab/1", to_bytes("1"));
  CHECK(to_text(read_file(folder / "x/y/z/packs/ab/1")) == "1");
  for (const char* made : {"x", "x/y", "x/y/z", "x/y/z/packs/ab"}) CHECK(mode_of(folder / made) == 0700);
  CHECK(mode_of(folder / "x/y/z/packs/ab/1") == 0600);
  CHECK(deep->url().ends_with(folder / "x/y/z"));
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: a folder that others may read stays readable for them") {
  fs::create_directory(root);
  fs::permissions(root, static_cast<fs::perms>(0755));
  store.put("packs/1", to_bytes("1"));
  CHECK(mode_of(root + "/packs") == 0755);
  CHECK(mode_of(root + "/packs/1") == 0644);
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: no temporary file stays after puts of every kind") {
  store.put("a", to_bytes("1"));
  store.put("a", to_bytes("2"));
  store.put_if_absent("a", to_bytes("3"));
  store.put_if_absent("b/c", to_bytes("4"));
  sink.reset();
  CHECK(files_below(root) == std::vector<std::string>{"a", "b/c"});
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: names that are no keys are not shown and not touched") {
  store.put("real", to_bytes("1"));
  fs::create_directories(root + "/lost+found/deep");
  write_file(root + "/README.TXT", "by hand");
  write_file(root + "/lost+found/deep/file", "by fsck");
  CHECK(store.keys() == "real");
  CHECK(fs::exists(root + "/README.TXT"));
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: temporary files that nobody writes to go at the next writer's first put") {
  store.put("real", to_bytes("1"));
  write_file(root + "/~tmp/dead", "half an object");
  write_file(root + "/~tmp/alive", "half an object");
  make_old(root + "/~tmp/dead");

  const auto next = make_sftp_sink(shared_ssh_server().options(root));
  Store{*next}.put("other", to_bytes("2"));

  CHECK_FALSE(fs::exists(root + "/~tmp/dead"));
  CHECK(fs::exists(root + "/~tmp/alive"));
  CHECK(store.keys() == "other real");
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: a writer whose temporary file is taken away stores the whole object or nothing") {
  store.put("first", {});
  std::atomic<bool> done{false};
  std::jthread broom([&] {
    while (!done) {
      std::error_code ignored;
      for (const auto& item : fs::directory_iterator(root + "/~tmp", ignored)) fs::remove(item.path(), ignored);
    }
  });
  unsigned refused = 0;
  for (unsigned n = 0; n < 40; ++n) {
    const std::string key = "swept/" + std::to_string(n);
    const Bytes bytes(200'000 + n, static_cast<std::byte>(n));
    try {
      (void)store.put_if_absent(key, bytes);
      CHECK(store.get(key) == bytes);
    } catch (const Error& error) {
      CHECK(error.had_no_effect());
      CHECK(error.retryable());
      CHECK_FALSE(store.stat(key).has_value());
      ++refused;
    }
  }
  done = true;
  broom.join();
  CHECK(store.list("swept/").shown.size() == 40 - refused);
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: a symbolic link below the repository is an error to a listing, never left out") {
  store.put("packs/1", to_bytes("1"));
  write_file(folder / "precious", "not ours");
  fs::create_symlink(folder / "precious", root + "/packs/2");
  CHECK(code_of([&] { (void)store.list(); }) == ErrorCode::access_refused);
  CHECK(code_of([&] { store.put_if_absent("packs/2", to_bytes("x")); }) == ErrorCode::io);
  CHECK(to_text(read_file(folder / "precious")) == "not ours");
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: a file in the repository's place is never an empty store") {
  write_file(root, "a file");
  CHECK(code_of([&] { (void)store.list(); }) == ErrorCode::io);
  CHECK(code_of([&] { (void)store.list("packs/"); }) == ErrorCode::io);
  CHECK(code_of([&] { store.put("a", {}); }) == ErrorCode::io);
  CHECK(to_text(read_file(root)) == "a file");
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: a key below an object, or above one, cannot be put and destroys nothing") {
  store.put("a", to_bytes("object"));
  store.put("b/c", to_bytes("object"));
  CHECK(code_of([&] { store.put("a/b", to_bytes("x")); }) == ErrorCode::io);
  CHECK(code_of([&] { store.put("b", to_bytes("x")); }) == ErrorCode::io);
  CHECK(code_of([&] { store.put_if_absent("b", to_bytes("x")); }) == ErrorCode::io);
  CHECK(store.keys() == "a b/c");
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: a repository that is removed and made again under a living sink works") {
  store.put("packs/ab/1", to_bytes("1"));
  fs::remove_all(root);
  CHECK(store.keys().empty());
  store.put("packs/ab/2", to_bytes("2"));
  CHECK(store.keys() == "packs/ab/2");
}

TEST_CASE_FIXTURE(SftpFixture, "sftp: what the server's system refuses is access_refused, never absence") {
  // Root is refused nothing, so the server lets somebody else in where the tests run as root.
  SftpOptions options = shared_ssh_server().options(root);
  const bool is_root = ::geteuid() == 0;
  constexpr uid_t kNobody = 65534;
  if (is_root) {
    options.user = "nobody";
    REQUIRE(::chown(folder.path().c_str(), kNobody, kNobody) == 0);
  }
  const auto plain = make_sftp_sink(options);
  const Store other{*plain};
  other.put("packs/1", to_bytes("1"));
  fs::permissions(root + "/packs", fs::perms::none);
  CHECK(code_of([&] { (void)other.list(); }) == ErrorCode::access_refused);
  CHECK(code_of([&] { (void)other.get("packs/1"); }) == ErrorCode::access_refused);
  CHECK(code_of([&] { (void)other.stat("packs/1"); }) == ErrorCode::access_refused);
  CHECK(code_of([&] { other.put("packs/2", {}); }) == ErrorCode::access_refused);
  CHECK(code_of([&] { other.remove("packs/1"); }) == ErrorCode::access_refused);
  fs::permissions(root + "/packs", static_cast<fs::perms>(0500));
  CHECK(code_of([&] { other.put("packs/2", {}); }) == ErrorCode::access_refused);
  CHECK(other.keys() == "packs/1");
}

TEST_CASE("sftp: a server that only lets read refuses puts and removes") {
  const SshServer server({}, "internal-sftp -R");
  const TempFolder folder;
  write_file(folder / "object", "there");
  const auto sink = make_sftp_sink(server.options(folder.path()));
  const Store store{*sink};
  CHECK(to_text(store.get("object")) == "there");
  CHECK(code_of([&] { store.put("new", {}); }) == ErrorCode::access_refused);
  CHECK(code_of([&] { store.remove("object"); }) == ErrorCode::access_refused);
  CHECK(store.keys() == "object");
}

TEST_CASE("sftp: a full disk is no_space and leaves neither object nor temporary file") {
  REQUIRE_MESSAGE(::geteuid() == 0, "this test mounts a small file system, which takes root");
  const TempFolder folder;
  REQUIRE(::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=4m") == 0);
  auto sink = make_sftp_sink(shared_ssh_server().options(folder / "repository"));
  const Store store{*sink};
  store.put("small", to_bytes("1"));
  try {
    store.put("packs/big", Bytes(6 * 1024 * 1024));
    FAIL("6 MiB fitted into 4 MiB");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::no_space);
    CHECK(error.had_no_effect());
  }
  CHECK(store.put("packs/fits", Bytes(1024 * 1024)) == PutResult::stored);
  CHECK(store.keys() == "packs/fits small");
  sink.reset();
  CHECK(files_below(folder.path()) == std::vector<std::string>{"repository/packs/fits", "repository/small"});
  CHECK(::umount(folder.path().c_str()) == 0);
}

TEST_CASE("sftp: a server without hard links is not trusted to create once") {
  const SshServer server({}, "internal-sftp -P hardlink,fsync");
  const TempFolder folder;
  const auto sink = make_sftp_sink(server.options(folder / "repository"));
  const Store store{*sink};
  CHECK(code_of([&] { store.put_if_absent("a", {}); }) == ErrorCode::unsupported);
  CHECK(store.put("a", to_bytes("1")) == PutResult::stored);
  CHECK(store.put("a", to_bytes("2")) == PutResult::stored);
  CHECK(to_text(store.get("a")) == "2");
}

TEST_CASE("sftp: a server that cannot replace a file keeps the one it has") {
  const SshServer server({}, "internal-sftp -P posix-rename,statvfs");
  const TempFolder folder;
  const auto sink = make_sftp_sink(server.options(folder / "repository"));
  const Store store{*sink};
  CHECK(store.put("a", to_bytes("1")) == PutResult::stored);
  CHECK(code_of([&] { store.put("a", to_bytes("2")); }) == ErrorCode::unsupported);
  CHECK(to_text(store.get("a")) == "1");
  CHECK(store.put_if_absent("a", to_bytes("3")) == PutResult::already_exists);
}

TEST_CASE("sftp: an examination says what the server lacks and how much room it has") {
  const TempFolder folder;
  const auto word_of = [](Sink& sink, const std::string& check) {
    for (const Finding& finding : sink.examine({})) {
      if (finding.check == check) return std::string(name_of(finding.severity));
    }
    return std::string("not made");
  };
  SUBCASE("a server with everything") {
    const auto sink = make_sftp_sink(shared_ssh_server().options(folder / "not/yet/there"));
    for (const char* check : {"server", "atomic-create", "durable-writes", "atomic-replace"}) {
      CAPTURE(check);
      CHECK(word_of(*sink, check) == "ok");
    }
    CHECK(word_of(*sink, "free-space") != "note");
  }
  SUBCASE("a server with little") {
    const SshServer server({}, "internal-sftp -P hardlink,fsync,posix-rename,statvfs");
    const auto sink = make_sftp_sink(server.options(folder.path()));
    CHECK(word_of(*sink, "atomic-create") == "warning");
    CHECK(word_of(*sink, "durable-writes") == "warning");
    CHECK(word_of(*sink, "atomic-replace") == "note");
    CHECK(word_of(*sink, "free-space") == "note");
  }
}

}  // namespace
}  // namespace dbsnap::testing
