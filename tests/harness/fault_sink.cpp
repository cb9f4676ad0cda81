#include "harness/fault_sink.hpp"

#include <algorithm>
#include <numeric>

namespace dbsnap::testing {
namespace {

Error injected(SinkCall call, std::string_view key, ErrorCode code) {
  return Error(code, "injected failure of " + std::string(name_of(call)) + " " + std::string(key))
      .retryable(code == ErrorCode::storage_unreachable)
      .with("object", std::string(key));
}

}  // namespace

std::string_view name_of(SinkCall call) noexcept {
  static constexpr std::string_view kNames[] = {"put", "get", "stat", "list", "remove"};
  return kNames[static_cast<std::size_t>(call)];
}

FaultSink::FaultSink(std::shared_ptr<Sink> inner) : inner_(std::move(inner)) {}

void FaultSink::inject(SinkFault fault) {
  const std::scoped_lock lock(mutex_);
  faults_.push_back({std::move(fault)});
}

void FaultSink::fail_call(std::uint64_t n, ErrorCode code) { inject({.after = n, .code = code}); }

void FaultSink::fail_put_after(std::uint64_t n, ErrorCode code) {
  inject({.call = SinkCall::put, .after = n, .every_later = true, .code = code});
}

void FaultSink::die_after(std::uint64_t n) {
  inject({.after = n, .every_later = true, .code = ErrorCode::storage_unreachable});
}

std::shared_ptr<Gate> FaultSink::stall(SinkCall call, std::string prefix) {
  auto gate = std::make_shared<Gate>();
  inject({.call = call, .prefix = std::move(prefix), .every_later = true, .stall = gate});
  return gate;
}

void FaultSink::corrupt(const std::string& key, std::uint64_t offset, std::byte mask) {
  const std::scoped_lock lock(mutex_);
  damage_[key].masks[offset] ^= mask;
}

void FaultSink::truncate(const std::string& key, std::uint64_t size) {
  const std::scoped_lock lock(mutex_);
  damage_[key].size = size;
}

void FaultSink::lose(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  damage_[key].lost = true;
}

void FaultSink::show_only(std::uint64_t n) {
  const std::scoped_lock lock(mutex_);
  list_shows_ = n;
}

void FaultSink::fail_list_after_objects(std::uint64_t n) {
  const std::scoped_lock lock(mutex_);
  list_fails_after_ = n;
}

void FaultSink::heal() {
  const std::scoped_lock lock(mutex_);
  faults_.clear();
  hooks_.clear();
  damage_.clear();
  list_shows_.reset();
  list_fails_after_.reset();
  counts_.fill(0);
  bytes_put_ = bytes_got_ = 0;
  fired_ = false;
  log_.clear();
}

void FaultSink::declare(const SinkCapabilities& capabilities) {
  const std::scoped_lock lock(mutex_);
  capabilities_ = capabilities;
}

SinkCapabilities FaultSink::capabilities() const {
  const std::scoped_lock lock(mutex_);
  return capabilities_.value_or(inner_->capabilities());
}

std::uint64_t FaultSink::calls() const {
  const std::scoped_lock lock(mutex_);
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::uint64_t FaultSink::calls(SinkCall call) const {
  const std::scoped_lock lock(mutex_);
  return counts_[static_cast<std::size_t>(call)];
}

std::uint64_t FaultSink::bytes_put() const {
  const std::scoped_lock lock(mutex_);
  return bytes_put_;
}

std::uint64_t FaultSink::bytes_got() const {
  const std::scoped_lock lock(mutex_);
  return bytes_got_;
}

bool FaultSink::fired() const {
  const std::scoped_lock lock(mutex_);
  return fired_;
}

std::vector<std::pair<SinkCall, std::string>> FaultSink::log() const {
  const std::scoped_lock lock(mutex_);
  return log_;
}

Error FaultSink::failure(SinkCall call, std::string_view key, const Verdict& verdict) {
  Error error = injected(call, key, verdict.code).had_no_effect(verdict.had_no_effect);
  const auto equals = verdict.fact.find('=');
  if (verdict.fact.empty()) return error;
  return Error(error).with(verdict.fact.substr(0, equals), verdict.fact.substr(equals + 1));
}

FaultSink::Verdict FaultSink::judge(SinkCall call, std::string_view key) {
  const std::scoped_lock lock(mutex_);
  ++counts_[static_cast<std::size_t>(call)];
  log_.emplace_back(call, key);
  Verdict verdict;
  for (Armed& armed : faults_) {
    const SinkFault& fault = armed.fault;
    if (armed.done || (fault.call && *fault.call != call) || !key.starts_with(fault.prefix)) continue;
    if (armed.seen++ < fault.after) continue;
    if (fault.every != 0 && (armed.seen - fault.after) % fault.every != 0) continue;
    armed.done = !fault.every_later && fault.every == 0;
    fired_ = true;
    if (fault.stall) {
      verdict.stall = fault.stall;
      continue;
    }
    verdict.code = fault.code;
    verdict.had_no_effect = fault.had_no_effect && !fault.after_effect;
    verdict.late = fault.late;
    verdict.fact = fault.fact;
    (fault.after_effect ? verdict.fail_after : verdict.fail_before) = true;
  }
  return verdict;
}

void FaultSink::before(SinkCall call, std::string prefix, std::function<void()> action) {
  const std::scoped_lock lock(mutex_);
  hooks_.push_back({call, std::move(prefix), std::move(action)});
}

// Without the lock: an action may use this sink.
void FaultSink::run_hooks(SinkCall call, std::string_view key) {
  std::vector<std::function<void()>> actions;
  {
    const std::scoped_lock lock(mutex_);
    for (const Hook& hook : hooks_) {
      if (hook.call == call && key.starts_with(hook.prefix)) actions.push_back(hook.action);
    }
  }
  for (const auto& action : actions) action();
}

FaultSink::Verdict FaultSink::enter(SinkCall call, std::string_view key, const Context& context) {
  context.check();
  run_hooks(call, key);
  Verdict verdict = judge(call, key);
  if (verdict.stall) verdict.stall->pass(context);
  if (verdict.fail_before) throw failure(call, key, verdict);
  return verdict;
}

FaultSink::Damage FaultSink::damage_of(std::string_view key) const {
  const std::scoped_lock lock(mutex_);
  const auto found = damage_.find(key);
  return found == damage_.end() ? Damage{} : found->second;
}

PutResult FaultSink::put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) {
  const Verdict verdict = enter(SinkCall::put, key, context);
  const PutResult result = inner_->put(key, bytes, options, context);
  if (verdict.late) lose(std::string(key));
  {
    const std::scoped_lock lock(mutex_);
    bytes_put_ += bytes.size();
  }
  if (verdict.fail_after) throw failure(SinkCall::put, key, verdict);
  return result;
}

Bytes FaultSink::get(std::string_view key, const ByteRange& range, const Context& context) {
  const Verdict verdict = enter(SinkCall::get, key, context);
  const Damage damage = damage_of(key);
  if (damage.lost) throw Error(ErrorCode::not_found, "no object " + std::string(key)).with("object", std::string(key));
  Bytes bytes = inner_->get(key, range, context);
  if (damage.size) {
    const std::uint64_t visible = *damage.size > range.offset ? *damage.size - range.offset : 0;
    if (visible < bytes.size()) bytes.resize(static_cast<std::size_t>(visible));
  }
  for (const auto& [offset, mask] : damage.masks) {
    if (offset >= range.offset && offset - range.offset < bytes.size()) bytes[offset - range.offset] ^= mask;
  }
  {
    const std::scoped_lock lock(mutex_);
    bytes_got_ += bytes.size();
  }
  if (verdict.fail_after) throw failure(SinkCall::get, key, verdict);
  return bytes;
}

std::optional<ObjectInfo> FaultSink::stat(std::string_view key, const Context& context) {
  const Verdict verdict = enter(SinkCall::stat, key, context);
  const Damage damage = damage_of(key);
  auto info = damage.lost ? std::nullopt : inner_->stat(key, context);
  if (info && damage.size) info->size = std::min(info->size, *damage.size);
  if (verdict.fail_after) throw failure(SinkCall::stat, key, verdict);
  return info;
}

void FaultSink::list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
                     const Context& context) {
  const Verdict verdict = enter(SinkCall::list, prefix, context);
  std::unique_lock lock(mutex_);
  const auto shows = list_shows_;
  const auto fails_after = list_fails_after_;
  lock.unlock();
  std::uint64_t shown = 0;
  const auto filter = [&](const ObjectInfo& object) {
    if (shows && shown >= *shows) return false;
    if (fails_after && shown >= *fails_after) throw injected(SinkCall::list, prefix, ErrorCode::io);
    const Damage damage = damage_of(object.key);
    if (damage.lost) return true;
    ++shown;
    return visitor({object.key, damage.size ? std::min(object.size, *damage.size) : object.size});
  };
  inner_->list(prefix, filter, context);
  if (fails_after || verdict.fail_after) throw failure(SinkCall::list, prefix, verdict);
}

void FaultSink::remove(std::string_view key, const Context& context) {
  const Verdict verdict = enter(SinkCall::remove, key, context);
  inner_->remove(key, context);
  if (verdict.fail_after) throw failure(SinkCall::remove, key, verdict);
}

}  // namespace dbsnap::testing
