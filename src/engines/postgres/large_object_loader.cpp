#include <string>

#include "dbsnap/error.hpp"
#include "engines/postgres/entry_names.hpp"
#include "engines/postgres/row_loader.hpp"

namespace dbsnap::postgres {
namespace {

constexpr const char* kAction = "cannot restore the content of large objects";
constexpr std::size_t kPerTransaction = 500;

/// Takes lines of oid, offset and bytes in hex.
class LargeObjectWriter final : public EntryWriter {
 public:
  explicit LargeObjectWriter(RestoreRun& run) : run_(run) {}

  void write(std::uint64_t /*offset*/, ByteView bytes) override {
    pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::size_t start = 0;
    for (;;) {
      const std::size_t end = pending_.find('\n', std::max(start, searched_));
      if (end == std::string::npos) break;
      put(std::string_view(pending_).substr(start, end - start));
      start = end + 1;
    }
    pending_.erase(0, start);
    searched_ = pending_.size();
  }

  void end() {
    if (!pending_.empty())
      throw Error(ErrorCode::damaged, "entry " + std::string(kLargeObjects) + " ends inside a line");
    if (begun_ != 0) run_.main().run("COMMIT", kAction, run_.context());
  }

 private:
  void put(std::string_view line) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) {
      throw Error(ErrorCode::damaged, "entry " + std::string(kLargeObjects) + " holds a line that is none of its own");
    }
    if (!run_.transaction() && begun_++ == 0) run_.main().run("BEGIN", kAction, run_.context());
    run_.main().query("SELECT pg_catalog.lo_put($1::oid, $2::bigint, $3::bytea)",
                      {std::string(line.substr(0, first)), std::string(line.substr(first + 1, second - first - 1)),
                       std::string(line.substr(second + 1))},
                      kAction, run_.context());
    if (begun_ < kPerTransaction) return;
    begun_ = 0;
    run_.main().run("COMMIT", kAction, run_.context());
  }

  RestoreRun& run_;
  std::string pending_;
  std::size_t searched_ = 0;  ///< no line ends before this
  std::size_t begun_ = 0;     ///< lines of the running transaction
};

}  // namespace

void load_large_objects(RestoreRun& run) {
  LargeObjectWriter writer(run);
  run.reader().copy_entry(kLargeObjects, writer, run.context());
  writer.end();
}

}  // namespace dbsnap::postgres
