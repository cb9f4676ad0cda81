// What an engine can do without saying how: plain files of a snapshot with one entry.
#include "dbsnap/snapshotter.hpp"

#include "dbsnap/error.hpp"

namespace dbsnap {

void Snapshotter::export_plain(SnapshotReader& reader, EntryWriter& out, const Context& context) {
  const Manifest& manifest = reader.manifest();
  if (manifest.entries.size() != 1) {
    throw Error(ErrorCode::unsupported, "snapshot " + manifest.id + " has " + std::to_string(manifest.entries.size()) +
                                            " entries and cannot be exported as one file");
  }
  reader.copy_entry(manifest.entries.front().name, out, context);
}

std::unique_ptr<Session> Snapshotter::begin_import(std::unique_ptr<EntryReader>, const Context&) {
  throw Error(ErrorCode::unsupported, "engine " + describe().engine + " cannot import files");
}

}  // namespace dbsnap
