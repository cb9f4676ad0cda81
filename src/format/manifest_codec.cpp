// The JSON form of a manifest. Members are only ever added; none changes its meaning.
#include "format/manifest_codec.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "base/base64.hpp"
#include "base/object_key.hpp"
#include "base/time_text.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/version.hpp"

namespace dbsnap {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr std::string_view kPageFile = "page_file";
constexpr std::string_view kStream = "stream";
/// Nesting of a manifest; unknown members may go a little deeper.
constexpr int kMaxDepth = 16;
constexpr unsigned kMaxTableLevel = 16;
constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kHashDigits = 64;

// Encoding.

OrderedJson facts_json(const Facts& facts) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [name, value] : facts) {
    if (const auto* number = std::get_if<double>(&value); number != nullptr && !std::isfinite(*number)) {
      throw Error(ErrorCode::invalid_argument, "the fact " + name + " is not a finite number");
    }
    std::visit([&, &key = name](const auto& v) { object[key] = v; }, value);
  }
  return object;
}

OrderedJson entry_json(const ManifestEntry& entry) {
  return {{"name", entry.name},
          {"kind", entry.kind == EntryKind::page_file ? kPageFile : kStream},
          {"size", entry.size},
          {"chunks", entry.chunks},
          {"digest", entry.digest},
          {"facts", facts_json(entry.facts)},
          {"table_level", entry.table_level},
          {"table_root", to_base64(entry.table_root)}};
}

OrderedJson counts_json(const SinkCounts& counts) {
  return {{"puts", counts.puts},
          {"gets", counts.gets},
          {"stats", counts.stats},
          {"lists", counts.lists},
          {"removes", counts.removes},
          {"bytes_up", counts.bytes_up},
          {"bytes_down", counts.bytes_down}};
}

OrderedJson stats_json(const SnapshotStats& stats) {
  return {{"bytes_read", stats.bytes_read},     {"bytes_new", stats.bytes_new},
          {"bytes_stored", stats.bytes_stored}, {"chunks", stats.chunks},
          {"chunks_new", stats.chunks_new},     {"frames", stats.frames},
          {"frames_delta", stats.frames_delta}, {"packs_written", stats.packs_written},
          {"store", counts_json(stats.store)}};
}

OrderedJson manifest_json(const Manifest& manifest) {
  OrderedJson json;
  json["format"] = manifest.format;
  json["id"] = manifest.id;
  json["parent"] = manifest.parent;
  if (manifest.origin) json["origin"] = {{"repository", manifest.origin->repository}, {"id", manifest.origin->id}};
  const SourceInfo& source = manifest.source;
  json["source"] = {{"engine", source.engine}, {"url", source.url}, {"name", source.name}, {"host", source.host}};
  json["source_key"] = manifest.source_key;
  json["started"] = time_text(manifest.started);
  json["finished"] = time_text(manifest.finished);
  json["time"] = time_text(manifest.time);
  json["consistency_point"] = facts_json(manifest.consistency_point);
  json["engine_facts"] = facts_json(manifest.engine_facts);
  json["tags"] = manifest.tags;
  json["warnings"] = manifest.warnings;
  json["tool_version"] = manifest.tool_version;
  OrderedJson& entries = json["entries"] = OrderedJson::array();
  for (const ManifestEntry& entry : manifest.entries) entries.push_back(entry_json(entry));
  OrderedJson& packs = json["packs"] = OrderedJson::array();
  for (const PackInfo& pack : manifest.packs) {
    OrderedJson& item = packs.emplace_back(
        OrderedJson{{"key", pack.key}, {"size", pack.size}, {"sha256", pack.sha256}, {"bases", pack.bases}});
    if (!pack.object_sha256.empty()) item["object_sha256"] = pack.object_sha256;
  }
  json["stats"] = stats_json(manifest.stats);
  return json;
}

void require_utf8_name(const std::string& name) {
  try {
    static_cast<void>(Json(name).dump());
  } catch (const Json::exception&) {
    throw Error(ErrorCode::invalid_argument, "an entry's name is not valid UTF-8");
  }
}

// Decoding.

Error damaged_manifest(std::string_view what) {
  return Error(ErrorCode::damaged, "the manifest is not valid: " + std::string(what));
}

bool is_hex(std::string_view text, std::size_t digits) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == digits && std::ranges::all_of(text, is_digit);
}

/// A value of the document and the way to it, for messages.
class Node {
 public:
  Node(const Json& value, std::string path) : value_(value), path_(std::move(path)) {}

  [[nodiscard]] Error wrong(std::string_view what) const {
    return damaged_manifest((path_.empty() ? "it" : path_) + " is " + std::string(what));
  }

  [[nodiscard]] Node operator[](const char* member) const {
    if (!value_.is_object()) throw wrong("not an object");
    const auto found = value_.find(member);
    if (found == value_.end()) throw damaged_manifest((path_.empty() ? "" : path_ + ".") + member + " is missing");
    return Node(*found, path_.empty() ? member : path_ + "." + member);
  }

  /// The member where there is one: older versions did not write it.
  [[nodiscard]] std::optional<Node> find(const char* member) const {
    if (!value_.is_object()) throw wrong("not an object");
    return value_.contains(member) ? std::optional((*this)[member]) : std::nullopt;
  }

  template <typename Visit>
  void for_each(const Visit& visit) const {
    if (!value_.is_array()) throw wrong("not an array");
    std::size_t index = 0;
    for (const Json& item : value_) visit(Node(item, path_ + "[" + std::to_string(index++) + "]"));
  }

  [[nodiscard]] std::size_t size() const noexcept { return value_.size(); }

  [[nodiscard]] const std::string& text() const {
    if (!value_.is_string()) throw wrong("not text");
    return value_.get_ref<const std::string&>();
  }

  [[nodiscard]] const std::string& hex(std::size_t digits) const {
    if (!is_hex(text(), digits)) throw wrong("not " + std::to_string(digits) + " hex digits");
    return text();
  }

  [[nodiscard]] std::uint64_t number(std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) const {
    if (!value_.is_number_unsigned()) throw wrong("not a whole number");
    const auto value = value_.get<std::uint64_t>();
    if (value > max) throw wrong("out of range");
    return value;
  }

  [[nodiscard]] TimePoint time() const {
    // One time has one text, so that equal manifests are equal bytes.
    if (const auto time = time_from_text(text()); time && time_text(*time) == text()) return *time;
    throw wrong("not a time");
  }

  [[nodiscard]] Facts facts() const {
    if (!value_.is_object()) throw wrong("not an object");
    Facts facts;
    for (const auto& [name, value] : value_.items()) facts.emplace(name, Node(value, path_ + "." + name).fact());
    return facts;
  }

  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for_each([&](const Node& item) { texts.push_back(item.text()); });
    return texts;
  }

 private:
  [[nodiscard]] FactValue fact() const {
    if (value_.is_boolean()) return value_.get<bool>();
    if (value_.is_number_float()) return value_.get<double>();
    if (value_.is_string()) return value_.get<std::string>();
    if (value_.is_number_unsigned()) {
      return static_cast<std::int64_t>(number(static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())));
    }
    if (value_.is_number_integer()) return value_.get<std::int64_t>();
    throw wrong("not a fact");
  }

  const Json& value_;
  std::string path_;
};

Json parse_document(ByteView bytes) {
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const std::string_view view(text, bytes.size());
  // The parser takes a byte order mark, and a NUL for the end of the text.
  if (!view.starts_with('{') || view.find('\0') != std::string_view::npos) throw damaged_manifest("it is not JSON");
  const auto limit_depth = [](int depth, Json::parse_event_t, const Json&) {
    if (depth > kMaxDepth) throw damaged_manifest("it is nested too deeply");
    return true;
  };
  Json json = Json::parse(view.begin(), view.end(), limit_depth, false);
  if (json.is_discarded()) throw damaged_manifest("it is not JSON");
  return json;
}

EntryKind decode_kind(const Node& node) {
  if (node.text() == kPageFile) return EntryKind::page_file;
  if (node.text() == kStream) return EntryKind::stream;
  throw node.wrong("not a known kind");
}

Bytes decode_base64(const Node& node) {
  auto bytes = from_base64(node.text());
  if (!bytes) throw node.wrong("not base64");
  return *std::move(bytes);
}

ManifestEntry decode_entry(const Node& node) {
  ManifestEntry entry;
  entry.name = node["name"].text();
  if (entry.name.empty()) throw node["name"].wrong("empty");
  entry.kind = decode_kind(node["kind"]);
  entry.size = node["size"].number();
  entry.chunks = node["chunks"].number(entry.size);
  if (entry.size > 0 && entry.chunks == 0) throw node["chunks"].wrong("out of range");
  entry.digest = node["digest"].hex(kHashDigits);
  entry.facts = node["facts"].facts();
  entry.table_level = static_cast<unsigned>(node["table_level"].number(kMaxTableLevel));
  entry.table_root = decode_base64(node["table_root"]);
  return entry;
}

std::vector<ManifestEntry> decode_entries(const Node& node) {
  std::vector<ManifestEntry> entries;
  std::unordered_set<std::string> names;
  std::uint64_t total = 0;
  node.for_each([&](const Node& item) {
    ManifestEntry entry = decode_entry(item);
    if (!names.insert(entry.name).second) throw item["name"].wrong("used twice");
    if (entry.size > std::numeric_limits<std::uint64_t>::max() - total) throw item["size"].wrong("out of range");
    total += entry.size;
    entries.push_back(std::move(entry));
  });
  return entries;
}

PackInfo decode_pack(const Node& node, std::uint64_t max_base) {
  PackInfo pack;
  pack.key = node["key"].text();
  if (!is_object_key(pack.key)) throw node["key"].wrong("not an object key");
  pack.size = node["size"].number();
  pack.sha256 = node["sha256"].hex(kHashDigits);
  if (const auto whole = node.find("object_sha256")) pack.object_sha256 = whole->hex(kHashDigits);
  node["bases"].for_each(
      [&](const Node& base) { pack.bases.push_back(static_cast<std::uint32_t>(base.number(max_base))); });
  return pack;
}

std::vector<PackInfo> decode_packs(const Node& node) {
  std::vector<PackInfo> packs;
  const std::size_t count = node.size();
  if (count > std::numeric_limits<std::uint32_t>::max()) throw node.wrong("too long");
  node.for_each([&](const Node& item) { packs.push_back(decode_pack(item, count - 1)); });
  return packs;
}

SinkCounts decode_counts(const Node& node) {
  return {.puts = node["puts"].number(),
          .gets = node["gets"].number(),
          .stats = node["stats"].number(),
          .lists = node["lists"].number(),
          .removes = node["removes"].number(),
          .bytes_up = node["bytes_up"].number(),
          .bytes_down = node["bytes_down"].number()};
}

SnapshotStats decode_stats(const Node& node) {
  const auto store = node.find("store");
  return {.bytes_read = node["bytes_read"].number(),
          .bytes_new = node["bytes_new"].number(),
          .bytes_stored = node["bytes_stored"].number(),
          .chunks = node["chunks"].number(),
          .chunks_new = node["chunks_new"].number(),
          .frames = node["frames"].number(),
          .frames_delta = node["frames_delta"].number(),
          .packs_written = node["packs_written"].number(),
          .store = store ? decode_counts(*store) : SinkCounts{}};
}

Origin decode_origin(const Node& node) {
  return {.repository = node["repository"].hex(kIdDigits), .id = node["id"].hex(kIdDigits)};
}

int decode_format(const Node& node) {
  const std::uint64_t format = node.number();
  if (format == 0) throw node.wrong("out of range");
  if (format > static_cast<std::uint64_t>(repository_format())) {
    throw Error(ErrorCode::incompatible_version, "the manifest has format " + std::to_string(format) +
                                                     ", and this version reads up to " +
                                                     std::to_string(repository_format()));
  }
  return static_cast<int>(format);
}

}  // namespace

Bytes encode_manifest(const Manifest& manifest) {
  for (const ManifestEntry& entry : manifest.entries) require_utf8_name(entry.name);
  const std::string text = manifest_json(manifest).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  const auto view = std::as_bytes(std::span(text));
  try {
    static_cast<void>(decode_manifest(view));
  } catch (const Error& error) {
    throw Error(ErrorCode::internal, "the manifest of this snapshot could not be read again").why(error.message());
  }
  return Bytes(view.begin(), view.end());
}

Manifest decode_manifest(ByteView bytes) {
  const Json json = parse_document(bytes);
  const Node root(json, "");
  Manifest manifest;
  manifest.format = decode_format(root["format"]);
  manifest.id = root["id"].hex(kIdDigits);
  const Node parent = root["parent"];
  manifest.parent = parent.text().empty() ? "" : parent.hex(kIdDigits);
  if (const auto origin = root.find("origin")) manifest.origin = decode_origin(*origin);
  const Node source = root["source"];
  manifest.source = {source["engine"].text(), source["url"].text(), source["name"].text(), source["host"].text()};
  manifest.source_key = root["source_key"].text();
  if (!is_object_key(manifest.source_key)) throw root["source_key"].wrong("not an object key");
  manifest.started = root["started"].time();
  manifest.finished = root["finished"].time();
  manifest.time = root["time"].time();
  manifest.consistency_point = root["consistency_point"].facts();
  manifest.engine_facts = root["engine_facts"].facts();
  manifest.tags = root["tags"].texts();
  manifest.warnings = root["warnings"].texts();
  manifest.tool_version = root["tool_version"].text();
  manifest.entries = decode_entries(root["entries"]);
  manifest.packs = decode_packs(root["packs"]);
  manifest.stats = decode_stats(root["stats"]);
  return manifest;
}

SnapshotSummary summary_of(const Manifest& manifest) {
  SnapshotSummary summary;
  summary.id = manifest.id;
  summary.source_key = manifest.source_key;
  summary.source = manifest.source;
  summary.time = manifest.time;
  summary.tags = manifest.tags;
  summary.origin = manifest.origin;
  for (const ManifestEntry& entry : manifest.entries) summary.size += entry.size;
  summary.stored = manifest.stats.bytes_stored;
  summary.entries = manifest.entries.size();
  return summary;
}

}  // namespace dbsnap
