// Making, opening and looking at a repository.
#include "dbsnap/repository.hpp"

#include <chrono>

#include "dbsnap/json.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "option_reader.hpp"

using dbsnap::Repository;
using dbsnap::capi::context_of;
using dbsnap::capi::give_document;
using dbsnap::capi::guarded;
using dbsnap::capi::Operation;
using dbsnap::capi::required;
using dbsnap::capi::required_text;
using dbsnap::capi::WipedPassword;

dbsnap_status dbsnap_repository_create(dbsnap_sink* sink, const dbsnap_options* options, const dbsnap_context* context,
                                       dbsnap_repository** repository, dbsnap_error** error) {
  if (repository != nullptr) *repository = nullptr;
  return guarded(error, [&] {
    required(repository, "repository");
    auto settings = dbsnap::capi::create_options(options);
    const WipedPassword wiped(settings.password);
    *repository = new dbsnap_repository{Repository::create(required(sink, "sink").sink, settings, context_of(context))};
  });
}

dbsnap_status dbsnap_repository_open(dbsnap_sink* sink, const dbsnap_options* options, const dbsnap_context* context,
                                     dbsnap_repository** repository, dbsnap_error** error) {
  if (repository != nullptr) *repository = nullptr;
  return guarded(error, [&] {
    required(repository, "repository");
    auto settings = dbsnap::capi::open_options(options);
    const WipedPassword wiped(settings.password);
    *repository = new dbsnap_repository{Repository::open(required(sink, "sink").sink, settings, context_of(context))};
  });
}

void dbsnap_repository_free(dbsnap_repository* repository) { delete repository; }

const char* dbsnap_repository_id(const dbsnap_repository* repository) {
  return repository == nullptr ? "" : repository->repository.id().c_str();
}

bool dbsnap_repository_encrypted(const dbsnap_repository* repository) {
  return repository != nullptr && repository->repository.encrypted();
}

dbsnap_status dbsnap_repository_list(const dbsnap_repository* repository, const dbsnap_options* options,
                                     const dbsnap_context* context, dbsnap_document** snapshots, dbsnap_error** error) {
  if (snapshots != nullptr) *snapshots = nullptr;
  return guarded(error, [&] {
    const auto filter = dbsnap::capi::filter_options(options, Operation::list);
    const auto found = required(repository, "repository").repository.snapshots(filter, context_of(context));
    give_document(&required(snapshots, "snapshots"), dbsnap::to_json(found));
  });
}

dbsnap_status dbsnap_repository_resolve(const dbsnap_repository* repository, const char* text,
                                        const dbsnap_options* options, const dbsnap_context* context, char** id,
                                        dbsnap_error** error) {
  if (id != nullptr) *id = nullptr;
  return guarded(error, [&] {
    const auto filter = dbsnap::capi::filter_options(options, Operation::resolve);
    const Repository& opened = required(repository, "repository").repository;
    required(id, "id") =
        dbsnap::capi::copy_text(opened.resolve(required_text(text, "text"), filter, context_of(context)));
  });
}

dbsnap_status dbsnap_repository_resolve_at(const dbsnap_repository* repository, int64_t time_ns,
                                           const dbsnap_options* options, const dbsnap_context* context, char** id,
                                           dbsnap_error** error) {
  if (id != nullptr) *id = nullptr;
  return guarded(error, [&] {
    const auto filter = dbsnap::capi::filter_options(options, Operation::resolve);
    const dbsnap::TimePoint time{std::chrono::nanoseconds(time_ns)};
    const Repository& opened = required(repository, "repository").repository;
    required(id, "id") = dbsnap::capi::copy_text(opened.resolve_at(time, filter, context_of(context)));
  });
}

dbsnap_status dbsnap_repository_manifest(const dbsnap_repository* repository, const char* id,
                                         const dbsnap_context* context, dbsnap_document** manifest,
                                         dbsnap_error** error) {
  if (manifest != nullptr) *manifest = nullptr;
  return guarded(error, [&] {
    const std::string name(required_text(id, "id"));
    const auto found = required(repository, "repository").repository.manifest(name, context_of(context));
    give_document(&required(manifest, "manifest"), dbsnap::to_json(found));
  });
}

dbsnap_status dbsnap_repository_stats(const dbsnap_repository* repository, const dbsnap_context* context,
                                      dbsnap_document** stats, dbsnap_error** error) {
  if (stats != nullptr) *stats = nullptr;
  return guarded(error, [&] {
    const auto found = required(repository, "repository").repository.stats(context_of(context));
    give_document(&required(stats, "stats"), dbsnap::to_json(found));
  });
}

dbsnap_status dbsnap_repository_diff(const dbsnap_repository* repository, const char* before, const char* after,
                                     const dbsnap_context* context, dbsnap_document** diff, dbsnap_error** error) {
  if (diff != nullptr) *diff = nullptr;
  return guarded(error, [&] {
    const std::string from(required_text(before, "before"));
    const std::string to(required_text(after, "after"));
    const auto found = required(repository, "repository").repository.diff(from, to, context_of(context));
    give_document(&required(diff, "diff"), dbsnap::to_json(found));
  });
}
