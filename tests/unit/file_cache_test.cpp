// A folder of files that may go at any time.
#include "base/file_cache.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "dbsnap/error.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMebi = 1U << 20;

Bytes filled(std::size_t size, int value) { return Bytes(size, static_cast<std::byte>(value)); }

std::uint64_t bytes_in(const std::string& folder) {
  std::uint64_t total = 0;
  for (const auto& entry : fs::directory_iterator(folder)) total += entry.file_size();
  return total;
}

/// Makes a file look as if it had been used last so many hours ago.
void age(const std::string& path, int hours) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours));
}

TEST_CASE("a cached file is read as a whole and in parts") {
  const TempFolder folder;
  FileCache cache(folder.path() + "/cache", 64 * kMebi);
  Bytes bytes = filled(1000, 1);
  bytes[500] = std::byte{9};
  cache.write("a", bytes);
  CHECK(cache.size_of("a") == 1000);
  CHECK(cache.read("a") == bytes);
  CHECK(cache.read("a", 500, 1) == filled(1, 9));
}

TEST_CASE("what a cache does not have whole it does not have") {
  const TempFolder folder;
  FileCache cache(folder.path() + "/cache", 64 * kMebi);
  cache.write("short", filled(10, 1));
  CHECK_FALSE(cache.read("short", 5, 6));
  CHECK_FALSE(cache.read("absent"));
  CHECK_FALSE(cache.size_of("absent"));
}

TEST_CASE("cached files can be read by their owner only") {
  const TempFolder folder;
  const std::string place = folder.path() + "/cache";
  FileCache cache(place, 64 * kMebi);
  cache.write("a", filled(10, 1));
  struct stat file {};
  REQUIRE(::stat((place + "/a").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
  struct stat dir {};
  REQUIRE(::stat(place.c_str(), &dir) == 0);
  CHECK((dir.st_mode & 0777) == 0700);
}

TEST_CASE("a cache stays below its limit and lets go what was not used for longest") {
  const TempFolder folder;
  const std::string place = folder.path() + "/cache";
  FileCache cache(place, 4 * kMebi);
  for (int i = 0; i < 4; ++i) {
    const std::string name = "f" + std::to_string(i);
    cache.write(name, filled(kMebi - 1, i));
    age(place + "/" + name, 10 - i);
  }
  CHECK(cache.read("f0"));  // used now
  cache.write("f4", filled(kMebi, 4));
  cache.write("f5", filled(kMebi, 5));
  CHECK(cache.read("f0"));
  CHECK_FALSE(cache.read("f1"));
  CHECK(cache.read("f5"));
  CHECK(bytes_in(place) <= 4 * kMebi + kMebi / 4);
}

TEST_CASE("a file larger than half of the limit is not kept") {
  const TempFolder folder;
  FileCache cache(folder.path() + "/cache", 2 * kMebi);
  cache.write("large", filled(kMebi + 1, 1));
  CHECK_FALSE(cache.size_of("large"));
}

TEST_CASE("parts that a dead writer left go, and those of a living one stay") {
  const TempFolder folder;
  const std::string place = folder.path() + "/cache";
  FileCache cache(place, kMebi);
  fs::create_directories(place);
  std::ofstream(place + "/x.0123.part") << "left behind";
  cache.write("a", filled(1000, 1));
  CHECK_FALSE(fs::exists(place + "/x.0123.part"));
  CHECK(cache.read("a"));
}

TEST_CASE("a cache whose folder is removed while it is used goes on") {
  const TempFolder folder;
  const std::string place = folder.path() + "/cache";
  FileCache cache(place, 64 * kMebi);
  cache.write("a", filled(10, 1));
  fs::remove_all(place);
  CHECK_FALSE(cache.read("a"));
  cache.write("b", filled(10, 2));
  CHECK(cache.read("b") == filled(10, 2));
}

TEST_CASE("a cache that cannot be written says so") {
  const TempFolder folder;
  std::ofstream(folder.path() + "/file") << "no folder";
  FileCache cache(folder.path() + "/file", 64 * kMebi);
  CHECK_THROWS_AS(cache.write("a", filled(10, 1)), Error);
}

TEST_CASE("several users of one folder never see half a file") {
  const TempFolder folder;
  const std::string place = folder.path() + "/cache";
  FileCache first(place, 4 * kMebi);
  FileCache second(place, 4 * kMebi);
  const auto use = [](FileCache& cache, int value) {
    for (int i = 0; i < 50; ++i) {
      cache.write("shared" + std::to_string(i % 7), filled(300000, value));
      const auto seen = cache.read("shared" + std::to_string((i + 3) % 7));
      if (!seen) continue;
      CHECK((*seen == filled(300000, 1) || *seen == filled(300000, 2)));
    }
  };
  {
    const std::jthread one([&] { use(first, 1); });
    const std::jthread two([&] { use(second, 2); });
  }
  CHECK(bytes_in(place) <= 5 * kMebi);
}

}  // namespace
}  // namespace dbsnap::testing
