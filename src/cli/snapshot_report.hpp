// What the program says about a snapshot that was just taken or imported.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/invocation.hpp"
#include "dbsnap/manifest.hpp"

namespace CLI {
class App;
}

namespace dbsnap::cli {

/// Options that backup and import share.
struct TakeOptions {
  CreationOptions creation;
  std::vector<std::string> tags;
  std::string name;
  std::string host;
  std::string time;
  unsigned threads = 0;
  int level = 3;
};

/// Adds --init, --no-encryption, --tag, --name and --host.
void add_take_options(CLI::App& verb, TakeOptions& options);

/// The library's form of `options`. Throws Error{invalid_argument} for a time it cannot read.
SnapshotOptions snapshot_options(const TakeOptions& options);

/// Says that the repository was made, and what to keep.
void report_creation(Invocation& invocation, const Repository& repository);

/// The summary line, warnings, and for a source's first snapshot the commands to type next, with the repository as
/// `repository_word`.
void report_snapshot(Console& console, const Manifest& manifest, std::chrono::nanoseconds elapsed,
                     std::string_view verb, const std::string& repository_word);

/// "12 requests (5 puts, …), 4.0 MiB up, 96 KiB down".
std::string requests_text(const SinkCounts& counts);

/// {"id","url","encrypted","format"} of a repository.
std::string repository_json(const Repository& repository);

}  // namespace dbsnap::cli
