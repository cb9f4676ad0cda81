// Manifests as JSON text and back (docs/format.md, "Manifest").
#pragma once

#include "dbsnap/bytes.hpp"
#include "dbsnap/manifest.hpp"

namespace dbsnap {

/// JSON text with its members always in the same order. What it gives, decode_manifest() takes:
/// that is tried before it returns. Throws Error{invalid_argument} for an entry name that is not
/// UTF-8 and a fact that is not a finite number; in other text stray bytes become U+FFFD.
Bytes encode_manifest(const Manifest& manifest);

/// Throws Error{damaged}, naming the member, for anything but a whole manifest: types, ranges,
/// lengths and names are checked. Throws Error{incompatible_version} for a newer format. Members it
/// does not know are ignored. Time and memory are proportional to the input, whatever it holds.
Manifest decode_manifest(ByteView bytes);

/// What lists need; `pinned` is left false and `good` true, as the manifest does not know them.
SnapshotSummary summary_of(const Manifest& manifest);

}  // namespace dbsnap
