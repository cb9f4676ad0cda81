#include "format/config.hpp"

#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/version.hpp"
#include "format/byte_io.hpp"
#include "format/chunk_table.hpp"
#include "format/names.hpp"

namespace dbsnap {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "dbsnap repository";
constexpr std::size_t kMaxConfigSize = 1U << 20;
constexpr int kMaxDepthOfJson = 8;

Error damaged(const std::string& what) {
  return Error(ErrorCode::damaged, "the repository's config is damaged: " + what)
      .with("object", std::string(kConfigKey));
}

// Everything but the checksum.
Json settings_of(const RepositoryConfig& config) {
  return {{"magic", kMagic},
          {"format", config.format},
          {"id", config.id},
          {"encrypted", config.encrypted},
          {"chunk_size", config.chunk_size},
          {"frame_size", config.frame_size},
          {"pack_size", config.pack_size},
          {"store", {{"if_absent", config.store.if_absent}, {"list_after_write", config.store.list_after_write}}},
          {"required_features", Json::array()}};
}

std::string checksum_of(const Json& document) { return to_hex(sha256(as_byte_view(document.dump()))); }

// A member that is a whole number of 32 bits; get() alone would wrap or cut off any other number.
std::uint32_t number_of(const Json& json, const char* member) {
  const Json& value = json.at(member);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > UINT32_MAX) {
    throw damaged(std::string(member) + " is not a number in bounds");
  }
  return value.get<std::uint32_t>();
}

const Json& array_of(const Json& json, const char* member) {
  const Json& value = json.at(member);
  if (!value.is_array()) throw damaged(std::string(member) + " is not a list");
  return value;
}

void check_version(const Json& document) {
  if (document.at("magic") != kMagic) throw damaged("it is not one of dbsnap");
  const std::uint32_t format = number_of(document, "format");
  if (format > static_cast<std::uint32_t>(repository_format())) {
    throw Error(ErrorCode::incompatible_version, "the repository has format " + std::to_string(format) +
                                                     ", this dbsnap reads up to " + std::to_string(repository_format()))
        .hint("dbsnap version");
  }
  if (format < 1) throw damaged("its format number is out of bounds");
  for (const Json& feature : array_of(document, "required_features")) {
    throw Error(ErrorCode::incompatible_version,
                "the repository needs the feature " + feature.get<std::string>() + ", which this dbsnap does not have")
        .hint("dbsnap version");
  }
}

RepositoryConfig decode_document(Json document) {
  const std::string checksum = document.at("checksum").get<std::string>();
  document.erase("checksum");
  // A newer format may compute its checksum differently, so its number is looked at first.
  check_version(document);
  if (checksum_of(document) != checksum) throw damaged("its checksum does not match");
  RepositoryConfig config;
  config.format = static_cast<int>(number_of(document, "format"));
  config.id = document.at("id").get<std::string>();
  config.encrypted = document.at("encrypted").get<bool>();
  config.chunk_size = number_of(document, "chunk_size");
  config.frame_size = number_of(document, "frame_size");
  config.pack_size = number_of(document, "pack_size");
  const Json& store = document.at("store");
  config.store = {store.at("if_absent").get<bool>(), store.at("list_after_write").get<bool>()};
  if (!parse_session_id(config.id)) throw damaged("its id is not one");
  check_sizes(config);
  return config;
}

}  // namespace

void check_sizes(const RepositoryConfig& config) {
  const auto refuse = [](const std::string& text) { throw Error(ErrorCode::invalid_argument, text); };
  constexpr std::uint32_t kMiB = 1U << 20;
  if (config.chunk_size < 4096 || config.chunk_size > kMiB || (config.chunk_size & (config.chunk_size - 1)) != 0) {
    refuse("the chunk size must be a power of two from 4096 to 1048576 bytes");
  }
  if (config.frame_size < config.chunk_size || config.frame_size > 8 * kMiB ||
      config.frame_size / config.chunk_size >= kMaxSlots / 4) {
    refuse("the frame size must be from one chunk to 8388608 bytes");
  }
  if (config.pack_size < config.frame_size || config.pack_size > 48 * kMiB) {
    refuse("the pack size must be from one frame to 50331648 bytes");
  }
}

Bytes encode_config(const RepositoryConfig& config) {
  Json document = settings_of(config);
  document["checksum"] = checksum_of(document);
  Bytes bytes;
  ByteWriter(bytes).text(document.dump(2)).text("\n");
  return bytes;
}

RepositoryConfig decode_config(ByteView bytes) {
  if (bytes.size() > kMaxConfigSize) throw damaged("it is too long");
  try {
    // Deep nesting would be written out again, level by level, for the checksum.
    const auto bounded = [](int depth, Json::parse_event_t, Json&) {
      if (depth > kMaxDepthOfJson) throw damaged("it is nested too deeply");
      return true;
    };
    return decode_document(Json::parse(as_text(bytes), bounded));
  } catch (const Json::exception& failure) {
    throw damaged(failure.what());
  } catch (const Error& failure) {
    if (failure.code() == ErrorCode::invalid_argument) throw damaged(failure.message());
    throw;
  }
}

std::string settings_text(const RepositoryConfig& config) { return settings_of(config).dump(); }

}  // namespace dbsnap
