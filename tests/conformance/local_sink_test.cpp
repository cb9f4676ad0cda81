// What the local sink promises beyond the sink contract: its files, its rights, what it refuses.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <thread>
#include <vector>

#include "conformance/sink_checks.hpp"
#include "dbsnap/sinks/local.hpp"
#include "harness/process.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const std::string& path) { return static_cast<unsigned>(fs::status(path).permissions()); }

/// Runs `work` in a child process, as user nobody when we are root: root is refused nothing.
RunResult as_plain_user(const std::string& folder, const std::function<int()>& work) {
  constexpr uid_t kNobody = 65534;
  const bool root = ::geteuid() == 0;
  if (root && ::chown(folder.c_str(), kNobody, kNobody) != 0) return {};
  ChildProcess child = ChildProcess::fork([&] {
    if (root && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) return 98;
    return work();
  });
  const auto status = child.wait();
  return {status.value_or(ExitStatus{}), child.out(), child.err()};
}

int code_number(const std::function<void()>& call) {
  const auto code = code_of(call);
  return code ? static_cast<int>(*code) : 0;
}

struct LocalFixture {
  TempFolder folder;
  std::string root = folder / "repository";
  std::shared_ptr<Sink> sink = make_local_sink({root});
  Store store{*sink};
};

TEST_CASE_FIXTURE(LocalFixture, "a missing folder reads as an empty store and is not made by reading") {
  CHECK(store.keys().empty());
  CHECK_FALSE(store.stat("a").has_value());
  CHECK(code_of([&] { (void)store.get("a/b"); }) == ErrorCode::not_found);
  store.remove("a/b");
  CHECK_FALSE(fs::exists(root));
}

TEST_CASE_FIXTURE(LocalFixture, "the first put makes the folder and its parents for their owner alone") {
  const auto deep = make_local_sink({folder / "x/y/z/"});
  Store{*deep}.put("packs/ab/1", to_bytes("1"));
  CHECK(to_text(read_file(folder / "x/y/z/packs/ab/1")) == "1");
  for (const char* made : {"x", "x/y", "x/y/z", "x/y/z/packs/ab"}) CHECK(mode_of(folder / made) == 0700);
  CHECK(mode_of(folder / "x/y/z/packs/ab/1") == 0600);
  CHECK(deep->url() == "file://" + folder / "x/y/z");
}

TEST_CASE_FIXTURE(LocalFixture, "a folder that a group shares stays readable for the group") {
  fs::create_directory(root);
  fs::permissions(root, static_cast<fs::perms>(02770));
  store.put("packs/1", to_bytes("1"));
  CHECK((mode_of(root + "/packs") & 0777U) == 0770);
  CHECK(mode_of(root + "/packs/1") == 0640);
}

TEST_CASE_FIXTURE(LocalFixture, "no temporary file stays after puts of every kind") {
  store.put("a", to_bytes("1"));
  store.put("a", to_bytes("2"));
  store.put_if_absent("a", to_bytes("3"));
  store.put_if_absent("b/c", to_bytes("4"));
  CHECK(files_below(root) == std::vector<std::string>{"a", "b/c"});
}

TEST_CASE_FIXTURE(LocalFixture, "names that are no keys are not shown and not touched") {
  store.put("real", to_bytes("1"));
  fs::create_directories(root + "/lost+found/deep");
  fs::create_directories(root + "/~tmp/extra");
  write_file(root + "/README.TXT", "by hand");
  write_file(root + "/lost+found/deep/file", "by fsck");
  CHECK(store.keys() == "real");
  CHECK(fs::exists(root + "/README.TXT"));
}

TEST_CASE_FIXTURE(LocalFixture,
                  "what a dead writer left goes at the next writer's first put, what a living one writes stays") {
  store.put("real", to_bytes("1"));
  write_file(root + "/~tmp/dead", "half an object");
  write_file(root + "/~tmp/alive", "half an object");
  const int alive = ::open((root + "/~tmp/alive").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(alive, LOCK_EX) == 0);

  const auto next = make_local_sink({root});
  Store{*next}.put("other", to_bytes("2"));

  CHECK_FALSE(fs::exists(root + "/~tmp/dead"));
  CHECK(fs::exists(root + "/~tmp/alive"));
  CHECK(store.keys() == "other real");
  ::close(alive);
}

TEST_CASE_FIXTURE(LocalFixture, "a symbolic link is followed as the repository's folder and nowhere inside it") {
  fs::create_directories(folder / "elsewhere/packs");
  fs::create_symlink(folder / "elsewhere", root);
  write_file(folder / "precious", "not ours");
  store.put("packs/1", to_bytes("1"));
  CHECK(to_text(read_file(folder / "elsewhere/packs/1")) == "1");

  SUBCASE("a linked object") {
    fs::create_symlink(folder / "precious", root + "/packs/2");
    CHECK(code_of([&] { (void)store.get("packs/2"); }) == ErrorCode::access_refused);
    CHECK(code_of([&] { (void)store.stat("packs/2"); }) == ErrorCode::access_refused);
    CHECK(code_of([&] { store.put("packs/2", to_bytes("x")); }) == ErrorCode::access_refused);
    CHECK(code_of([&] { store.put_if_absent("packs/2", to_bytes("x")); }) == ErrorCode::access_refused);
    CHECK(code_of([&] { (void)store.list(); }) == ErrorCode::access_refused);
  }
  SUBCASE("a linked folder") {
    fs::create_directories(folder / "outside");
    write_file(folder / "outside/1", "not ours");
    fs::create_symlink(folder / "outside", root + "/snapshots");
    CHECK(code_of([&] { (void)store.get("snapshots/1"); }) == ErrorCode::access_refused);
    CHECK(code_of([&] { store.put("snapshots/2", to_bytes("x")); }) == ErrorCode::access_refused);
    CHECK(code_of([&] { store.remove("snapshots/1"); }) == ErrorCode::access_refused);
    CHECK(code_of([&] { (void)store.list("snapshots/"); }) == ErrorCode::access_refused);
    CHECK(files_below(folder / "outside") == std::vector<std::string>{"1"});
  }
  CHECK(to_text(read_file(folder / "precious")) == "not ours");
}

TEST_CASE_FIXTURE(LocalFixture, "a file in the repository's place is an error to every call, never an empty store") {
  write_file(root, "a file");
  CHECK(code_of([&] { (void)store.list(); }) == ErrorCode::io);
  CHECK(code_of([&] { (void)store.get("a"); }) == ErrorCode::io);
  CHECK(code_of([&] { (void)store.stat("a"); }) == ErrorCode::io);
  CHECK(code_of([&] { store.put("a", {}); }) == ErrorCode::io);
  CHECK(code_of([&] { store.remove("a"); }) == ErrorCode::io);
  CHECK(to_text(read_file(root)) == "a file");
}

TEST_CASE_FIXTURE(LocalFixture, "a key below an object, or above one, cannot be put and destroys nothing") {
  store.put("a", to_bytes("object"));
  store.put("b/c", to_bytes("object"));
  CHECK(code_of([&] { store.put("a/b", to_bytes("x")); }) == ErrorCode::io);
  CHECK(code_of([&] { store.put("b", to_bytes("x")); }) == ErrorCode::io);
  CHECK(code_of([&] { store.put_if_absent("b", to_bytes("x")); }) == ErrorCode::io);
  CHECK(store.keys() == "a b/c");
}

TEST_CASE_FIXTURE(LocalFixture, "what the operating system refuses is access_refused, never absence") {
  const RunResult result = as_plain_user(folder.path(), [&] {
    store.put("packs/1", to_bytes("1"));
    store.put("snapshots/1", to_bytes("1"));
    fs::permissions(root + "/packs", fs::perms::none);
    const auto refused = static_cast<int>(ErrorCode::access_refused);
    const bool inside = code_number([&] { (void)store.list(); }) == refused &&
                        code_number([&] { (void)store.get("packs/1"); }) == refused &&
                        code_number([&] { (void)store.stat("packs/1"); }) == refused &&
                        code_number([&] { store.put("packs/2", {}); }) == refused &&
                        code_number([&] { store.remove("packs/1"); }) == refused;
    const bool beside = store.keys("snapshots/") == "snapshots/1";
    fs::permissions(root, fs::perms::none);
    const bool whole = code_number([&] { (void)store.list(); }) == refused &&
                       code_number([&] { (void)store.get("packs/1"); }) == refused &&
                       code_number([&] { store.put("x", {}); }) == refused;
    fs::permissions(root, static_cast<fs::perms>(0500));
    const bool read_only = code_number([&] { store.put("x", {}); }) == refused && store.keys("snapshots/") != "";
    return inside && beside && whole && read_only ? 0 : 1;
  });
  INFO(result.err);
  CHECK(result.status.code == 0);
}

TEST_CASE_FIXTURE(LocalFixture, "a full disk is no_space and leaves neither object nor temporary file") {
  store.put("small", to_bytes("1"));
  ChildProcess child = ChildProcess::fork([&] {
    // The limit of a file's size stands in for the disk: the system answers at the same call.
    const rlimit limit{256 * 1024, 256 * 1024};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0 || ::signal(SIGXFSZ, SIG_IGN) == SIG_ERR) return 98;
    const int code = code_number([&] { store.put("packs/big", Bytes(1024 * 1024)); });
    return code == static_cast<int>(ErrorCode::no_space) && store.put("packs/fits", {}) == PutResult::stored ? 0 : 1;
  });
  const auto status = child.wait();
  INFO(child.err());
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
  CHECK(files_below(root) == std::vector<std::string>{"packs/fits", "small"});
}

/// Makes renameat2 with flags fail as on a file system that does not know them.
bool forbid_rename_without_replacing() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[4])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RENAME_NOREPLACE, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// Lets four threads create each of 20 keys; true when every key has exactly one creator, whose bytes it holds.
bool one_creator_per_key(const Store& store) {
  bool fair = true;
  for (int round = 0; round < 20; ++round) {
    const std::string key = "race/" + std::to_string(round);
    std::atomic<int> creators{0};
    std::atomic<int> creator{-1};
    std::vector<std::jthread> crew;
    for (int n = 0; n < 4; ++n) {
      crew.emplace_back([&, n] {
        if (store.put_if_absent(key, Bytes(100'000, static_cast<std::byte>(n))) != PutResult::stored) return;
        ++creators;
        creator = n;
      });
    }
    crew.clear();
    fair = fair && creators == 1 && store.get(key) == Bytes(100'000, static_cast<std::byte>(creator.load()));
  }
  return fair;
}

TEST_CASE_FIXTURE(LocalFixture, "if_absent holds on a file system that only has hard links") {
  ChildProcess child = ChildProcess::fork([&] {
    if (!forbid_rename_without_replacing()) return 98;
    return one_creator_per_key(store) ? 0 : 1;
  });
  const auto status = child.wait();
  INFO(child.err());
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
  CHECK(files_below(root).size() == 20);
}

TEST_CASE_FIXTURE(LocalFixture, "a repository that is removed and made again under a living sink works") {
  store.put("packs/ab/1", to_bytes("1"));
  fs::remove_all(root);
  CHECK(store.keys().empty());
  store.put("packs/ab/2", to_bytes("2"));
  CHECK(store.keys() == "packs/ab/2");
}

TEST_CASE("a local sink takes absolute folders only") {
  for (const char* path : {"", "relative", "./x", "~"}) {
    CAPTURE(path);
    CHECK(code_of([&] { (void)make_local_sink({path}); }) == ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace dbsnap::testing
