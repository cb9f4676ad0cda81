// Small words that the sink checks are written in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "dbsnap/sink.hpp"
#include "harness/error_code.hpp"

namespace dbsnap::testing {

/// A sink with the options left out.
struct Store {
  Sink& sink;
  Context context = {};

  PutResult put(std::string_view key, ByteView bytes) const { return sink.put(key, bytes, {}, context); }
  PutResult put_if_absent(std::string_view key, ByteView bytes) const {
    return sink.put(key, bytes, {.if_absent = true}, context);
  }
  [[nodiscard]] Bytes get(std::string_view key, const ByteRange& range = {}) const {
    return sink.get(key, range, context);
  }
  [[nodiscard]] std::optional<ObjectInfo> stat(std::string_view key) const { return sink.stat(key, context); }
  void remove(std::string_view key) const { sink.remove(key, context); }

  /// Sizes by key of everything listed, and how often each key was shown.
  struct Listing {
    std::map<std::string, std::uint64_t> sizes;
    std::map<std::string, unsigned> shown;
    bool operator==(const Listing&) const = default;
  };
  [[nodiscard]] Listing list(std::string_view prefix = "") const {
    Listing listing;
    const auto note = [&](const ObjectInfo& object) {
      listing.sizes[object.key] = object.size;
      ++listing.shown[object.key];
      return true;
    };
    sink.list(prefix, note, context);
    return listing;
  }
  [[nodiscard]] std::string keys(std::string_view prefix = "") const {
    std::string text;
    for (const auto& [key, times] : list(prefix).shown) {
      for (unsigned n = 0; n < times; ++n) text += (text.empty() ? "" : " ") + key;
    }
    return text;
  }
};

}  // namespace dbsnap::testing
