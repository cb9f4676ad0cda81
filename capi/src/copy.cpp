// Copies between repositories, notes about those that are pending, and status.
#include "dbsnap/copy.hpp"

#include <chrono>

#include "dbsnap/json.hpp"
#include "dbsnap/status.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "option_reader.hpp"

using dbsnap::capi::context_of;
using dbsnap::capi::give_document;
using dbsnap::capi::guarded;
using dbsnap::capi::Operation;
using dbsnap::capi::OptionReader;
using dbsnap::capi::required;
using dbsnap::capi::required_text;

namespace dbsnap::capi {
namespace {

CopyOptions copy_options(const dbsnap_options* options) {
  const OptionReader reader(options, Operation::copy);
  CopyOptions result;
  result.ids = reader.list("snapshot");
  result.filter = {.source = reader.text("source"), .tags = reader.list("tag")};
  result.last = reader.number<unsigned>("last");
  if (const auto since_ns = reader.number<std::int64_t>("since_ns")) {
    result.since = TimePoint(std::chrono::nanoseconds(*since_ns));
  }
  result.older = reader.boolean("older", result.older);
  result.pins = reader.boolean("pins", result.pins);
  result.allow_unencrypted = reader.boolean("allow_unencrypted", result.allow_unencrypted);
  result.dry_run = reader.boolean("dry_run", result.dry_run);
  result.threads = reader.number<unsigned>("threads").value_or(result.threads);
  result.compression_level = reader.number<int>("compression_level").value_or(result.compression_level);
  return result;
}

}  // namespace
}  // namespace dbsnap::capi

dbsnap_status dbsnap_repository_copy_from(dbsnap_repository* repository, const dbsnap_repository* source,
                                          const dbsnap_options* options, const dbsnap_context* context, bool* whole,
                                          dbsnap_document** report, dbsnap_error** error) {
  if (whole != nullptr) *whole = false;
  if (report != nullptr) *report = nullptr;
  return guarded(error, [&] {
    const auto settings = dbsnap::capi::copy_options(options);
    required(whole, "whole");
    const auto done = required(repository, "repository")
                          .repository.copy_from(required(source, "source").repository, settings, context_of(context));
    give_document(report, dbsnap::to_json(done));
    *whole = done.ok();
  });
}

dbsnap_status dbsnap_repository_note_pending(dbsnap_repository* repository, const char* id, const char* to,
                                             const dbsnap_context* context, dbsnap_error** error) {
  return guarded(error, [&] {
    const std::string name(required_text(id, "id"));
    const std::string place(required_text(to, "to"));
    required(repository, "repository").repository.note_pending(name, place, context_of(context));
  });
}

dbsnap_status dbsnap_repository_settle_pending(dbsnap_repository* repository, const char* id, const char* to,
                                               const dbsnap_context* context, dbsnap_error** error) {
  return guarded(error, [&] {
    const dbsnap::PendingCopy copy{
        .snapshot = std::string(required_text(id, "id")), .to = std::string(required_text(to, "to")), .since = {}};
    required(repository, "repository").repository.settle_pending(copy, context_of(context));
  });
}

dbsnap_status dbsnap_repository_status(const dbsnap_repository* repository, const dbsnap_options* options,
                                       const dbsnap_context* context, bool* too_old, dbsnap_document** status,
                                       dbsnap_error** error) {
  if (too_old != nullptr) *too_old = false;
  if (status != nullptr) *status = nullptr;
  return guarded(error, [&] {
    const OptionReader reader(options, Operation::status);
    std::optional<std::chrono::seconds> max_age;
    if (const std::string age = reader.text("max_age"); !age.empty()) max_age = dbsnap::parse_duration(age);
    required(too_old, "too_old");
    const dbsnap::Repository& opened = required(repository, "repository").repository;
    const dbsnap::Context& call = context_of(context);
    const auto snapshots = opened.snapshots({.source = reader.text("source"), .tags = reader.list("tag")}, call);
    const auto pending = opened.pending(call);
    const auto unfinished = opened.unfinished(call);
    const auto found = dbsnap::status_of({.snapshots = snapshots, .pending = pending, .unfinished = unfinished},
                                         call.clock->now(), max_age);
    give_document(status, dbsnap::to_json(found));
    *too_old = found.too_old();
  });
}
