// Verify, level tables: chunk tables decode, and name nothing that their manifest does not list.
#pragma once

#include <functional>

#include "dbsnap/context.hpp"
#include "dbsnap/manifest.hpp"
#include "repo/frame_store.hpp"

namespace dbsnap {

/// Walks the chunk tables of all entries and hands every row, those of the tables' own chunks included,
/// to `visit`. Throws Error{damaged} for a table that does not decode or does not match its entry, and
/// for a row whose pack, or whose pack's bases, the manifest does not list.
void check_tables(FrameStore& frames, const Manifest& manifest, const Context& context,
                  const std::function<void(const ChunkRef&)>& visit);

}  // namespace dbsnap
