// dbsnap export: writes a snapshot as a plain file that is readable without dbsnap.
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/files.hpp"
#include "cli/paths.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/registry.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "export", "Get data back", "Write a snapshot as a plain file, readable without dbsnap.",
    "A snapshot of SQLite becomes an ordinary database file. The file is compressed when its name ends with .gz or "
    ".zst, or when --compress says so. It appears under its name only when it is whole; a file that exists is "
    "replaced only with --overwrite. With - the bytes go to standard output.\n",
    "# a yearly copy that needs nothing but sqlite3 and zstd\n"
    "dbsnap export latest app-2026.sqlite.zst -r /var/backups/app\n"
    "\n"
    "# look into a snapshot without restoring it\n"
    "dbsnap export 3f9a1c20 - > /tmp/look.db && sqlite3 /tmp/look.db .tables\n"};

struct ExportOptions {
  std::string id;
  std::string file;
  std::string compress;
  bool overwrite = false;
  SnapshotFilter filter;
};

ExportCompression compression_for(const ExportOptions& options) {
  const std::string& wanted = options.compress;
  if (wanted == "gzip" || (wanted.empty() && options.file.ends_with(".gz"))) return ExportCompression::gzip;
  if (wanted == "zstd" || (wanted.empty() && options.file.ends_with(".zst"))) return ExportCompression::zstd;
  return ExportCompression::none;
}

std::string_view word_for(ExportCompression compression) {
  switch (compression) {
    case ExportCompression::gzip:
      return "gzip";
    case ExportCompression::zstd:
      return "zstd";
    case ExportCompression::none:
      break;
  }
  return "none";
}

/// Writes the snapshot and returns the size of what was written.
std::uint64_t write_export(Invocation& invocation, const Repository& repository, const Manifest& manifest,
                           const ExportOptions& options) {
  ProgressLine line(invocation.console(), manifest.source.name, system_clock());
  const Context context = invocation.context(line);
  const std::unique_ptr<Snapshotter> engine =
      open_engine_named(manifest.source.engine, options.file == "-" ? "/dev/stdout" : options.file);
  const ExportCompression compression = compression_for(options);
  if (options.file == "-") {
    OutputWriter out;
    repository.export_snapshot(manifest.id, *engine, compression, out, context);
    return out.size();
  }
  NewFileWriter out(options.file, options.overwrite);
  repository.export_snapshot(manifest.id, *engine, compression, out, context);
  out.commit();
  return out.size();
}

int run_export(Invocation& invocation, const ExportOptions& options) {
  Console& console = invocation.console();
  const bool to_output = options.file == "-";
  if (to_output && console.json()) {
    throw Error(ErrorCode::invalid_argument, "export to standard output leaves no place for --json");
  }
  if (to_output && isatty(STDOUT_FILENO) == 1) {
    throw Error(ErrorCode::invalid_argument, "a database is not shown on a terminal")
        .hint(fmt::format("dbsnap export {} - > FILE", options.id));
  }
  const Repository repository = invocation.open_repository();
  if (!to_output) require_target_apart(options.file, repository.sink().url());
  const std::string id = repository.resolve(options.id, options.filter, invocation.context());
  const Manifest manifest = repository.manifest(id, invocation.context());
  const MonotonicTime started = system_clock().monotonic();
  const std::uint64_t written = write_export(invocation, repository, manifest, options);
  console.note(fmt::format("ok {} {} of {} UTC  {} written to {}, {}", printable(manifest.source.name), short_id(id),
                           table_time(manifest.time), size_text(written),
                           to_output ? "standard output" : printable(options.file),
                           elapsed_text(system_clock().monotonic() - started)));
  if (console.json()) {
    const nlohmann::ordered_json document = {
        {"id", id}, {"file", options.file}, {"bytes", written}, {"compression", word_for(compression_for(options))}};
    console.document(document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  return kDone;
}

}  // namespace

void add_export(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<ExportOptions>();
  verb.add_option("ID", options->id, "snapshot id, its first digits, or latest")->required();
  verb.add_option("FILE", options->file, "the file to write, or - for standard output")->required();
  verb.add_option("--compress", options->compress, "none, gzip or zstd; default: by the end of the file's name")
      ->type_name("HOW")
      ->check(CLI::IsMember({"none", "gzip", "zstd"}));
  verb.add_flag("--overwrite", options->overwrite, "replace a file that exists");
  add_filter_options(verb, options->filter);
  add_long_running_options(program, verb);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_export(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
