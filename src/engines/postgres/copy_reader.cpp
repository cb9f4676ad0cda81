#include <algorithm>
#include <cstring>
#include <utility>

#include "engines/postgres/pg_error.hpp"
#include "engines/postgres/readers.hpp"

namespace dbsnap::postgres {
namespace {

struct MemoryCloser {
  void operator()(char* memory) const noexcept { PQfreemem(memory); }
};

class CopyReader final : public EntryReader {
 public:
  CopyReader(std::shared_ptr<Source> source, TablePiece piece, std::shared_ptr<RowTally> tally)
      : source_(std::move(source)), piece_(std::move(piece)), tally_(std::move(tally)) {}
  ~CopyReader() override {
    if (!ended_) tally_->give_up();
  }
  CopyReader(const CopyReader&) = delete;
  CopyReader& operator=(const CopyReader&) = delete;

  std::size_t read(MutableByteView out, const Context& context) override {
    context.check();
    if (ended_) return 0;
    if (!worker_) begin(context);
    std::size_t filled = 0;
    while (filled < out.size()) {
      if (left_.empty()) {
        std::size_t size = 0;
        message_.reset(worker_->copy_out(size, rows_, context));
        if (!message_) {
          end(context);
          break;
        }
        left_ = std::string_view(message_.get(), size);
      }
      const std::size_t count = std::min(left_.size(), out.size() - filled);
      std::memcpy(out.data() + filled, left_.data(), count);
      left_.remove_prefix(count);
      filled += count;
    }
    return filled;
  }

 private:
  [[nodiscard]] std::string action() const { return "cannot read table " + piece_.label; }

  void begin(const Context& context) {
    worker_ = source_->take_worker(context);
    // The planner might prefer to read the whole table and throw most of it away.
    if (piece_.ranged) worker_->run("SET LOCAL enable_seqscan = off", action(), context);
    worker_->begin_copy_out(piece_.sql, action(), context);
  }

  void end(const Context& context) {
    worker_->run("COMMIT", action(), context);
    source_->give_back(std::move(worker_));
    tally_->add(piece_.entry, rows_);
    ended_ = true;
  }

  std::shared_ptr<Source> source_;
  TablePiece piece_;
  std::shared_ptr<RowTally> tally_;
  std::unique_ptr<Connection> worker_;
  std::unique_ptr<char, MemoryCloser> message_;
  std::string_view left_;  ///< of the message
  std::uint64_t rows_ = 0;
  bool ended_ = false;
};

class TextReader final : public EntryReader {
 public:
  explicit TextReader(std::string text) : text_(std::move(text)) {}

  std::size_t read(MutableByteView out, const Context& context) override {
    context.check();
    const std::size_t count = std::min(out.size(), text_.size() - at_);
    std::memcpy(out.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<EntryReader> make_copy_reader(std::shared_ptr<Source> source, TablePiece piece,
                                              std::shared_ptr<RowTally> tally) {
  return std::make_unique<CopyReader>(std::move(source), std::move(piece), std::move(tally));
}

std::unique_ptr<EntryReader> make_text_reader(std::string text) {
  return std::make_unique<TextReader>(std::move(text));
}

}  // namespace dbsnap::postgres
