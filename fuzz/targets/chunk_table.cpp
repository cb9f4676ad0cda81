// Rows of a chunk table.
#include "format/chunk_table.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool chunk_table(ByteView input) {
  return accepts([&] {
    Bytes again;
    for (const ChunkRef& row : decode_rows(input)) append_row(row, again);
    require(std::ranges::equal(again, input), "rows come back as the same bytes");
  });
}

}  // namespace dbsnap::fuzz
