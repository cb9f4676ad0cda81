// The table of option keys: the only list of settings in the C library.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace dbsnap::capi {

enum class OptionType { boolean, number, text, list, pointer };
std::string_view name_of(OptionType type) noexcept;

/// Calls that take options. A bit each, so that a key can name all its users.
enum class Operation : std::uint32_t {
  create = 1,
  open = 2,
  snapshot = 4,
  import = 8,
  list = 16,
  resolve = 32,
  restore = 64,
  verify = 128,
  plan_prune = 256,
  apply = 512,
  export_ = 1024,
  read = 2048,
  keep_policy = 4096,
  engine = 8192,
  verify_keyless = 16384,
  repair = 32768,
  examine = 65536,
  copy = 131072,
  status = 262144,
};
std::string_view name_of(Operation operation) noexcept;

struct OptionKey {
  std::string_view key;
  OptionType type;
  std::uint32_t used_by;  ///< Operation bits
  std::string_view text;
};

/// All keys, in the order of docs/options.md.
std::span<const OptionKey> option_keys() noexcept;
/// The key, or Error{invalid_argument} that names the nearest known one.
const OptionKey& option_key(std::string_view key);

}  // namespace dbsnap::capi
