// Recovery codes: how they look, and every slip of the person who types one.
#include "format/recovery_code.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>

namespace dbsnap {
namespace {

constexpr std::string_view kSymbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// A code made once. Whoever changes how codes are read must still read this one.
const std::string kCode = "0V1KP-7M29A-XQ3T2-5ZB8B-H0DW2-A4P6M-J1RCY-EVF05";

std::string without_dashes(std::string text) {
  std::erase(text, '-');
  return text;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

/// The symbols that `typed` is read as; empty when it is no whole code.
std::string read(std::string_view typed) {
  const TypedCode code = read_recovery_code(typed);
  CHECK((!code.code || code.fault.empty()));
  return code.code ? std::string(code.code->view()) : "";
}

}  // namespace

TEST_CASE("a new recovery code is eight groups of five and reads back as itself") {
  std::set<std::string> codes;
  for (int n = 0; n < 100; ++n) {
    const std::string code(new_recovery_code().view());
    CAPTURE(code);
    REQUIRE(code.size() == 8 * 5 + 7);
    for (std::size_t i = 0; i < code.size(); ++i) {
      CHECK((i % 6 == 5 ? code[i] == '-' : kSymbols.find(code[i]) != std::string_view::npos));
    }
    CHECK(read(code) == without_dashes(code));
    codes.insert(code);
  }
  CHECK(codes.size() == 100);
}

TEST_CASE("a code that was made by an earlier build is read for ever") { CHECK(read(kCode) == without_dashes(kCode)); }

TEST_CASE("case, dashes, blanks and look-alikes do not matter") {
  const std::string plain = without_dashes(kCode);
  std::string lower = kCode;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  CHECK(read(lower) == plain);
  CHECK(read(plain) == plain);
  CHECK(read("  " + replaced(kCode, "-", " - ") + "\r\n") == plain);
  CHECK(read(replaced(kCode, "-", "\xE2\x80\x93")) == plain);  // en dash
  CHECK(read(replaced(kCode, "-", "\xC2\xA0")) == plain);      // no-break space
  CHECK(read(replaced(kCode, "0", "O")) == plain);
  CHECK(read(replaced(kCode, "1", "l")) == plain);
  CHECK(read(replaced(kCode, "1", "I")) == plain);
  CHECK(read(replaced(kCode, "V", "u")) == plain);
}

TEST_CASE("every single wrong symbol is noticed, in its group") {
  for (std::size_t at = 0; at < kCode.size(); ++at) {
    if (kCode[at] == '-') continue;
    for (const char symbol : kSymbols) {
      if (symbol == kCode[at]) continue;
      std::string typed = kCode;
      typed[at] = symbol;
      const TypedCode code = read_recovery_code(typed);
      CHECK_FALSE(code.code.has_value());
      CHECK(code.fault == "group " + std::to_string(at / 6 + 1) + " of the recovery code is mistyped");
    }
  }
}

TEST_CASE("every swap of neighbours and of groups is noticed") {
  const std::string plain = without_dashes(kCode);
  for (std::size_t at = 0; at + 1 < plain.size(); ++at) {
    if (plain[at] == plain[at + 1]) continue;
    std::string typed = plain;
    std::swap(typed[at], typed[at + 1]);
    CAPTURE(at);
    CHECK(read(typed).empty());
  }
  for (std::size_t left = 0; left < 8; ++left) {
    for (std::size_t right = left + 1; right < 8; ++right) {
      std::string typed = kCode;
      std::swap_ranges(typed.begin() + static_cast<std::ptrdiff_t>(6 * left),
                       typed.begin() + static_cast<std::ptrdiff_t>(6 * left + 5),
                       typed.begin() + static_cast<std::ptrdiff_t>(6 * right));
      CHECK(read(typed).empty());
    }
  }
}

TEST_CASE("a symbol too many or too few is told as that") {
  const std::string plain = without_dashes(kCode);
  CHECK(read_recovery_code(plain.substr(1)).fault == "a recovery code has 40 characters, this one 39");
  CHECK(read_recovery_code(plain + "0").fault == "a recovery code has 40 characters, this one 41");
}

TEST_CASE("what is no code at all is left alone") {
  for (const std::string& text : {std::string(), std::string("correct horse battery staple"), std::string(40, '!'),
                                  std::string(20, 'A'), std::string(100'000, 'A'), std::string("\xE2\x80")}) {
    CHECK(read(text).empty());
    CHECK(read_recovery_code(text).fault.empty());
  }
}

TEST_CASE("a fault holds nothing of what was typed") {
  const std::string typed = "ZZZZZ" + kCode.substr(5);
  CHECK(read_recovery_code(typed).fault.find("ZZ") == std::string::npos);
}

}  // namespace dbsnap
