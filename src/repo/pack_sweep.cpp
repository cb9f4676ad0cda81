#include "repo/pack_sweep.hpp"

#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

/// Stops and waits for what still runs when a sweep ends early.
template <typename Reads>
class Settle {
 public:
  Settle(TaskPool& pool, Reads& reads, std::stop_source& stop) : pool_(pool), reads_(reads), stop_(stop) {}
  ~Settle() {
    if (reads_.empty()) return;
    stop_.request_stop();
    for (const auto& read : reads_) {
      try {
        pool_.wait(read->task);
      } catch (...) {
        // The failure that is being thrown already is the one to report.
      }
    }
  }
  Settle(const Settle&) = delete;
  Settle& operator=(const Settle&) = delete;

 private:
  TaskPool& pool_;
  Reads& reads_;
  std::stop_source& stop_;
};

}  // namespace

PackSweep::PackSweep(Sink& sink, TaskPool& pool, const Context& context)
    : sink_(sink), pool_(pool), context_(context) {}

void PackSweep::run(std::span<const SweepItem> items, const Look& look, const Done& done) {
  std::stop_source stop;
  const std::stop_callback on_outer_stop(context_.stop, [&] { stop.request_stop(); });
  Context inner = context_;
  inner.stop = stop.get_token();
  std::deque<std::unique_ptr<Read>> reads;
  const Settle settle(pool_, reads, stop);
  std::uint64_t held = 0;
  std::size_t next = 0;
  const auto fill = [&] {
    for (; next < items.size() && reads.size() < pool_.workers() + std::size_t{1}; ++next) {
      if (!reads.empty() && held + items[next].size > kSweepMemory) return;
      held += items[next].size;
      auto& read = reads.emplace_back(std::make_unique<Read>());
      read->task = pool_.submit([this, &look, &inner, item = items[next], place = next, into = read.get()] {
        this->read(item, place, look, *into, inner);
      });
    }
  };
  for (std::size_t place = 0; place < items.size(); ++place) {
    context_.check();
    fill();
    Read& front = *reads.front();
    pool_.wait(front.task);
    done(place, front.bytes, front.fault);
    held -= items[place].size;
    reads.pop_front();
  }
}

void PackSweep::read(const SweepItem& item, std::size_t place, const Look& look, Read& into,
                     const Context& context) const {
  context.check();
  try {
    // One byte more than it should have is enough to see that it is another one.
    into.bytes = sink_.get(pack_key(item.id), {0, item.size + 1}, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found && failure.code() != ErrorCode::damaged) throw;
    into.fault = failure.code() == ErrorCode::not_found ? "the pack is missing" : failure.message();
    return;
  }
  if (into.bytes.size() == item.size) {
    into.fault = look(place, into.bytes);
    return;
  }
  into.fault = into.bytes.size() < item.size ? "the pack has " + std::to_string(into.bytes.size()) + " bytes, " +
                                                   std::to_string(item.size) + " were written"
                                             : "the pack has more than " + std::to_string(item.size) + " bytes";
}

}  // namespace dbsnap
