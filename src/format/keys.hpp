// Keys: what a repository's secret is turned into, and how bytes are sealed with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "base/hash.hpp"
#include "format/names.hpp"

namespace dbsnap {

/// Name of one chunk: SHA-256 of its bytes, or HMAC-SHA-256 under a key of the repository.
using ChunkId = Hash;

/// Seals and opens the parts of one object. Bound to repository, object and position: a part that
/// was moved, swapped or altered does not open. Every (object, position) is sealed at most once.
///
/// Encrypted: AES-256-GCM under a key of this object alone, the position as nonce. Not encrypted:
/// the plain bytes followed by the first 16 bytes of their SHA-256, which finds damage but, without
/// a key, no forgery.
class Sealer {
 public:
  /// `key` is the object's own, nothing when not encrypted; `binding` names repository and object.
  Sealer(std::optional<SecretKey> key, std::string binding);

  /// Appends the sealed `plain`, kTagSize longer than it, to `out`. `header` is authenticated too.
  void seal(std::uint64_t position, ByteView header, ByteView plain, Bytes& out) const;
  /// The plain bytes, or nothing when they are not what was sealed.
  [[nodiscard]] std::optional<Bytes> open(std::uint64_t position, ByteView header, ByteView sealed) const;

 private:
  [[nodiscard]] Bytes associated(ByteView header) const;
  [[nodiscard]] Hash checksum(std::uint64_t position, ByteView header, ByteView plain) const;

  std::optional<SecretKey> key_;
  std::string binding_;
};

/// A repository's keys, all derived from its master key. Immutable, safe from many threads, and overwritten in
/// memory when it ends.
class KeyRing {
 public:
  /// `master` is nothing for a repository that is not encrypted.
  KeyRing(std::string repository_id, const std::optional<SecretKey>& master);

  [[nodiscard]] bool encrypted() const noexcept { return seal_key_.has_value(); }
  [[nodiscard]] const std::string& repository_id() const noexcept { return repository_id_; }

  [[nodiscard]] ChunkId chunk_id(ByteView chunk) const;
  /// Sixteen hex digits that name a source in object keys without giving it away.
  [[nodiscard]] std::string source_key(std::string_view identity) const;
  /// Secret that the content-defined cutting table is made from; empty when not encrypted.
  [[nodiscard]] ByteView cut_key() const noexcept;

  /// Sealer of a pack. The session id is random and never reused, so every pack has its own key.
  [[nodiscard]] Sealer pack_sealer(const PackId& id) const;
  /// Sealer of a small object; `salt` is random and stored with it.
  [[nodiscard]] Sealer object_sealer(std::string_view object_key, ByteView salt) const;

 private:
  [[nodiscard]] Sealer sealer(ByteView salt, std::string_view object_key) const;

  std::string repository_id_;
  std::optional<SecretKey> seal_key_;
  std::optional<SecretKey> chunk_key_;
  std::optional<SecretKey> cut_key_;
  std::optional<SecretKey> name_key_;
};

}  // namespace dbsnap
