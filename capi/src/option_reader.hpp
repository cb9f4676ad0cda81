// Reads a set of options on behalf of one operation.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap.h"
#include "dbsnap/repository.hpp"
#include "option_table.hpp"

namespace dbsnap::capi {

/// Throws Error{invalid_argument} when `options` (may be null) holds a key that `operation` has no use for.
class OptionReader {
 public:
  OptionReader(const dbsnap_options* options, Operation operation);

  [[nodiscard]] std::string text(std::string_view key, std::string_view fallback = {}) const;
  [[nodiscard]] bool boolean(std::string_view key, bool fallback) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const;
  [[nodiscard]] void* pointer(std::string_view key) const;
  /// Throws Error{invalid_argument} when the number does not fit `Number`.
  template <typename Number>
  [[nodiscard]] std::optional<Number> number(std::string_view key) const {
    const auto value =
        whole_number(key, static_cast<std::int64_t>(std::numeric_limits<Number>::min()), kLargest<Number>);
    return value ? std::optional<Number>(static_cast<Number>(*value)) : std::nullopt;
  }

 private:
  template <typename Number>
  static constexpr std::int64_t kLargest = sizeof(Number) < 8
                                               ? static_cast<std::int64_t>(std::numeric_limits<Number>::max())
                                               : std::numeric_limits<std::int64_t>::max();

  template <typename Value>
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view key, std::int64_t least,
                                                         std::int64_t largest) const;
  const dbsnap_options* options_;
};

CreateOptions create_options(const dbsnap_options* options);
OpenOptions open_options(const dbsnap_options* options);
/// For snapshot and import; the host is this machine's unless set.
SnapshotOptions snapshot_options(const dbsnap_options* options, Operation operation);
SnapshotFilter filter_options(const dbsnap_options* options, Operation operation);
KeepRules keep_rules(const dbsnap_options* options);

}  // namespace dbsnap::capi
