#include "format/ledger_codec.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "format/byte_io.hpp"

namespace dbsnap {
namespace {

// Twelve hex digits, as in object names.
constexpr std::uint64_t kLastTime = (1ULL << 48) - 1;
// Number and three times of at least a byte each.
constexpr std::size_t kLeastPackSize = 4;
constexpr std::size_t kLeastSessionSize = std::tuple_size_v<SessionId> + 1 + kLeastPackSize;

std::array<std::uint64_t, 3> times_of(const PackCheck& check) { return {check.read, check.decoded, check.faulty}; }

using Row = std::pair<PackId, PackCheck>;

void append_session(ByteWriter& out, const std::vector<std::uint64_t>& times, const Row* first, const Row* end) {
  out.bytes(first->first.session).varint(static_cast<std::uint64_t>(end - first));
  std::uint64_t next = 0;
  for (const Row* row = first; row != end; ++row) {
    out.varint(row->first.number - next);
    next = std::uint64_t{row->first.number} + 1;
    for (const std::uint64_t time : times_of(row->second)) {
      const auto place = std::ranges::lower_bound(times, time) - times.begin();
      out.varint(time == 0 ? 0 : static_cast<std::uint64_t>(place) + 1);
    }
  }
}

std::vector<std::uint64_t> read_times(ByteCursor& in) {
  std::vector<std::uint64_t> times(in.varint(in.left()));
  std::uint64_t last = 0;
  for (std::uint64_t& time : times) {
    const std::uint64_t step = in.varint(kLastTime - last);
    if (step == 0) throw in.fault("its times are out of order");
    time = last += step;
  }
  return times;
}

void read_session(ByteCursor& in, const SessionId& session, const std::vector<std::uint64_t>& times, Ledger& ledger) {
  const auto time = [&] {
    const std::uint64_t place = in.varint(times.size());
    return place == 0 ? 0 : times[place - 1];
  };
  const std::uint64_t packs = in.varint(in.left() / kLeastPackSize);
  if (packs == 0) throw in.fault("it holds a session of no packs");
  if (packs > kMaxLedgerPacks - ledger.size()) throw in.fault("it holds too many packs");
  std::uint64_t next = 0;
  for (std::uint64_t n = 0; n < packs; ++n) {
    if (next > UINT32_MAX) throw in.fault("a number is out of bounds");
    const std::uint64_t number = next + in.varint(UINT32_MAX - next);
    next = number + 1;
    PackCheck check;
    check.read = time();
    check.decoded = time();
    check.faulty = time();
    ledger.emplace(PackId{session, static_cast<std::uint32_t>(number)}, check);
  }
}

}  // namespace

Bytes encode_ledger(const Ledger& ledger) {
  if (ledger.size() > kMaxLedgerPacks) throw Error(ErrorCode::internal, "a ledger of so many packs is too large");
  std::vector<Row> rows(ledger.begin(), ledger.end());
  std::ranges::sort(rows, {}, &Row::first);
  std::set<std::uint64_t> seen;
  for (const Row& row : rows) {
    const auto times = times_of(row.second);
    seen.insert(times.begin(), times.end());
  }
  seen.erase(0);
  const std::vector<std::uint64_t> times(seen.begin(), seen.end());
  Bytes payload;
  ByteWriter out(payload);
  out.varint(times.size());
  std::uint64_t last = 0;
  for (const std::uint64_t time : times) out.varint(time - std::exchange(last, time));
  const Row* const end = rows.data() + rows.size();
  for (const Row* first = rows.data(); first != end;) {
    const Row* const next =
        std::find_if(first, end, [&](const Row& row) { return row.first.session != first->first.session; });
    append_session(out, times, first, next);
    first = next;
  }
  return payload;
}

Ledger decode_ledger(ByteView payload) {
  ByteCursor in(payload, "a ledger");
  const std::vector<std::uint64_t> times = read_times(in);
  Ledger ledger;
  ledger.reserve(std::min(in.left() / kLeastPackSize, kMaxLedgerPacks));
  SessionId last{};
  for (bool first = true; in.left() != 0; first = false) {
    if (in.left() < kLeastSessionSize) throw in.fault("it ends too early");
    SessionId session{};
    std::ranges::copy(in.bytes(session.size()), session.begin());
    if (!first && session <= last) throw in.fault("its sessions are out of order");
    read_session(in, session, times, ledger);
    last = session;
  }
  return ledger;
}

}  // namespace dbsnap
