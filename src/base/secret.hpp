// Secrets in memory: keys and passwords that are overwritten when they are no longer needed.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "dbsnap/bytes.hpp"

namespace dbsnap {

using Key256 = std::array<std::byte, 32>;

/// Overwrites secrets in a way the compiler keeps.
void wipe(MutableByteView secret) noexcept;

/// A key. Every copy, also one that was moved from, is overwritten when it ends.
class SecretKey {
 public:
  SecretKey() noexcept = default;
  explicit SecretKey(const Key256& bytes) noexcept : bytes_(bytes) {}
  SecretKey(const SecretKey&) noexcept = default;
  SecretKey& operator=(const SecretKey&) noexcept = default;
  ~SecretKey() { wipe(bytes_); }

  [[nodiscard]] const Key256& bytes() const noexcept { return bytes_; }
  [[nodiscard]] Key256& bytes() noexcept { return bytes_; }
  [[nodiscard]] ByteView view() const noexcept { return bytes_; }
  friend bool operator==(const SecretKey& left, const SecretKey& right) noexcept;

 private:
  Key256 bytes_{};
};

/// Memory that is overwritten before it is given back, also by a container that grows.
template <typename T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() noexcept = default;
  template <typename U>
  explicit(false) WipingAllocator(const WipingAllocator<U>& /*other*/) noexcept {}
  [[nodiscard]] T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) noexcept {
    wipe(std::as_writable_bytes(std::span(memory, count)));
    std::allocator<T>().deallocate(memory, count);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) noexcept { return true; }
};

/// Text of a password: a copy that leaves nothing behind, unlike std::string.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string_view text) : text_(text.begin(), text.end()) {}

  void append(std::string_view text) { text_.insert(text_.end(), text.begin(), text.end()); }
  void pop_back() { text_.pop_back(); }
  [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::vector<char, WipingAllocator<char>> text_;
};

/// Overwrites bytes that others own when it ends: a buffer that a secret passes through.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(MutableByteView secret) noexcept : secret_(secret) {}
  ~WipeAtEnd() { wipe(secret_); }
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;

 private:
  MutableByteView secret_;
};

}  // namespace dbsnap
