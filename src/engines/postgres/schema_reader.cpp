#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "engines/postgres/readers.hpp"

namespace dbsnap::postgres {
namespace {

/// Takes the lines "\restrict KEY" and "\unrestrict KEY" out of a script. The key is a random one that newer releases
/// of pg_dump write before the first statement; what a function's body holds cannot be mistaken for it.
class RestrictFilter {
 public:
  /// Appends to `out` what of `text` can be passed on already; all that is left when `last`.
  void pass(std::string_view text, bool last, std::string& out) {
    pending_ += text;
    std::size_t start = 0;
    for (;;) {
      const std::size_t end = pending_.find('\n', start);
      if (end == std::string::npos) break;
      take(std::string_view(pending_).substr(start, end - start), out);
      start = end + 1;
    }
    pending_.erase(0, start);
    if (last) out += std::exchange(pending_, {});
  }
  [[nodiscard]] bool found() const noexcept { return !key_.empty(); }

 private:
  static constexpr std::string_view kRestrict = "\\restrict ";
  static constexpr std::string_view kUnrestrict = "\\unrestrict ";

  void take(std::string_view line, std::string& out) {
    if (preamble_ && key_.empty() && line.starts_with(kRestrict)) {
      key_ = line.substr(kRestrict.size());
      return;
    }
    if (!line.empty() && !line.starts_with("--")) preamble_ = false;
    if (found() && line.starts_with(kUnrestrict) && line.substr(kUnrestrict.size()) == key_) return;
    out += line;
    out += '\n';
  }

  bool preamble_ = true;
  std::string key_;
  std::string pending_;
};

/// What a program of PostgreSQL's writes, filtered.
class ProgramReader final : public EntryReader {
 public:
  ProgramReader(std::shared_ptr<Source> source, std::vector<std::string> argv)
      : source_(std::move(source)), argv_(std::move(argv)) {}

  std::size_t read(MutableByteView out, const Context& context) override {
    context.check();
    if (!program_ && !ended_) program_ = std::make_unique<ChildProgram>(argv_, source_->child().environment);
    while (at_ == ready_.size() && !ended_) fill(context);
    const std::size_t count = std::min(out.size(), ready_.size() - at_);
    std::memcpy(out.data(), ready_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  void fill(const Context& context) {
    ready_.clear();
    at_ = 0;
    const std::size_t count = program_->read(buffer_, context);
    filter_.pass({reinterpret_cast<const char*>(buffer_.data()), count}, count == 0, ready_);
    if (count != 0) return;
    program_->finish(context);
    warn_of(program_->words());
    if (filter_.found()) source_->note_restricted();
    program_.reset();
    ended_ = true;
  }

  void warn_of(std::string_view words) {
    while (!words.empty()) {
      const std::size_t end = std::min(words.find('\n'), words.size());
      const std::string line(words.substr(0, end));
      words.remove_prefix(std::min(end + 1, words.size()));
      // Rows are restored before any constraint exists: circles of foreign keys do no harm.
      const auto says = [&](std::string_view text) { return line.find(text) != std::string::npos; };
      const bool circles = says("circular foreign-key constraints") || says("without using --disable-triggers") ||
                           says("Consider using a full dump") || line.starts_with("pg_dump: detail:");
      if (!line.empty() && !circles) source_->warn(line);
    }
  }

  std::shared_ptr<Source> source_;
  std::vector<std::string> argv_;
  std::unique_ptr<ChildProgram> program_;
  RestrictFilter filter_;
  std::array<std::byte, 65536> buffer_{};
  std::string ready_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<EntryReader> make_schema_reader(std::shared_ptr<Source> source, const std::string& section) {
  const std::string timeout = std::to_string(source->settings().options.lock_timeout.count());
  std::vector<std::string> argv = {source->pg_dump().path,
                                   "--section=" + section,
                                   "--no-blobs",
                                   "--no-password",
                                   "--snapshot=" + source->snapshot(),
                                   "--lock-wait-timeout=" + timeout};
  if (std::get<std::string>(source->facts().at("encoding")) != "SQL_ASCII") argv.emplace_back("--encoding=UTF8");
  if (!source->child().connection_string.empty()) argv.push_back("--dbname=" + source->child().connection_string);
  return std::make_unique<ProgramReader>(std::move(source), std::move(argv));
}

std::string read_globals(Source& source, const Context& context) {
  const Rows rows = source.leader().query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
                                          "cannot ask for the rights of the role", context);
  const bool passwords = rows.size() == 1 && rows.flag(0, 0);
  const Program program = find_program("pg_dumpall", source.major(), source.settings(), context);
  std::vector<std::string> argv = {program.path, "--globals-only", "--no-password",
                                   std::string("--database=") + PQdb(source.leader().handle())};
  if (!passwords) argv.emplace_back("--no-role-passwords");
  if (!source.child().connection_string.empty()) argv.push_back("--dbname=" + source.child().connection_string);
  ChildProgram child(argv, source.child().environment);
  RestrictFilter filter;
  std::string text;
  std::array<std::byte, 4096> buffer{};
  std::size_t count = 0;
  do {
    count = child.read(buffer, context);
    filter.pass({reinterpret_cast<const char*>(buffer.data()), count}, count == 0, text);
  } while (count != 0);
  child.finish(context);
  if (!passwords) source.warn("passwords of roles are not included: the role may not read them");
  return text;
}

}  // namespace dbsnap::postgres
