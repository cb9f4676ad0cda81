// dbsnap show: everything a repository knows about one snapshot.
#include <fmt/format.h>

#include <variant>

#include "cli/program.hpp"
#include "cli/snapshot_report.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {"show", "Look", "Show what is known about one snapshot.",
                        "The source, the moment it shows, what was read and stored, and the entries it holds. With "
                        "--json the whole manifest is printed.\n",
                        "dbsnap show latest -r /var/backups/app\n"
                        "dbsnap show 3f9a1c20 --json | jq .consistency_point\n"};

struct ShowOptions {
  std::string id;
  SnapshotFilter filter;
};

std::string value_text(const FactValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{:.1f}", *real);
  return std::get<std::string>(value);
}

std::string facts_text(const std::string& heading, const Facts& facts) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : facts) pairs.emplace_back("  " + name, value_text(value));
  return pairs.empty() ? "" : "\n" + heading + ":\n" + name_value_text(pairs);
}

std::string overview(const Manifest& manifest) {
  const SnapshotStats& stats = manifest.stats;
  std::uint64_t pack_bytes = 0;
  for (const PackInfo& pack : manifest.packs) pack_bytes += pack.size;
  return name_value_text(
      {{"snapshot", manifest.id},
       {"parent", manifest.parent.empty() ? "none" : manifest.parent},
       {"copy of", manifest.origin ? manifest.origin->id : ""},
       {"taken into", manifest.origin ? "repository " + manifest.origin->repository : ""},
       {"time", format_time(manifest.time)},
       {"source", manifest.source.url},
       {"name", manifest.source.name},
       {"engine", manifest.source.engine},
       {"host", manifest.source.host},
       {"tags", joined(manifest.tags, ", ")},
       {"taken in", elapsed_text(manifest.finished - manifest.started)},
       {"read", size_text(stats.bytes_read)},
       {"new", fmt::format("{} ({} of {} chunks)", size_text(stats.bytes_new), stats.chunks_new, stats.chunks)},
       {"stored",
        fmt::format("{} ({} frames, {} as deltas)", size_text(stats.bytes_stored), stats.frames, stats.frames_delta)},
       {"requests", stats.store.requests() == 0 ? "" : requests_text(stats.store)},
       {"needs", fmt::format("{}, {}", counted(manifest.packs.size(), "pack"), size_text(pack_bytes))},
       {"written by", manifest.tool_version.empty() ? "" : "dbsnap " + manifest.tool_version},
       {"warnings", joined(manifest.warnings, "; ")}});
}

int run_show(Invocation& invocation, const ShowOptions& options) {
  Console& console = invocation.console();
  const Repository repository = invocation.open_repository();
  const std::string id = repository.resolve(options.id, options.filter, invocation.context());
  const Manifest manifest = repository.manifest(id, invocation.context());
  if (console.json()) {
    console.document(to_json(manifest));
    return kDone;
  }
  std::string text = overview(manifest);
  text += facts_text("consistency point", manifest.consistency_point);
  text += facts_text("engine facts", manifest.engine_facts);
  Table entries({{"ENTRY"}, {"SIZE", Align::right}, {"CHUNKS", Align::right}, {"DIGEST"}});
  for (const ManifestEntry& entry : manifest.entries) {
    entries.row({entry.name, size_text(entry.size), fmt::format("{}", entry.chunks), entry.digest.substr(0, 16)});
  }
  if (!entries.empty()) text += '\n' + entries.text();
  console.result(text);
  return kDone;
}

}  // namespace

void add_show(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<ShowOptions>();
  verb.add_option("ID", options->id, "snapshot id, its first digits, or latest")->required();
  add_filter_options(verb, options->filter);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_show(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
