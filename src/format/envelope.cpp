#include "format/envelope.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/random.hpp"
#include "format/byte_io.hpp"
#include "format/frame_codec.hpp"

namespace dbsnap {
namespace {

constexpr std::string_view kMagic = "DBSNAPOB";
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kHeaderSize = 8 + 2 + 1 + 1 + 4 + kSaltSize;
constexpr std::uint32_t kMaxPayload = 256U << 20;
constexpr int kLevel = 3;

Error damaged(std::string_view key, std::string_view what) {
  return Error(ErrorCode::damaged, "object " + std::string(key) + " is damaged: " + std::string(what))
      .with("object", std::string(key));
}

}  // namespace

Bytes seal_object(const KeyRing& keys, ObjectType type, std::string_view key, ByteView payload) {
  if (payload.size() > kMaxPayload) throw Error(ErrorCode::internal, "object " + std::string(key) + " is too large");
  std::array<std::byte, kSaltSize> salt;
  fill_random(salt);
  Bytes object;
  ByteWriter(object)
      .text(kMagic)
      .u16(kVersion)
      .u8(static_cast<std::uint8_t>(type))
      .u8(0)
      .u32(static_cast<std::uint32_t>(payload.size()))
      .bytes(salt);
  const Bytes header = object;
  keys.object_sealer(key, salt).seal(0, header, FrameCodec().compress(payload, {}, kLevel), object);
  return object;
}

Bytes open_object(const KeyRing& keys, ObjectType type, std::string_view key, ByteView object) {
  if (object.size() < kHeaderSize + kTagSize) throw damaged(key, "it ends too early");
  ByteCursor cursor(object, key);
  if (as_text(cursor.bytes(kMagic.size())) != kMagic) throw damaged(key, "it does not start as an object of dbsnap");
  const std::uint16_t version = cursor.u16();
  const std::uint8_t stored_type = cursor.u8();
  cursor.u8();
  const std::uint32_t size = cursor.u32();
  const ByteView salt = cursor.bytes(kSaltSize);
  const auto sealed = cursor.bytes(cursor.left());
  const auto body = keys.object_sealer(key, salt).open(0, object.first(kHeaderSize), sealed);
  if (!body && version > kVersion) {
    throw Error(ErrorCode::incompatible_version, "object " + std::string(key) + " was written by a newer dbsnap")
        .with("object", std::string(key));
  }
  if (!body) throw damaged(key, "its bytes are not those that were written");
  if (version != kVersion || stored_type != static_cast<std::uint8_t>(type))
    throw damaged(key, "it is of another type");
  if (size > kMaxPayload) throw damaged(key, "its size is out of bounds");
  auto payload = FrameCodec().decompress(*body, {}, size);
  if (!payload) throw damaged(key, "its payload does not decompress");
  return *std::move(payload);
}

}  // namespace dbsnap
