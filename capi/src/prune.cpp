// Forgetting, pinning and pruning.
#include <chrono>
#include <span>

#include "dbsnap/json.hpp"
#include "dbsnap/repository.hpp"
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

dbsnap_status dbsnap_repository_forget(dbsnap_repository* repository, const char* const* ids, size_t count,
                                       const dbsnap_context* context, dbsnap_error** error) {
  return guarded(error, [&] {
    std::vector<std::string> names;
    if (count > 0) {
      for (const char* id : std::span(&required(ids, "ids"), count)) names.emplace_back(required_text(id, "ids"));
    }
    required(repository, "repository").repository.forget(names, context_of(context));
  });
}

dbsnap_status dbsnap_repository_forgotten(const dbsnap_repository* repository, const dbsnap_options* options,
                                          const dbsnap_context* context, dbsnap_document** snapshots,
                                          dbsnap_error** error) {
  if (snapshots != nullptr) *snapshots = nullptr;
  return guarded(error, [&] {
    const auto filter = dbsnap::capi::filter_options(options, Operation::list);
    const auto found = required(repository, "repository").repository.forgotten(filter, context_of(context));
    give_document(&required(snapshots, "snapshots"), dbsnap::to_json(found));
  });
}

dbsnap_status dbsnap_repository_unforget(dbsnap_repository* repository, const char* id, const dbsnap_context* context,
                                         dbsnap_document** manifest, dbsnap_error** error) {
  if (manifest != nullptr) *manifest = nullptr;
  return guarded(error, [&] {
    const std::string name(required_text(id, "id"));
    const auto found = required(repository, "repository").repository.unforget(name, context_of(context));
    give_document(manifest, dbsnap::to_json(found));
  });
}

dbsnap_status dbsnap_repository_pin(dbsnap_repository* repository, const char* id, const dbsnap_context* context,
                                    dbsnap_error** error) {
  return guarded(error, [&] {
    const std::string name(required_text(id, "id"));
    required(repository, "repository").repository.pin(name, context_of(context));
  });
}

dbsnap_status dbsnap_repository_unpin(dbsnap_repository* repository, const char* id, const dbsnap_context* context,
                                      dbsnap_error** error) {
  return guarded(error, [&] {
    const std::string name(required_text(id, "id"));
    required(repository, "repository").repository.unpin(name, context_of(context));
  });
}

dbsnap_status dbsnap_repository_plan_prune(const dbsnap_repository* repository, const dbsnap_policy* policy,
                                           const dbsnap_options* options, const dbsnap_context* context,
                                           dbsnap_plan** plan, dbsnap_error** error) {
  if (plan != nullptr) *plan = nullptr;
  return guarded(error, [&] {
    const auto filter = dbsnap::capi::filter_options(options, Operation::plan_prune);
    required(plan, "plan");
    *plan =
        new dbsnap_plan{required(repository, "repository")
                            .repository.plan_prune(*required(policy, "policy").policy, filter, context_of(context))};
  });
}

dbsnap_status dbsnap_repository_apply(dbsnap_repository* repository, const dbsnap_plan* plan,
                                      const dbsnap_options* options, const dbsnap_context* context,
                                      dbsnap_document** report, dbsnap_error** error) {
  if (report != nullptr) *report = nullptr;
  return guarded(error, [&] {
    const OptionReader reader(options, Operation::apply);
    dbsnap::ApplyOptions settings{.discard_unfinished = reader.boolean("discard_unfinished", false),
                                  .wait = reader.boolean("wait", true),
                                  .exclusive = reader.boolean("exclusive", false)};
    if (const auto patience = reader.number<std::uint32_t>("patience_ms")) {
      settings.patience = std::chrono::milliseconds(*patience);
    }
    const auto done =
        required(repository, "repository").repository.apply(required(plan, "plan").plan, settings, context_of(context));
    give_document(report, dbsnap::to_json(done));
  });
}

dbsnap_status dbsnap_plan_document(const dbsnap_plan* plan, dbsnap_document** document, dbsnap_error** error) {
  if (document != nullptr) *document = nullptr;
  return guarded(error,
                 [&] { give_document(&required(document, "document"), dbsnap::to_json(required(plan, "plan").plan)); });
}

void dbsnap_plan_free(dbsnap_plan* plan) { delete plan; }
