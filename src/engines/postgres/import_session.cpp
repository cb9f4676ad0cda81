#include "engines/postgres/import_session.hpp"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>

#include "dbsnap/error.hpp"
#include "engines/postgres/entry_names.hpp"

namespace dbsnap::postgres {
namespace {

constexpr std::size_t kStart = 4096;
constexpr std::size_t kTail = 512;
constexpr std::string_view kMark = "-- PostgreSQL database dump";
constexpr std::string_view kComplete = "-- PostgreSQL database dump complete";

/// A script on its way through.
struct ImportedScript {
  std::unique_ptr<EntryReader> file;
  std::string start;  ///< what was read ahead
  std::string tail;   ///< the last bytes that went through
  std::uint64_t position = 0;
  bool ended = false;
};

class ImportReader final : public EntryReader {
 public:
  explicit ImportReader(std::shared_ptr<ImportedScript> script) : script_(std::move(script)) {}

  std::size_t read(MutableByteView out, const Context& context) override {
    ImportedScript& script = *script_;
    if (out.empty() || script.ended) return 0;
    std::size_t count = 0;
    if (script.position < script.start.size()) {
      const std::string_view rest = std::string_view(script.start).substr(static_cast<std::size_t>(script.position));
      count = std::min(out.size(), rest.size());
      std::ranges::copy(std::as_bytes(std::span(rest.data(), count)), out.begin());
    } else {
      count = script.file->read(out, context);
    }
    if (count == 0) {
      check_end();
      script.ended = true;
      return 0;
    }
    script.position += count;
    const std::size_t kept = std::min(count, kTail);
    script.tail.append(reinterpret_cast<const char*>(out.data()) + count - kept, kept);
    if (script.tail.size() > kTail) script.tail.erase(0, script.tail.size() - kTail);
    return count;
  }

 private:
  // A dump that was cut off is the one that is missed on the day it is needed.
  void check_end() const {
    if (script_->tail.find(kComplete) != std::string::npos) return;
    throw Error(ErrorCode::damaged, "the file does not end as pg_dump ends a file: it is truncated");
  }

  std::shared_ptr<ImportedScript> script_;
};

class ImportSession final : public Session {
 public:
  explicit ImportSession(std::shared_ptr<ImportedScript> script) : script_(std::move(script)) {}

  std::optional<Entry> next(const Context& context) override {
    context.check();
    const std::scoped_lock lock(mutex_);
    if (std::exchange(given_, true)) return std::nullopt;
    Entry entry;
    entry.name = kScript;
    entry.kind = EntryKind::stream;
    entry.reader = std::make_unique<ImportReader>(script_);
    return entry;
  }

  SessionResult finish(const Context& context) override {
    context.check();
    if (!script_->ended) throw Error(ErrorCode::internal, "the imported file was not read to its end");
    SessionResult result;
    result.facts["imported"] = true;
    constexpr std::string_view kVersion = "-- Dumped from database version ";
    const std::size_t at = script_->start.find(kVersion);
    if (at == std::string::npos) return result;
    std::int64_t major = 0;
    const char* const first = script_->start.data() + at + kVersion.size();
    std::from_chars(first, script_->start.data() + script_->start.size(), major);
    if (major >= 10) result.facts["server_version_num"] = major * 10000;
    return result;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<ImportedScript> script_;
  bool given_ = false;
};

void check_start(std::string_view start) {
  if (start.starts_with("PGDMP")) {
    throw Error(ErrorCode::unsupported, "the file is a dump in pg_dump's custom format; a plain one can be imported")
        .hint("pg_restore -f dump.sql FILE");
  }
  if (start.find("-- PostgreSQL database cluster dump") != std::string_view::npos) {
    throw Error(
        ErrorCode::unsupported,
        "the file is of pg_dumpall and holds several databases; a file of pg_dump holds one and can be imported");
  }
  if (start.find(kMark) != std::string_view::npos) return;
  throw Error(ErrorCode::not_a_database, "the file is not a plain dump of PostgreSQL's pg_dump");
}

}  // namespace

std::unique_ptr<Session> begin_import_session(std::unique_ptr<EntryReader> file, const Context& context) {
  auto script = std::make_shared<ImportedScript>();
  script->file = std::move(file);
  Bytes start(kStart);
  std::size_t have = 0;
  while (have < start.size()) {
    const std::size_t count = script->file->read(MutableByteView(start).subspan(have), context);
    if (count == 0) break;
    have += count;
  }
  script->start.assign(reinterpret_cast<const char*>(start.data()), have);
  check_start(script->start);
  return std::make_unique<ImportSession>(std::move(script));
}

}  // namespace dbsnap::postgres
