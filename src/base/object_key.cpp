#include "base/object_key.hpp"

#include <algorithm>
#include <string>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kMaxKeySize = 512;
constexpr std::size_t kMaxSegmentSize = 255;  // longest name of a file on the usual file systems

bool is_key_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool is_segment(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxSegmentSize && text != "." && text != ".." &&
         std::ranges::all_of(text, is_key_character);
}

}  // namespace

bool is_object_key(std::string_view key) noexcept {
  if (key.size() > kMaxKeySize) return false;
  for (auto slash = key.find('/'); slash != std::string_view::npos; slash = key.find('/')) {
    if (!is_segment(key.substr(0, slash))) return false;
    key.remove_prefix(slash + 1);
  }
  return is_segment(key);
}

void require_object_key(std::string_view key) {
  if (is_object_key(key)) return;
  std::string shown(key.substr(0, kMaxKeySize));
  std::ranges::replace_if(
      shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  throw Error(ErrorCode::invalid_argument, "'" + shown + "' is not an object key").with("object", shown);
}

}  // namespace dbsnap
