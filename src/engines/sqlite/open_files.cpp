#include "engines/sqlite/open_files.hpp"

#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

namespace dbsnap::sqlite {
namespace {

namespace fs = std::filesystem;

bool holds(const fs::path& process, const struct stat& wanted) {
  std::error_code ignored;
  fs::directory_iterator descriptors(process / "fd", ignored);
  for (; descriptors != fs::directory_iterator(); descriptors.increment(ignored)) {
    struct stat info {};
    if (::stat(descriptors->path().c_str(), &info) != 0) continue;
    if (info.st_dev == wanted.st_dev && info.st_ino == wanted.st_ino) return true;
  }
  return false;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int note_sqlite(dl_phdr_info* info, std::size_t, void* found) {
  const std::string_view path = info->dlpi_name == nullptr ? std::string_view() : info->dlpi_name;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.starts_with("libsqlite3")) static_cast<std::set<std::string>*>(found)->emplace(path);
  return 0;
}

}  // namespace

bool this_process_holds(const std::string& path) {
  struct stat wanted {};
  return ::stat(path.c_str(), &wanted) == 0 && holds("/proc/self", wanted);
}

std::optional<long> process_that_holds(const std::string& path) {
  struct stat wanted {};
  if (::stat(path.c_str(), &wanted) != 0) return std::nullopt;
  if (holds("/proc/self", wanted)) return ::getpid();
  std::error_code ignored;
  fs::directory_iterator processes("/proc", ignored);
  for (; processes != fs::directory_iterator(); processes.increment(ignored)) {
    const std::string name = processes->path().filename();
    if (is_number(name) && holds(processes->path(), wanted)) return std::stol(name);
  }
  return std::nullopt;
}

bool several_sqlite_libraries() {
  std::set<std::string> found;
  dl_iterate_phdr(note_sqlite, &found);
  return found.size() > 1;
}

}  // namespace dbsnap::sqlite
