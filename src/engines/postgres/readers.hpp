// Entry readers: rows by COPY, definitions by pg_dump, large objects in pieces, and text that is known already.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dbsnap/snapshotter.hpp"
#include "engines/postgres/row_counts.hpp"
#include "engines/postgres/source.hpp"
#include "engines/postgres/table_plan.hpp"

namespace dbsnap::postgres {

/// Rows of one piece as COPY's text, on a connection of its own while it reads. Their number goes to `tally`.
std::unique_ptr<EntryReader> make_copy_reader(std::shared_ptr<Source> source, TablePiece piece,
                                              std::shared_ptr<RowTally> tally);

/// Output of pg_dump for one section ("pre-data", "post-data"), without the lines that bind psql to a random key; that
/// there were such lines is noted in the source's facts.
std::unique_ptr<EntryReader> make_schema_reader(std::shared_ptr<Source> source, const std::string& section);

/// Content of all large objects: lines of oid, offset and bytes in hex, separated by tabs.
std::unique_ptr<EntryReader> make_large_object_reader(std::shared_ptr<Source> source);

std::unique_ptr<EntryReader> make_text_reader(std::string text);

/// Definitions of roles and tablespaces by pg_dumpall, without passwords unless the role may read them.
std::string read_globals(Source& source, const Context& context);

}  // namespace dbsnap::postgres
