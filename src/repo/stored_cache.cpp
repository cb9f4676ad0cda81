#include "repo/stored_cache.hpp"

#include <algorithm>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

constexpr std::uint64_t kSmallest = std::uint64_t{64} << 20;

FileCache open_files(const CacheOptions& options) {
  if (!options.folder.starts_with('/')) {
    throw Error(ErrorCode::invalid_argument, "the folder of a cache must be an absolute path, not " + options.folder);
  }
  if (options.size_bytes < kSmallest) {
    throw Error(ErrorCode::invalid_argument, "a cache must be allowed at least 64 MiB");
  }
  return FileCache(options.folder, options.size_bytes);
}

std::string pack_name(const PackId& pack) { return "p-" + to_text(pack.session) + "-" + std::to_string(pack.number); }

std::string frame_name(const FrameRef& frame) { return pack_name(frame.pack) + "-" + std::to_string(frame.offset); }

std::string object_name(const std::string& key) {
  std::string name = "o-" + key;
  std::ranges::replace(name, '/', '~');
  return name;
}

}  // namespace

StoredCache::StoredCache(const CacheOptions& options, const std::string& repository_id)
    : files_(open_files(options)), prefix_(repository_id + "-") {}

std::optional<Bytes> StoredCache::frame(const FrameRef& frame) const {
  if (auto alone = files_.read(prefix_ + frame_name(frame), 0, frame.length)) return alone;
  return files_.read(prefix_ + pack_name(frame.pack), frame.offset, frame.length);
}

bool StoredCache::has_frame(const FrameRef& frame) const {
  if (files_.size_of(prefix_ + frame_name(frame)) == frame.length) return true;
  const auto pack = files_.size_of(prefix_ + pack_name(frame.pack));
  return pack && *pack >= std::uint64_t{frame.offset} + frame.length;
}

void StoredCache::keep_frame(const FrameRef& frame, ByteView stored, const Context& context) {
  keep(frame_name(frame), stored, context);
}

void StoredCache::drop_frame(const FrameRef& frame) noexcept {
  try {
    files_.drop(prefix_ + frame_name(frame));
    files_.drop(prefix_ + pack_name(frame.pack));
  } catch (const std::bad_alloc&) {
    // It stays, and is found bad once more.
  }
}

void StoredCache::keep_pack(const PackId& pack, ByteView stored, const Context& context) {
  keep(pack_name(pack), stored, context);
}

std::optional<Bytes> StoredCache::object(const std::string& key) const {
  return files_.read(prefix_ + object_name(key));
}

void StoredCache::keep_object(const std::string& key, ByteView stored, const Context& context) {
  keep(object_name(key), stored, context);
}

void StoredCache::drop_object(const std::string& key) noexcept {
  try {
    files_.drop(prefix_ + object_name(key));
  } catch (const std::bad_alloc&) {
    // It stays, and is found bad once more.
  }
}

void StoredCache::keep(const std::string& name, ByteView stored, const Context& context) {
  if (refused_) return;
  try {
    files_.write(prefix_ + name, stored);
  } catch (const Error& failure) {
    if (refused_.exchange(true) || !context.log) return;
    context.log(LogLevel::warning, "nothing more is kept in the cache: " + failure.message() +
                                       (failure.why().empty() ? "" : ": " + failure.why()));
  }
}

}  // namespace dbsnap
