// From a URL to a sink or an engine of this build, with errors that say what would have worked.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/registry.hpp"
#include "base/url.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/size.hpp"
#include "ops/components.hpp"

namespace dbsnap {
namespace {

const Registry& built_in() {
  static const Registry registry = [] {
    Registry all;
    register_components(all);
    return all;
  }();
  return registry;
}

template <typename Entry>
std::string schemes_of(const std::vector<Entry>& entries) {
  std::string text;
  for (const Entry& entry : entries) {
    for (const std::string& scheme : entry.schemes) text += (text.empty() ? "" : ", ") + scheme + ":";
  }
  return text.empty() ? "none" : text;
}

/// The error for a scheme that no `kind` of this build answers to.
template <typename Entry>
Error unknown_scheme(std::string_view kind, std::string_view what, const std::string& scheme,
                     const std::vector<Entry>& known) {
  const auto& left_out = left_out_schemes();
  const auto row = std::ranges::find_if(
      left_out, [&](const LeftOutScheme& entry) { return entry.kind == kind && entry.scheme == scheme; });
  if (row != left_out.end()) {
    const std::string flag(row->flag);
    return Error(ErrorCode::unsupported, std::string(kind) + " " + std::string(row->name) + " of " + scheme +
                                             ": was left out of this build of dbsnap; it is configured with -D" + flag +
                                             "=ON")
        .hint("cmake -B build -D" + flag + "=ON")
        .with("scheme", scheme);
  }
  const bool other_kind =
      kind == "sink" ? built_in().engine_for(scheme) != nullptr : built_in().sink_for(scheme) != nullptr;
  const std::string reason =
      other_kind ? " names a " + std::string(kind == "sink" ? "database" : "repository") : " is not a known scheme";
  return Error(ErrorCode::invalid_argument, scheme + ":" + reason + "; the schemes of a " + std::string(what) +
                                                " in this build are: " + schemes_of(known))
      .with("scheme", scheme);
}

Error unknown_engine(std::string_view name) {
  const auto& left_out = left_out_schemes();
  const auto row = std::ranges::find_if(
      left_out, [&](const LeftOutScheme& entry) { return entry.kind == "engine" && entry.name == name; });
  if (row != left_out.end())
    return unknown_scheme("engine", "database", std::string(row->scheme), built_in().engines());
  std::string known;
  for (const EngineEntry& entry : built_in().engines()) known += (known.empty() ? "" : ", ") + entry.name;
  return Error(ErrorCode::invalid_argument, "there is no engine " + std::string(name) +
                                                "; the engines of this build are: " + (known.empty() ? "none" : known))
      .with("engine", std::string(name));
}

std::string absolute_path(const std::string& path) {
  std::error_code status;
  const std::filesystem::path absolute = std::filesystem::absolute(path, status);
  if (status) {
    throw Error(ErrorCode::io, "cannot make the path " + path + " absolute").why(status.message());
  }
  std::string text = absolute.lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

/// Follows "env:NAME" to the URL that the environment variable holds, whose text is never shown.
std::string without_env(std::string_view text) {
  if (!text.starts_with("env:")) return std::string(text);
  const std::string name(text.substr(4));
  const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    throw Error(ErrorCode::invalid_argument, "the environment variable " + name + " named by env: is not set");
  }
  if (std::string_view(value).starts_with("env:")) {
    throw Error(ErrorCode::invalid_argument, "the environment variable " + name + " names another variable");
  }
  return value;
}

Environment process_environment() {
  return Environment([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

/// Takes the parameters that are meant for the wrappers out of the URL of a store.
LimitOptions limits_of(Url& url) {
  const auto take = [&](const std::string& name) -> std::uint64_t {
    const auto parameter = url.query.extract(name);
    return parameter ? parse_size(parameter.mapped(), "the parameter " + name) : 0;
  };
  return {.upload = take("upload_limit"), .download = take("download_limit")};
}

std::unique_ptr<Snapshotter> open_engine_at(const EngineEntry& engine, const Url& url) {
  auto opened = engine.open(url, process_environment());
  if (!opened) throw Error(ErrorCode::internal, "engine " + engine.name + " opened nothing");
  return opened;
}

/// The engine that answers to a URL, and the URL in parts.
std::pair<const EngineEntry*, Url> engine_of(std::string_view text) {
  const std::string resolved = without_env(text);
  Url url = parse_url(resolved);
  if (is_plain_path(resolved)) {
    throw Error(ErrorCode::invalid_argument,
                (resolved == text ? "the path " + resolved : "the value of " + std::string(text)) +
                    " does not say which database it is; write a URL such as sqlite:///absolute/path, with one of: " +
                    schemes_of(built_in().engines()));
  }
  const EngineEntry* engine = built_in().engine_for(url.scheme);
  if (engine == nullptr) throw unknown_scheme("engine", "database", url.scheme, built_in().engines());
  return {engine, std::move(url)};
}

}  // namespace

std::vector<ComponentInfo> components() {
  std::vector<ComponentInfo> all;
  for (const EngineEntry& entry : built_in().engines()) all.push_back({"engine", entry.name, entry.schemes});
  for (const SinkEntry& entry : built_in().sinks()) all.push_back({"sink", entry.name, entry.schemes});
  return all;
}

bool has_component(std::string_view name) {
  return built_in().engine_named(name) != nullptr || built_in().sink_named(name) != nullptr;
}

std::shared_ptr<Sink> open_sink(std::string_view text) { return open_sink(text, {}); }

std::shared_ptr<Sink> open_sink(std::string_view text, const LimitOptions& limits) {
  Url url = parse_url(text);
  if (is_plain_path(text)) url.path = absolute_path(url.path);
  LimitOptions limit = limits_of(url);
  if (limits.upload != 0) limit.upload = limits.upload;
  if (limits.download != 0) limit.download = limits.download;
  const SinkEntry* sink = built_in().sink_for(url.scheme);
  if (sink == nullptr) throw unknown_scheme("sink", "repository", url.scheme, built_in().sinks());
  auto opened = sink->open(url, process_environment());
  if (!opened) throw Error(ErrorCode::internal, "sink " + sink->name + " opened nothing");
  // Inside: every attempt counts.
  opened = make_limit_sink(std::move(opened), limit);
  return sink->remote ? make_retry_sink(std::move(opened)) : opened;
}

std::unique_ptr<Snapshotter> open_engine(std::string_view text) {
  const auto [engine, url] = engine_of(text);
  return open_engine_at(*engine, url);
}

std::vector<std::unique_ptr<Snapshotter>> open_engines(std::string_view text, const Context& context) {
  const auto [engine, url] = engine_of(text);
  if (engine->open_all) return engine->open_all(url, process_environment(), context);
  std::vector<std::unique_ptr<Snapshotter>> engines;
  engines.push_back(open_engine_at(*engine, url));
  return engines;
}

std::unique_ptr<Snapshotter> open_engine_named(std::string_view name, std::string_view target) {
  const EngineEntry* engine = built_in().engine_named(name);
  if (engine == nullptr) throw unknown_engine(name);
  const std::string resolved = without_env(target);
  Url url = parse_url(resolved);
  if (is_plain_path(resolved)) {
    url.scheme = engine->schemes.front();
    url.path = absolute_path(url.path);
  } else if (std::ranges::find(engine->schemes, url.scheme) == engine->schemes.end()) {
    throw Error(ErrorCode::invalid_argument, url.scheme + ": is not a scheme of engine " + engine->name +
                                                 "; write a path or one of: " + schemes_of(std::vector{*engine}))
        .with("scheme", url.scheme);
  }
  return open_engine_at(*engine, url);
}

}  // namespace dbsnap
