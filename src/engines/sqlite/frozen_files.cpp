#include "engines/sqlite/frozen_files.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap::sqlite {
namespace {

constexpr std::array<std::string_view, 3> kSuffixes = {"", "-wal", "-journal"};
// Coarser than the time stamps of every common file system but FAT.
constexpr std::chrono::milliseconds kStampGrain{50};

std::chrono::nanoseconds since_epoch(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

bool same(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

}  // namespace

FrozenFiles::FrozenFiles(std::string path, const Context& context) : path_(std::move(path)) {
  constexpr int kLooks = 100;
  for (int i = 0; i < kLooks; ++i) {
    context.check();
    before_ = look();
    std::chrono::nanoseconds newest{0};
    for (const State& state : before_) {
      if (state.exists) newest = std::max(newest, since_epoch(state.info.st_mtim));
    }
    const auto age = context.clock->now().time_since_epoch() - newest;
    if (age > kStampGrain || age < -kStampGrain) return;
    std::this_thread::sleep_for(kStampGrain);
  }
}

std::vector<FrozenFiles::State> FrozenFiles::look() const {
  std::vector<State> states(kSuffixes.size());
  for (std::size_t i = 0; i < kSuffixes.size(); ++i) {
    const std::string name = path_ + std::string(kSuffixes[i]);
    states[i].exists = ::stat(name.c_str(), &states[i].info) == 0;
  }
  return states;
}

void FrozenFiles::check_unchanged() const {
  const std::vector<State> now = look();
  for (std::size_t i = 0; i < now.size(); ++i) {
    const struct stat& a = before_[i].info;
    const struct stat& b = now[i].info;
    const bool unchanged = before_[i].exists == now[i].exists &&
                           (!now[i].exists || (a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
                                               same(a.st_mtim, b.st_mtim) && same(a.st_ctim, b.st_ctim)));
    if (unchanged) continue;
    throw Error(ErrorCode::locked, path_ + std::string(kSuffixes[i]) + " changed while it was read without locks")
        .why("its folder cannot be written to by this user, so SQLite cannot lock a database in WAL mode")
        .retryable()
        .hint("ls -ld '" + path_ + "'")
        .with("path", path_);
  }
}

}  // namespace dbsnap::sqlite
