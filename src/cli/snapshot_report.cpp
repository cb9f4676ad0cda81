// Summary line and first steps after a snapshot.
#include "cli/snapshot_report.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/paths.hpp"
#include "cli/text.hpp"
#include "dbsnap/host.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/version.hpp"

namespace dbsnap::cli {
namespace {

std::string stored_text(const SnapshotStats& stats) {
  if (stats.bytes_read == 0) return fmt::format("{} stored", size_text(stats.bytes_stored));
  const double share = 100.0 * static_cast<double>(stats.bytes_stored) / static_cast<double>(stats.bytes_read);
  return fmt::format("{} stored ({:.{}f} %)", size_text(stats.bytes_stored), share, share < 9.95 ? 1 : 0);
}

/// A target to show in an example: the source's URL with ".restored" behind its path.
std::string example_target(const SourceInfo& source) {
  const std::size_t query = source.url.find('?');
  return shell_word(source.url.substr(0, query) + ".restored");
}

}  // namespace

void add_take_options(CLI::App& verb, TakeOptions& options) {
  verb.add_flag("--init", options.creation.allowed, "make the repository when there is none");
  verb.add_flag("--no-encryption", options.creation.no_encryption, "with --init: make it without encryption");
  verb.add_option("--tag", options.tags, "mark the snapshot; may be repeated")
      ->type_name("TAG")
      ->allow_extra_args(false);
  verb.add_option("--name", options.name, "file the snapshot under this source name instead of host and URL")
      ->type_name("NAME");
  verb.add_option("--host", options.host, "record this machine's name instead of the real one")->type_name("NAME");
}

SnapshotOptions snapshot_options(const TakeOptions& options) {
  SnapshotOptions out;
  out.tags = options.tags;
  out.host = options.host.empty() ? local_host_name() : options.host;
  out.source_name = options.name;
  out.threads = options.threads;
  out.compression_level = options.level;
  if (!options.time.empty()) out.time = parse_time(options.time);
  return out;
}

void report_creation(Invocation& invocation, const Repository& repository) {
  Console& console = invocation.console();
  console.note(fmt::format("created repository {} (format {}, {})", printable(place_text(repository.sink().url())),
                           repository_format(), repository.encrypted() ? "encrypted" : "not encrypted"));
  if (repository.encrypted()) {
    console.note("  keep its password on another machine too: without it nothing can be restored");
  }
}

void report_snapshot(Console& console, const Manifest& manifest, std::chrono::nanoseconds elapsed,
                     std::string_view verb, const std::string& repository_word) {
  for (const std::string& warning : manifest.warnings) {
    console.warn(fmt::format("{}: {}", manifest.source.name, warning));
  }
  const SnapshotStats& stats = manifest.stats;
  const bool first = manifest.parent.empty();
  console.note(fmt::format("ok {} {}  {} read, {} new, {}, {}", printable(manifest.source.name), short_id(manifest.id),
                           size_text(stats.bytes_read), size_text(stats.bytes_new), stored_text(stats),
                           elapsed_text(elapsed)));
  console.detail(fmt::format("  {} of {} chunks new, {} frames ({} as deltas), {} packs", stats.chunks_new,
                             stats.chunks, stats.frames, stats.frames_delta, stats.packs_written));
  console.detail("  store: " + requests_text(stats.store));
  if (!first) return;
  console.note(
      fmt::format("  This is the first snapshot of {}; the next {} reads it again and stores only what changed.",
                  printable(manifest.source.name), verb));
  console.note("  Restore it beside the original, check what is stored, see all snapshots:");
  console.note(fmt::format("    dbsnap restore {} -r {} --to {}", short_id(manifest.id), repository_word,
                           example_target(manifest.source)));
  console.note(fmt::format("    dbsnap verify -r {}", repository_word));
  console.note(fmt::format("    dbsnap list -r {}", repository_word));
}

std::string requests_text(const SinkCounts& counts) {
  return fmt::format("{} ({} puts, {} gets, {} stats, {} lists, {} removes), {} up, {} down",
                     counted(counts.requests(), "request"), counts.puts, counts.gets, counts.stats, counts.lists,
                     counts.removes, size_text(counts.bytes_up), size_text(counts.bytes_down));
}

std::string repository_json(const Repository& repository) {
  const nlohmann::ordered_json document = {{"id", repository.id()},
                                           {"url", repository.sink().url()},
                                           {"encrypted", repository.encrypted()},
                                           {"format", repository_format()}};
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace dbsnap::cli
