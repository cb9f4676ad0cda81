#include "sinks/s3/profile_file.hpp"

#include <algorithm>

namespace dbsnap::s3 {
namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string section_name(std::string_view line) {
  line.remove_prefix(1);
  std::string_view name = trimmed(line.substr(0, line.find(']')));
  constexpr std::string_view kProfile = "profile";
  if (name.starts_with(kProfile) && name.size() > kProfile.size() &&
      kSpace.find(name[kProfile.size()]) != std::string_view::npos) {
    name = trimmed(name.substr(kProfile.size()));
  }
  if (name.size() >= 2 && name.front() == name.back() && (name.front() == '"' || name.front() == '\'')) {
    name = name.substr(1, name.size() - 2);
  }
  return std::string(name);
}

/// A comment behind a value begins with a space.
std::string_view without_comment(std::string_view value) {
  for (const std::string_view mark : {" #", " ;", "\t#", "\t;"}) value = value.substr(0, value.find(mark));
  return value;
}

}  // namespace

ProfileFile parse_profile_file(std::string_view text) {
  ProfileFile file;
  ProfileSection* section = nullptr;
  while (!text.empty()) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), whole.size() + 1));
    const std::string_view line = trimmed(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      section = &file[section_name(line)];
      continue;
    }
    const bool nested = kSpace.find(whole.front()) != std::string_view::npos;
    const auto equals = line.find('=');
    if (section == nullptr || nested || equals == std::string_view::npos) continue;
    std::string name(trimmed(line.substr(0, equals)));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    (*section)[std::move(name)] = trimmed(without_comment(line.substr(equals + 1)));
  }
  return file;
}

}  // namespace dbsnap::s3
