#include <algorithm>
#include <cstring>
#include <utility>

#include "engines/postgres/readers.hpp"

namespace dbsnap::postgres {
namespace {

constexpr std::size_t kPiece = 128 * 1024;  // bytes of a large object per line
constexpr std::size_t kPrefix = 2;          // "\\x"
constexpr std::size_t kPerQuery = 64;       // objects asked for at once, a piece of each

/// Walks through the objects by oid. The first piece of many comes in one query; an object that goes on is read to its
/// end before the next.
class LargeObjectReader final : public EntryReader {
 public:
  explicit LargeObjectReader(std::shared_ptr<Source> source) : source_(std::move(source)) {}

  std::size_t read(MutableByteView out, const Context& context) override {
    context.check();
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
    if (!worker_) worker_ = source_->take_worker(context);
    if (next_offset_) return go_on(context);
    if (position_ >= batch_size()) {
      static const std::string kSql =
          "SELECT oid, lo_get(oid, 0, $2::int) FROM pg_largeobject_metadata WHERE oid > $1::oid ORDER BY oid LIMIT " +
          std::to_string(kPerQuery);
      batch_.emplace(worker_->query(kSql, {last_, std::to_string(kPiece)}, "cannot read the large objects", context));
      position_ = 0;
      if (batch_->size() == 0) return end(context);
    }
    last_ = batch_->text(position_, 0);
    give(0, batch_->at(position_, 1));
    ++position_;
  }

  /// One more piece of the object that goes on.
  void go_on(const Context& context) {
    const std::uint64_t offset = *std::exchange(next_offset_, std::nullopt);
    const Rows rows = worker_->query("SELECT lo_get($1::oid, $2::bigint, $3::int)",
                                     {last_, std::to_string(offset), std::to_string(kPiece)},
                                     "cannot read large object " + last_, context);
    if (rows.at(0, 0).size() > kPrefix) give(offset, rows.at(0, 0));
  }

  // Text of a bytea: \x and two digits a byte.
  void give(std::uint64_t offset, std::string_view bytes) {
    ready_ = last_ + "\t" + std::to_string(offset) + "\t" + std::string(bytes) + "\n";
    if (bytes.size() == kPrefix + 2 * kPiece) next_offset_ = offset + kPiece;
  }

  [[nodiscard]] int batch_size() const { return batch_ ? batch_->size() : 0; }

  void end(const Context& context) {
    ended_ = true;
    worker_->run("COMMIT", "cannot read the large objects", context);
    source_->give_back(std::move(worker_));
  }

  std::shared_ptr<Source> source_;
  std::unique_ptr<Connection> worker_;
  std::optional<Rows> batch_;
  int position_ = 0;
  std::string last_ = "0";
  std::optional<std::uint64_t> next_offset_;
  std::string ready_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<EntryReader> make_large_object_reader(std::shared_ptr<Source> source) {
  return std::make_unique<LargeObjectReader>(std::move(source));
}

}  // namespace dbsnap::postgres
