// Taking, restoring and verifying snapshots.
#include <algorithm>
#include <array>
#include <utility>

#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/repository.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "option_reader.hpp"
#include "shared_engine.hpp"

namespace dbsnap::capi {
namespace {

constexpr std::array<std::pair<std::string_view, VerifyLevel>, 3> kLevels{
    {{"packs", VerifyLevel::packs}, {"frames", VerifyLevel::frames}, {"data", VerifyLevel::data}}};

VerifyLevel level_named(std::string_view name) {
  const auto* found = std::ranges::find(kLevels, name, &std::pair<std::string_view, VerifyLevel>::first);
  if (found != kLevels.end()) return found->second;
  throw Error(ErrorCode::invalid_argument, "unknown level " + std::string(name) + "; known are packs, frames and data");
}

VerifyOptions verify_options(const dbsnap_options* options, const dbsnap_engine* engine) {
  const OptionReader reader(options, Operation::verify);
  VerifyOptions result;
  result.level = level_named(reader.text("level", "frames"));
  result.ids = reader.list("snapshot");
  result.scratch_folder = reader.text("scratch_folder");
  result.threads = reader.number<unsigned>("threads").value_or(result.threads);
  if (result.level == VerifyLevel::data && result.scratch_folder.empty()) {
    throw Error(ErrorCode::invalid_argument, "verify at level data needs the option scratch_folder");
  }
  auto given = engine == nullptr ? nullptr : engine->snapshotter;
  result.engine = [given = std::move(given)](const Manifest& manifest) -> std::unique_ptr<Snapshotter> {
    if (given != nullptr && given->describe().engine == manifest.source.engine) {
      return std::make_unique<SharedEngine>(given);
    }
    return open_engine_named(manifest.source.engine, manifest.source.url);
  };
  return result;
}

}  // namespace
}  // namespace dbsnap::capi

using dbsnap::capi::context_of;
using dbsnap::capi::give_document;
using dbsnap::capi::guarded;
using dbsnap::capi::Operation;
using dbsnap::capi::OptionReader;
using dbsnap::capi::required;
using dbsnap::capi::required_text;

dbsnap_status dbsnap_repository_snapshot(dbsnap_repository* repository, dbsnap_engine* source,
                                         const dbsnap_options* options, const dbsnap_context* context,
                                         dbsnap_document** manifest, dbsnap_error** error) {
  if (manifest != nullptr) *manifest = nullptr;
  return guarded(error, [&] {
    const auto settings = dbsnap::capi::snapshot_options(options, Operation::snapshot);
    const auto taken = required(repository, "repository")
                           .repository.snapshot(*required(source, "source").snapshotter, settings, context_of(context));
    give_document(manifest, dbsnap::to_json(taken));
  });
}

dbsnap_status dbsnap_repository_restore(const dbsnap_repository* repository, const char* id, dbsnap_engine* target,
                                        const dbsnap_options* options, const dbsnap_context* context,
                                        dbsnap_document** report, dbsnap_error** error) {
  if (report != nullptr) *report = nullptr;
  return guarded(error, [&] {
    const OptionReader reader(options, Operation::restore);
    const std::string name(required_text(id, "id"));
    const unsigned threads = reader.number<unsigned>("threads").value_or(0);
    const auto done =
        required(repository, "repository")
            .repository.restore(name, *required(target, "target").snapshotter,
                                {.overwrite = reader.boolean("overwrite", false)}, threads, context_of(context));
    give_document(report, dbsnap::to_json(done));
  });
}

dbsnap_status dbsnap_repository_verify(const dbsnap_repository* repository, dbsnap_engine* engine,
                                       const dbsnap_options* options, const dbsnap_context* context, bool* sound,
                                       dbsnap_document** report, dbsnap_error** error) {
  if (sound != nullptr) *sound = false;
  if (report != nullptr) *report = nullptr;
  return guarded(error, [&] {
    const auto settings = dbsnap::capi::verify_options(options, engine);
    required(sound, "sound");
    const auto done = required(repository, "repository").repository.verify(settings, context_of(context));
    give_document(report, dbsnap::to_json(done));
    *sound = done.ok();
  });
}
