// Stored cache: packs, frames and manifests of one repository kept on a local disk, as they are stored.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "base/file_cache.hpp"
#include "dbsnap/cache.hpp"
#include "dbsnap/context.hpp"
#include "format/frame.hpp"

namespace dbsnap {

/// Everything it gives out may be wrong and carries a seal of its own: whoever opens it and fails drops it here and
/// asks the store. Names in a repository are never used twice, so nothing in it is ever out of date; what the store no
/// longer has must be known from the store. Never a reason to fail: when the disk refuses, one warning is logged and
/// the run does without. Safe from many threads.
class StoredCache {
 public:
  /// Throws Error{invalid_argument} for a folder that is not absolute or a size below 64 MiB.
  StoredCache(const CacheOptions& options, const std::string& repository_id);

  [[nodiscard]] std::optional<Bytes> frame(const FrameRef& frame) const;
  [[nodiscard]] bool has_frame(const FrameRef& frame) const;
  void keep_frame(const FrameRef& frame, ByteView stored, const Context& context);
  void drop_frame(const FrameRef& frame) noexcept;
  /// A whole pack: its frames are found in it from then on.
  void keep_pack(const PackId& pack, ByteView stored, const Context& context);

  /// A small object by its key.
  [[nodiscard]] std::optional<Bytes> object(const std::string& key) const;
  void keep_object(const std::string& key, ByteView stored, const Context& context);
  void drop_object(const std::string& key) noexcept;

 private:
  void keep(const std::string& name, ByteView stored, const Context& context);

  FileCache files_;
  std::string prefix_;
  std::atomic<bool> refused_ = false;
};

}  // namespace dbsnap
