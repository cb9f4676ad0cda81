#include "cli/backup_repositories.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/paths.hpp"
#include "cli/snapshot_report.hpp"
#include "cli/text.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"

namespace dbsnap::cli {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

BackupRepositories::BackupRepositories(Invocation& invocation) : invocation_(invocation) {
  for (RepositoryPlace& place : invocation.places()) {
    std::string url = store_url(place);
    if (std::ranges::find(members_, url, &Member::url) != members_.end()) {
      throw Error(ErrorCode::invalid_argument, fmt::format("the repository {} was given twice", place_text(url)));
    }
    members_.push_back({.place = std::move(place), .url = std::move(url)});
  }
}

void BackupRepositories::open(const CreationOptions& creation, const std::function<void()>& before_creation) {
  for (Member& member : members_) open(member, creation, before_creation);
  if (std::ranges::none_of(members_, [](const Member& member) { return member.repository.has_value(); })) {
    throw *members_.front().failure;
  }
  for (const Member& member : members_) {
    if (!member.failure) continue;
    invocation_.console().warn(fmt::format("the repository {} cannot be used", place_text(member.url)));
    invocation_.console().complain(*member.failure);
  }
}

void BackupRepositories::open(Member& member, const CreationOptions& creation,
                              const std::function<void()>& before_creation) {
  try {
    OpenedRepository opened = invocation_.open_or_create(member.place, creation, before_creation);
    if (opened.created) report_creation(invocation_, opened.repository);
    member.created = opened.created;
    member.repository.emplace(std::move(opened.repository));
  } catch (const Error& failure) {
    const bool for_all = failure.code() == ErrorCode::cancelled || failure.code() == ErrorCode::invalid_argument;
    if (members_.size() == 1 || for_all) throw;
    member.failure = failure;
  }
}

bool BackupRepositories::some_failed() const {
  return std::ranges::any_of(members_, [](const Member& member) { return member.failure.has_value(); });
}

std::vector<BackupTarget> BackupRepositories::targets() const {
  std::vector<BackupTarget> targets;
  for (const Member& member : members_) {
    targets.push_back({member.url, [&member] {
                         if (member.failure) throw *member.failure;
                         return *member.repository;
                       }});
  }
  return targets;
}

void BackupRepositories::report(const std::string& source, const BackupReport& report) {
  Console& console = invocation_.console();
  std::string places;
  for (const Member& member : members_) places += " -r " + Invocation::word_of(member.place.url);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const TargetOutcome& outcome = report.targets[i];
    if (!outcome.failure) {
      if (outcome.id != report.manifest.id) {
        console.note(fmt::format("  copied to {}, {} stored there", printable(place_text(outcome.url)),
                                 size_text(outcome.bytes_stored)));
      }
      continue;
    }
    console.warn(fmt::format("{} did not get the snapshot of {}", place_text(outcome.url), source));
    if (!members_[i].failure) console.complain(*outcome.failure);
    if (outcome.pending) console.note(fmt::format("  the copy is pending; later: dbsnap copy --pending{}", places));
  }
}

std::string BackupRepositories::json() const {
  Json document = {{"repository", nullptr}, {"created", false}, {"repositories", Json::array()}};
  for (const Member& member : members_) {
    if (member.repository && document["repository"].is_null()) {
      document["repository"] = Json::parse(repository_json(*member.repository));
      document["created"] = member.created;
    }
    document["repositories"].push_back(
        {{"url", member.url},
         {"repository", member.repository ? Json::parse(repository_json(*member.repository)) : Json(nullptr)},
         {"created", member.created},
         {"error", member.failure ? Json::parse(to_json(*member.failure)).at("error") : Json(nullptr)}});
  }
  return document.dump();
}

}  // namespace dbsnap::cli
