#include "repo/verify_keyless.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "dbsnap/error.hpp"
#include "format/byte_io.hpp"
#include "format/pack.hpp"
#include "repo/pack_choice.hpp"
#include "repo/pack_sweep.hpp"
#include "repo/progress_meter.hpp"

namespace dbsnap {
namespace {

std::vector<SweepItem> listed_packs(Sink& sink, const Context& context) {
  std::vector<SweepItem> packs;
  sink.list(
      kPackPrefix,
      [&](const ObjectInfo& object) {
        if (const auto id = parse_pack_key(object.key)) packs.push_back({*id, object.size});
        return true;
      },
      context);
  std::ranges::sort(packs, {}, &SweepItem::id);
  return packs;
}

// Keeps nothing between runs: each draws its own packs, and over many runs all come up.
std::vector<SweepItem> drawn(std::vector<SweepItem> packs, std::uint64_t budget) {
  SessionId draw{};
  fill_random(draw);
  struct Lot {
    Hash order{};
    SweepItem pack;
  };
  std::vector<Lot> lots;
  lots.reserve(packs.size());
  for (const SweepItem& pack : packs) {
    lots.push_back({hmac_sha256(draw, as_byte_view(pack_key(pack.id))), pack});
  }
  std::ranges::sort(lots, {}, &Lot::order);
  packs.clear();
  std::uint64_t taken = 0;
  for (const Lot& lot : lots) {
    if (taken >= budget) break;
    taken += lot.pack.size;
    packs.push_back(lot.pack);
  }
  std::ranges::sort(packs, {}, &SweepItem::id);
  return packs;
}

PackCount count_of(const std::vector<SweepItem>& packs) {
  PackCount count{.packs = packs.size(), .bytes = 0};
  for (const SweepItem& pack : packs) count.bytes += pack.size;
  return count;
}

}  // namespace

VerifyReport run_keyless_verify(Sink& sink, const KeylessOptions& options, const Context& context) {
  if (options.percent) check_percent(*options.percent);
  ProgressMeter meter(context, Phase::verify);
  std::vector<SweepItem> packs = listed_packs(sink, context);
  VerifyReport report;
  report.needed = count_of(packs);
  if (options.percent) packs = drawn(std::move(packs), share_of(report.needed.bytes, *options.percent));
  report.checked = count_of(packs);
  report.left = {report.needed.packs - report.checked.packs, report.needed.bytes - report.checked.bytes};
  report.objects = packs.size();
  meter.set_total(report.checked.bytes);

  TaskPool pool(thread_count(options.threads) - 1);
  const auto look = [&](std::size_t place, ByteView bytes) -> std::optional<std::string> {
    try {
      check_pack(bytes, packs[place].id);
      return std::nullopt;
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged) throw;
      return failure.message();
    }
  };
  const auto done = [&](std::size_t place, const Bytes&, const std::optional<std::string>& fault) {
    const std::string key = pack_key(packs[place].id);
    if (fault) report.damage.push_back({{}, key, *fault});
    meter.item(key);
    meter.add_done(packs[place].size);
    meter.add_items(1);
    meter.report();
  };
  PackSweep(sink, pool, context).run(packs, look, done);
  meter.finish_phase();
  return report;
}

}  // namespace dbsnap
