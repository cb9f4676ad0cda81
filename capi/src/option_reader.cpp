// From keys and values to the C++ options of each operation.
#include "option_reader.hpp"

#include <chrono>

#include "dbsnap/error.hpp"
#include "dbsnap/host.hpp"
#include "handles.hpp"

namespace dbsnap::capi {

OptionReader::OptionReader(const dbsnap_options* options, Operation operation) : options_(options) {
  if (options == nullptr) return;
  for (const auto& [key, value] : options->values) {
    if ((option_key(key).used_by & static_cast<std::uint32_t>(operation)) == 0) {
      throw Error(ErrorCode::invalid_argument,
                  "option " + key + " has no meaning for " + std::string(name_of(operation)));
    }
  }
}

template <typename Value>
const Value* OptionReader::find(std::string_view key) const {
  if (options_ == nullptr) return nullptr;
  const auto found = options_->values.find(key);
  return found == options_->values.end() ? nullptr : &std::get<Value>(found->second);
}

std::string OptionReader::text(std::string_view key, std::string_view fallback) const {
  const auto* value = find<std::string>(key);
  return value != nullptr ? *value : std::string(fallback);
}

bool OptionReader::boolean(std::string_view key, bool fallback) const {
  const auto* value = find<bool>(key);
  return value != nullptr ? *value : fallback;
}

std::vector<std::string> OptionReader::list(std::string_view key) const {
  const auto* value = find<std::vector<std::string>>(key);
  return value != nullptr ? *value : std::vector<std::string>();
}

void* OptionReader::pointer(std::string_view key) const {
  void* const* value = find<void*>(key);
  return value != nullptr ? *value : nullptr;
}

std::optional<std::int64_t> OptionReader::whole_number(std::string_view key, std::int64_t least,
                                                       std::int64_t largest) const {
  const auto* value = find<std::int64_t>(key);
  if (value == nullptr) return std::nullopt;
  if (*value < least || *value > largest) {
    throw Error(ErrorCode::invalid_argument, "option " + std::string(key) + " must be " + std::to_string(least) +
                                                 " to " + std::to_string(largest) + ", not " + std::to_string(*value));
  }
  return *value;
}

namespace {

std::optional<CacheOptions> cache_options(const OptionReader& reader) {
  CacheOptions cache;
  cache.folder = reader.text("cache_folder");
  const auto size = reader.number<std::uint64_t>("cache_size_bytes");
  if (cache.folder.empty() && !size) return std::nullopt;
  cache.size_bytes = size.value_or(cache.size_bytes);
  return cache;
}

}  // namespace

CreateOptions create_options(const dbsnap_options* options) {
  const OptionReader reader(options, Operation::create);
  CreateOptions result;
  result.password = reader.text("password");
  result.encrypt = reader.boolean("encrypt", result.encrypt);
  result.chunk_size = reader.number<std::uint32_t>("chunk_size_bytes").value_or(result.chunk_size);
  result.frame_size = reader.number<std::uint32_t>("frame_size_bytes").value_or(result.frame_size);
  result.pack_size = reader.number<std::uint32_t>("pack_size_bytes").value_or(result.pack_size);
  result.cache = cache_options(reader);
  return result;
}

OpenOptions open_options(const dbsnap_options* options) {
  const OptionReader reader(options, Operation::open);
  return {.password = reader.text("password"), .cache = cache_options(reader)};
}

SnapshotOptions snapshot_options(const dbsnap_options* options, Operation operation) {
  const OptionReader reader(options, operation);
  SnapshotOptions result;
  result.tags = reader.list("tag");
  result.host = reader.text("host");
  if (result.host.empty()) result.host = local_host_name();
  result.source_name = reader.text("source_name");
  result.threads = reader.number<unsigned>("threads").value_or(result.threads);
  result.compression_level = reader.number<int>("compression_level").value_or(result.compression_level);
  result.read_limit = reader.number<std::uint64_t>("read_limit_bytes_per_second").value_or(result.read_limit);
  if (const auto time_ns = reader.number<std::int64_t>("time_ns")) {
    result.time = TimePoint(std::chrono::nanoseconds(*time_ns));
  }
  result.use_parent = reader.boolean("use_parent", result.use_parent);
  result.base_data = base_data_named(reader.text("base_data", "automatic"));
  if (const auto patience_ms = reader.number<std::uint32_t>("source_patience_ms")) {
    result.source_patience = std::chrono::milliseconds(*patience_ms);
  }
  return result;
}

SnapshotFilter filter_options(const dbsnap_options* options, Operation operation) {
  const OptionReader reader(options, operation);
  return {.source = reader.text("source"), .tags = reader.list("tag")};
}

KeepRules keep_rules(const dbsnap_options* options) {
  const OptionReader reader(options, Operation::keep_policy);
  KeepRules rules;
  rules.last = reader.number<unsigned>("keep_last");
  if (const std::string within = reader.text("keep_within"); !within.empty()) rules.within = parse_duration(within);
  rules.hourly = reader.number<unsigned>("keep_hourly");
  rules.daily = reader.number<unsigned>("keep_daily");
  rules.weekly = reader.number<unsigned>("keep_weekly");
  rules.monthly = reader.number<unsigned>("keep_monthly");
  rules.yearly = reader.number<unsigned>("keep_yearly");
  rules.tags = reader.list("keep_tag");
  rules.minimum = reader.number<unsigned>("keep_minimum").value_or(rules.minimum);
  return rules;
}

}  // namespace dbsnap::capi
