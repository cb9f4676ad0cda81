#include "format/recovery_code.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/random.hpp"

namespace dbsnap {
namespace {

constexpr std::string_view kSymbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kGroups = 8;
constexpr std::size_t kDataSymbols = 4;  // of a group; the fifth is its check
constexpr std::size_t kGroupSize = kDataSymbols + 1;
constexpr std::size_t kCodeSize = kGroups * kGroupSize;
constexpr std::size_t kNearlyCode = 4;  // so many symbols too many or too few still look like a code

using Group = std::array<std::uint8_t, kGroupSize>;  // values of symbols

/// Product in the field of 32 elements, modulo x^5 + x^2 + 1.
std::uint8_t product(std::uint8_t left, std::uint8_t right) {
  unsigned sum = 0;
  for (unsigned bit = 0; bit < 5; ++bit) {
    if ((right >> bit & 1U) != 0) sum ^= static_cast<unsigned>(left) << bit;
  }
  for (unsigned bit = 9; bit > 4; --bit) {
    if ((sum >> bit & 1U) != 0) sum ^= 0b100101U << (bit - 5);
  }
  return static_cast<std::uint8_t>(sum);
}

/// Each symbol counts with a weight of its own and so does the group's place. One wrong symbol, two neighbours swapped
/// and two groups swapped always change a check.
std::uint8_t check_of(const Group& group, std::size_t place) {
  std::uint8_t weight = 2;
  std::uint8_t check = 0;
  for (std::size_t i = 0; i < kDataSymbols; ++i) {
    check = static_cast<std::uint8_t>(check ^ product(weight, group[i]));
    weight = product(weight, 2);
  }
  return static_cast<std::uint8_t>(check ^ product(weight, static_cast<std::uint8_t>(place + 1)));
}

/// `typed` without what does not count: blanks, dots, ASCII and typographic dashes.
SecretText stripped(std::string_view typed) {
  SecretText out;
  while (!typed.empty()) {
    const auto byte = static_cast<unsigned char>(typed[0]);
    const auto next = typed.size() > 1 ? static_cast<unsigned char>(typed[1]) : 0U;
    const auto third = typed.size() > 2 ? static_cast<unsigned char>(typed[2]) : 0U;
    if (byte == 0xC2 && next == 0xA0) {  // no-break space
      typed.remove_prefix(2);
    } else if (byte == 0xE2 && next == 0x80 && third >= 0x90 && third <= 0x95) {  // hyphen to horizontal bar
      typed.remove_prefix(3);
    } else {
      if (std::string_view(" \t\r\n-_.").find(typed[0]) == std::string_view::npos) out.append(typed.substr(0, 1));
      typed.remove_prefix(1);
    }
  }
  return out;
}

/// The symbol that a typed character stands for, or 0.
char symbol_of(char typed) {
  const char upper = typed >= 'a' && typed <= 'z' ? static_cast<char>(typed - 'a' + 'A') : typed;
  switch (upper) {
    case 'O':
      return '0';
    case 'I':
    case 'L':
      return '1';
    case 'U':
      return 'V';
    default:
      return kSymbols.find(upper) == std::string_view::npos ? '\0' : upper;
  }
}

std::vector<std::size_t> wrong_groups(std::string_view symbols) {
  std::vector<std::size_t> wrong;
  for (std::size_t place = 0; place < kGroups; ++place) {
    Group group{};
    for (std::size_t i = 0; i < kGroupSize; ++i) {
      group[i] = static_cast<std::uint8_t>(kSymbols.find(symbols[place * kGroupSize + i]));
    }
    const WipeAtEnd wiped(std::as_writable_bytes(std::span(group)));
    if (check_of(group, place) != group.back()) wrong.push_back(place + 1);
  }
  return wrong;
}

std::string group_fault(const std::vector<std::size_t>& wrong) {
  std::string text = wrong.size() == 1 ? "group " : "groups ";
  for (std::size_t i = 0; i < wrong.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(wrong[i]);
  return text + " of the recovery code " + (wrong.size() == 1 ? "is" : "are") + " mistyped";
}

}  // namespace

SecretText new_recovery_code() {
  std::array<std::byte, kGroups * kDataSymbols> random{};
  const WipeAtEnd wiped(random);
  fill_random(random);
  SecretText code;
  for (std::size_t place = 0; place < kGroups; ++place) {
    Group group{};
    for (std::size_t i = 0; i < kDataSymbols; ++i) {
      group[i] = std::to_integer<std::uint8_t>(random[place * kDataSymbols + i]) % kSymbols.size();
    }
    group.back() = check_of(group, place);
    if (place != 0) code.append("-");
    for (const std::uint8_t value : group) code.append(kSymbols.substr(value, 1));
    wipe(std::as_writable_bytes(std::span(group)));
  }
  return code;
}

TypedCode read_recovery_code(std::string_view typed) {
  if (typed.size() > 8 * kCodeSize) return {};
  const SecretText plain = stripped(typed);
  SecretText symbols;
  for (const char c : plain.view()) {
    const char symbol = symbol_of(c);
    if (symbol == '\0') return {};
    symbols.append({&symbol, 1});
  }
  const std::size_t size = symbols.size();
  if (size + kNearlyCode < kCodeSize || size > kCodeSize + kNearlyCode) return {};
  if (size != kCodeSize) {
    return {.code = {}, .fault = "a recovery code has 40 characters, this one " + std::to_string(size)};
  }
  const std::vector<std::size_t> wrong = wrong_groups(symbols.view());
  if (!wrong.empty()) return {.code = {}, .fault = group_fault(wrong)};
  return {.code = std::move(symbols), .fault = {}};
}

}  // namespace dbsnap
