// Environment: the variables that a component may read, handed in by whoever opens it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace dbsnap {

/// Nothing below `ops` reads the process's environment by itself; this is how its values get there. Copied freely,
/// safe from many threads as far as the look-up is. A default one has no variables.
class Environment {
 public:
  using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

  Environment() = default;
  explicit Environment(Lookup lookup) : lookup_(std::move(lookup)) {}

  /// Value of a variable; nothing when it is not set, or set to nothing.
  [[nodiscard]] std::optional<std::string> get(const std::string& name) const {
    auto value = lookup_ ? lookup_(name) : std::nullopt;
    if (value && value->empty()) value.reset();
    return value;
  }

 private:
  Lookup lookup_;
};

}  // namespace dbsnap
