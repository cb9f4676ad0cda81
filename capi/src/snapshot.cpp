// Taking, restoring and verifying snapshots.
#include <utility>

#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/repository.hpp"
#include "dbsnap/retention.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "option_reader.hpp"
#include "shared_engine.hpp"

namespace dbsnap::capi {
namespace {

VerifyOptions verify_options(const dbsnap_options* options, const dbsnap_engine* engine) {
  const OptionReader reader(options, Operation::verify);
  VerifyOptions result;
  result.level = verify_level_named(reader.text("level", "frames"));
  result.ids = reader.list("snapshot");
  result.scratch_folder = reader.text("scratch_folder");
  result.threads = reader.number<unsigned>("threads").value_or(result.threads);
  result.percent = reader.number<unsigned>("percent");
  if (const std::string max_age = reader.text("max_age"); !max_age.empty()) result.max_age = parse_duration(max_age);
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

dbsnap_status dbsnap_repository_repair(dbsnap_repository* repository, const dbsnap_options* options,
                                       const dbsnap_context* context, bool* whole, dbsnap_document** report,
                                       dbsnap_error** error) {
  if (whole != nullptr) *whole = false;
  if (report != nullptr) *report = nullptr;
  return guarded(error, [&] {
    const OptionReader reader(options, Operation::repair);
    const dbsnap::RepairOptions settings{.ids = reader.list("snapshot"),
                                         .dry_run = reader.boolean("dry_run", false),
                                         .threads = reader.number<unsigned>("threads").value_or(0)};
    required(whole, "whole");
    const auto done = required(repository, "repository").repository.repair(settings, context_of(context));
    give_document(report, dbsnap::to_json(done));
    *whole = done.ok();
  });
}

dbsnap_status dbsnap_verify_keyless(dbsnap_sink* sink, const dbsnap_options* options, const dbsnap_context* context,
                                    bool* sound, dbsnap_document** report, dbsnap_error** error) {
  if (sound != nullptr) *sound = false;
  if (report != nullptr) *report = nullptr;
  return guarded(error, [&] {
    const OptionReader reader(options, Operation::verify_keyless);
    const dbsnap::KeylessOptions settings{.percent = reader.number<unsigned>("percent"),
                                          .threads = reader.number<unsigned>("threads").value_or(0)};
    required(sound, "sound");
    const auto done = dbsnap::Repository::verify_keyless(required(sink, "sink").sink, settings, context_of(context));
    give_document(report, dbsnap::to_json(done));
    *sound = done.ok();
  });
}
