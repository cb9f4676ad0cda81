// SHA-256 and HMAC-SHA-256, the hashes that names and checks in a repository are made of.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "dbsnap/bytes.hpp"

namespace dbsnap {

using Hash = std::array<std::byte, 32>;

/// SHA-256 over any number of pieces; one object serves many hashes, one after the other.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& update(ByteView bytes);
  /// Returns the hash and starts over.
  Hash finish();
  /// Hash of what was taken so far; more may follow.
  [[nodiscard]] Hash peek() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Hash sha256(ByteView bytes);
Hash hmac_sha256(ByteView key, ByteView message);

}  // namespace dbsnap
