// Sink over a map in this process's memory.
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/object_key.hpp"
#include "base/registry.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/sinks/memory.hpp"

namespace dbsnap {
namespace {

class MemorySink final : public Sink {
 public:
  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    require_object_key(key);
    context.check();
    auto object = std::make_shared<const Bytes>(bytes.begin(), bytes.end());
    const std::unique_lock lock(mutex_);
    if (options.if_absent) {
      const bool stored = objects_.try_emplace(std::string(key), std::move(object)).second;
      return stored ? PutResult::stored : PutResult::already_exists;
    }
    objects_.insert_or_assign(std::string(key), std::move(object));
    return PutResult::stored;
  }

  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    require_object_key(key);
    context.check();
    const auto object = find(key);
    if (!object) throw Error(ErrorCode::not_found, "no object " + std::string(key)).with("object", std::string(key));
    const std::uint64_t begin = std::min<std::uint64_t>(range.offset, object->size());
    const std::uint64_t length = std::min<std::uint64_t>(range.length, object->size() - begin);
    const ByteView slice = ByteView(*object).subspan(begin, length);
    return {slice.begin(), slice.end()};
  }

  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    require_object_key(key);
    context.check();
    const auto object = find(key);
    if (!object) return std::nullopt;
    return ObjectInfo{std::string(key), object->size()};
  }

  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    context.check();
    // The visitor may call this sink, so it runs on a copy and without the lock.
    for (const ObjectInfo& object : objects_with(prefix)) {
      context.check();
      if (!visitor(object)) return;
    }
  }

  void remove(std::string_view key, const Context& context) override {
    require_object_key(key);
    context.check();
    const std::unique_lock lock(mutex_);
    if (const auto found = objects_.find(key); found != objects_.end()) objects_.erase(found);
  }

  [[nodiscard]] SinkCapabilities capabilities() const override { return {.cheap_reads = true}; }
  [[nodiscard]] std::string url() const override { return "memory:"; }

 private:
  using Object = std::shared_ptr<const Bytes>;

  [[nodiscard]] Object find(std::string_view key) const {
    const std::shared_lock lock(mutex_);
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
  }

  [[nodiscard]] std::vector<ObjectInfo> objects_with(std::string_view prefix) const {
    std::vector<ObjectInfo> result;
    const std::shared_lock lock(mutex_);
    for (auto it = objects_.lower_bound(prefix); it != objects_.end() && it->first.starts_with(prefix); ++it) {
      result.push_back({it->first, it->second->size()});
    }
    return result;
  }

  mutable std::shared_mutex mutex_;
  std::map<std::string, Object, std::less<>> objects_;
};

}  // namespace

std::shared_ptr<Sink> make_memory_sink() { return std::make_shared<MemorySink>(); }

void register_sink_memory(Registry& registry) {
  registry.add_sink({"memory", {"memory"}, [](const Url& url, const Environment& /*environment*/) {
                       if (!url.host.empty() || !url.path.empty() || !url.query.empty()) {
                         throw Error(ErrorCode::invalid_argument, "the memory sink is written 'memory:'");
                       }
                       return make_memory_sink();
                     }});
}

}  // namespace dbsnap
