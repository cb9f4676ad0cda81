// An engine that several owners use: the core wants a unique_ptr where C callers hold a handle.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "dbsnap/snapshotter.hpp"

namespace dbsnap::capi {

/// Passes every call on to the shared engine.
class SharedEngine final : public Snapshotter {
 public:
  explicit SharedEngine(std::shared_ptr<Snapshotter> engine) : engine_(std::move(engine)) {}

  [[nodiscard]] SourceInfo describe() const override { return engine_->describe(); }
  std::unique_ptr<Session> begin(const SnapshotRequest& request, const Context& context) override {
    return engine_->begin(request, context);
  }
  void restore(SnapshotReader& reader, const RestoreOptions& options, const Context& context) override {
    engine_->restore(reader, options, context);
  }
  void check_restored(const Context& context) override { engine_->check_restored(context); }
  [[nodiscard]] std::unique_ptr<Snapshotter> scratch_target(const std::string& folder) const override {
    return engine_->scratch_target(folder);
  }
  void export_plain(SnapshotReader& reader, EntryWriter& out, const Context& context) override {
    engine_->export_plain(reader, out, context);
  }
  std::unique_ptr<Session> begin_import(std::unique_ptr<EntryReader> file, const Context& context) override {
    return engine_->begin_import(std::move(file), context);
  }

 private:
  std::shared_ptr<Snapshotter> engine_;
};

}  // namespace dbsnap::capi
