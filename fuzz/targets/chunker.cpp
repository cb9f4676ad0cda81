// Content-defined cutting: bounds, and no dependence on how bytes arrive. Input: three bytes of
// bounds, one of piece size, the stream.
#include "format/chunker.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

void check_cuts(const ContentCutter& cutter, ByteView stream, std::size_t piece) {
  const CutParameters& bounds = cutter.parameters();
  while (!stream.empty()) {
    const std::size_t whole = cutter.cut(stream, true);
    require(whole > 0 && whole <= bounds.max && whole <= stream.size(), "a chunk is within bounds");
    require(whole >= bounds.min || whole == stream.size(), "only the last chunk is short");
    std::size_t held = 0, length = 0;
    while (length == 0) {
      held = std::min(stream.size(), held + piece);
      length = cutter.cut(stream.first(held), held == stream.size());
    }
    require(length == whole, "a cut does not depend on how bytes arrive");
    stream = stream.subspan(whole);
  }
}

}  // namespace

bool chunker(ByteView input) {
  Input in(input);
  CutParameters bounds;
  bounds.min = static_cast<std::uint32_t>(in.number(1));
  bounds.average = bounds.min + static_cast<std::uint32_t>(in.number(1)) * 4;
  bounds.max = bounds.average + static_cast<std::uint32_t>(in.number(1)) * 8;
  const std::size_t piece = in.number(1) + 1;
  return accepts([&] { check_cuts(ContentCutter(bounds, input.first(1)), in.rest(), piece); });
}

}  // namespace dbsnap::fuzz
