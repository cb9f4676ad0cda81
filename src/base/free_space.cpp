#include "base/free_space.hpp"

#include <fmt/format.h>

namespace dbsnap {
namespace {

constexpr double kGibibyte = 1024.0 * 1024 * 1024;
constexpr std::uint64_t kLowPart = 10;

}  // namespace

Finding free_space_finding(std::uint64_t total, std::uint64_t free) {
  const bool low = free < total / kLowPart;
  return {.severity = low ? Severity::warning : Severity::ok,
          .check = "free-space",
          .what = fmt::format("{:.1f} GiB of {:.1f} GiB are free", static_cast<double>(free) / kGibibyte,
                              static_cast<double>(total) / kGibibyte),
          .hint = low ? "dbsnap prune --dry-run" : ""};
}

}  // namespace dbsnap
