// Envelope of the small objects: magic, version, type, and a compressed, sealed payload.
#pragma once

#include <string_view>

#include "dbsnap/bytes.hpp"
#include "format/keys.hpp"

namespace dbsnap {

/// What a small object is; part of what is sealed, so that one cannot pass for another.
enum class ObjectType : std::uint8_t {
  session = 1,
  manifest = 2,
  forgotten = 3,
  pin = 4,
  damage_mark = 5,
  ledger = 6,
  round_plan = 7,
  round_verdict = 8,
  round_done = 9,
  alive = 10,
  pending = 11,
};

/// Bytes of the object `key` that holds `payload`.
Bytes seal_object(const KeyRing& keys, ObjectType type, std::string_view key, ByteView payload);

/// Payload of an object read from `key`. Throws Error{damaged} naming the key when it is not what
/// was sealed there, Error{incompatible_version} when it was written by a newer format.
Bytes open_object(const KeyRing& keys, ObjectType type, std::string_view key, ByteView object);

}  // namespace dbsnap
