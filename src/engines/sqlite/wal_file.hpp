// The write-ahead log file: where a frame lies, reading one, and finding the last commit by checksum.
#pragma once

#include <cstdint>
#include <optional>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"
#include "engines/sqlite/file_access.hpp"
#include "engines/sqlite/frame_map.hpp"
#include "engines/sqlite/wal_index.hpp"

namespace dbsnap::sqlite {

/// What a scan of a log found.
struct WalScan {
  std::uint32_t page_size = 0;
  std::uint32_t max_frame = 0;   ///< last frame of the last whole commit, 0 when there is none
  std::uint32_t page_count = 0;  ///< pages of the database after that commit
  WalSalts salts{};
  FrameMap frames;  ///< sealed; frames up to max_frame
};

/// Reads the whole log the way SQLite recovers it: a frame counts while its salts and the running
/// checksum match, up to the last commit. Nothing when the file holds no valid log header.
std::optional<WalScan> scan_wal(RandomReader& wal, const Context& context);

/// Reads the page in `frame` into `out`, which is one page long. False when the frame is not there
/// or is not the one of `page` in a log with `salts`.
bool read_frame(RandomReader& wal, std::uint32_t frame, std::uint32_t page, const WalSalts& salts, MutableByteView out,
                Bytes& scratch);

}  // namespace dbsnap::sqlite
