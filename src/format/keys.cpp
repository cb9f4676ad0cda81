#include "format/keys.hpp"

#include <algorithm>
#include <utility>

#include "base/hex.hpp"
#include "format/byte_io.hpp"

namespace dbsnap {
namespace {

Nonce96 nonce_of(std::uint64_t position) {
  Nonce96 nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[i] = static_cast<std::byte>(position >> (8 * i));
  return nonce;
}

}  // namespace

Sealer::Sealer(std::optional<SecretKey> key, std::string binding)
    : key_(std::move(key)), binding_(std::move(binding)) {}

Bytes Sealer::associated(ByteView header) const {
  Bytes bytes;
  bytes.reserve(binding_.size() + header.size());
  ByteWriter(bytes).text(binding_).bytes(header);
  return bytes;
}

Hash Sealer::checksum(std::uint64_t position, ByteView header, ByteView plain) const {
  Sha256 hash;
  return hash.update(associated(header)).update(nonce_of(position)).update(plain).finish();
}

void Sealer::seal(std::uint64_t position, ByteView header, ByteView plain, Bytes& out) const {
  const std::size_t start = out.size();
  if (!key_) {
    const Hash check = checksum(position, header, plain);
    ByteWriter(out).bytes(plain).bytes(ByteView(check).first(kTagSize));
    return;
  }
  out.resize(start + plain.size() + kTagSize);
  aead_seal(key_->bytes(), nonce_of(position), associated(header), plain, MutableByteView(out).subspan(start));
}

std::optional<Bytes> Sealer::open(std::uint64_t position, ByteView header, ByteView sealed) const {
  if (sealed.size() < kTagSize) return std::nullopt;
  const ByteView body = sealed.first(sealed.size() - kTagSize);
  if (!key_) {
    const Hash check = checksum(position, header, body);
    if (!std::ranges::equal(sealed.last(kTagSize), ByteView(check).first(kTagSize))) return std::nullopt;
    return Bytes(body.begin(), body.end());
  }
  Bytes plain(body.size());
  if (!aead_open(key_->bytes(), nonce_of(position), associated(header), sealed, plain)) return std::nullopt;
  return plain;
}

KeyRing::KeyRing(std::string repository_id, const std::optional<SecretKey>& master)
    : repository_id_(std::move(repository_id)) {
  if (!master) return;
  const ByteView salt = as_byte_view(repository_id_);
  seal_key_ = derive_key(master->view(), salt, "dbsnap seal");
  chunk_key_ = derive_key(master->view(), salt, "dbsnap chunk id");
  cut_key_ = derive_key(master->view(), salt, "dbsnap cut");
  name_key_ = derive_key(master->view(), salt, "dbsnap source name");
}

ChunkId KeyRing::chunk_id(ByteView chunk) const {
  return chunk_key_ ? hmac_sha256(chunk_key_->view(), chunk) : sha256(chunk);
}

std::string KeyRing::source_key(std::string_view identity) const {
  const ByteView bytes = as_byte_view(identity);
  const Hash hash = name_key_ ? hmac_sha256(name_key_->view(), bytes) : sha256(bytes);
  return to_hex(ByteView(hash).first(8));
}

ByteView KeyRing::cut_key() const noexcept { return cut_key_ ? cut_key_->view() : ByteView(); }

Sealer KeyRing::pack_sealer(const PackId& id) const {
  Bytes salt;
  ByteWriter(salt).bytes(id.session).u32(id.number);
  return sealer(salt, pack_key(id));
}

Sealer KeyRing::object_sealer(std::string_view object_key, ByteView salt) const { return sealer(salt, object_key); }

Sealer KeyRing::sealer(ByteView salt, std::string_view object_key) const {
  std::optional<SecretKey> key;
  if (seal_key_) key = derive_key(seal_key_->view(), salt, "dbsnap object");
  return Sealer(key, repository_id_ + "/" + std::string(object_key) + "\n");
}

}  // namespace dbsnap
