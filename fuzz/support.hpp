// What targets share: checks that end the process, taking input apart, and a repository's keys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "dbsnap/bytes.hpp"
#include "format/keys.hpp"

namespace dbsnap::fuzz {

/// Ends the process, so that a fuzzer keeps the input, unless `holds`.
void require(bool holds, std::string_view what);

/// True when `decode` returns; false when it throws an Error that input may cause: damaged,
/// incompatible_version, unsupported or invalid_argument. Any other exception ends the process.
bool accepts(const std::function<void()>& decode);

/// Takes numbers and bytes off the front of an input; zeros and nothing once it is used up.
class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}

  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const std::byte b : take(bytes)) value = value << 8 | std::to_integer<std::uint64_t>(b);
    return value;
  }
  ByteView take(std::size_t count) {
    const ByteView piece = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(piece.size());
    return piece;
  }
  [[nodiscard]] ByteView rest() const noexcept { return rest_; }

 private:
  ByteView rest_;
};

inline std::string_view text_of(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline ByteView view_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Writes a little-endian number over the bytes at `position`.
void patch(Bytes& bytes, std::size_t position, std::uint64_t value, std::size_t size);

/// A JSON object with the checksum that goes with it, as configs and key objects have one; nothing when `input` is no
/// shallow JSON object.
std::optional<std::string> with_checksum(ByteView input);

/// Keys of a repository that is not encrypted, so that corpora can be read and made anywhere.
const KeyRing& open_keys();
/// The pack that frames and packs of the corpora belong to.
PackId corpus_pack();
/// The name that key objects of the corpora have.
KeyName corpus_key();
inline constexpr std::string_view kCorpusObject =
    "snapshots/0011223344556677/0190000000ff-00112233445566778899aabbccddeeff";

}  // namespace dbsnap::fuzz
