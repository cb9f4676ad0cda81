// Recognising and decompressing plain files. Input: one byte of piece size, the file.
#include "repo/plain_file.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

constexpr std::size_t kMostBytes = 4 << 20;

class PiecesReader final : public EntryReader {
 public:
  PiecesReader(ByteView bytes, std::size_t piece) : input_(bytes), piece_(piece) {}
  std::size_t read(MutableByteView out, const Context&) override {
    const ByteView taken = input_.take(std::min(out.size(), piece_));
    std::ranges::copy(taken, out.begin());
    return taken.size();
  }

 private:
  Input input_;
  std::size_t piece_;
};

}  // namespace

bool plain_file(ByteView input) {
  Input in(input);
  const std::size_t piece = in.number(1) * 16 + 1;
  return accepts([&] {
    const auto reader = open_plain_file(std::make_unique<PiecesReader>(in.rest(), piece));
    Bytes buffer(piece * 3);
    std::size_t total = 0;
    while (const std::size_t count = reader->read(buffer, Context())) {
      require(count <= buffer.size(), "no more is read than there is room");
      if ((total += count) > kMostBytes) return;
    }
  });
}

}  // namespace dbsnap::fuzz
