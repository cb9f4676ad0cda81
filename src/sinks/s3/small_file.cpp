#include "sinks/s3/small_file.hpp"

#include <fcntl.h>

#include <span>

#include "base/posix_file.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::size_t kMost = 1024 * 1024;

}  // namespace

std::string read_small_file(const std::string& path) {
  const PosixFile file = PosixFile::open(path, O_RDONLY);
  std::string text(kMost + 1, '\0');
  text.resize(file.pread(std::as_writable_bytes(std::span(text)), 0));
  if (text.size() > kMost) throw Error(ErrorCode::invalid_argument, path + " is too long for what it should hold");
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace dbsnap::s3
