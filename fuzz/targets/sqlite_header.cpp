// The first hundred bytes of an SQLite database.
#include "dbsnap/error.hpp"
#include "engines/sqlite/database_header.hpp"
#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool sqlite_header(ByteView input) {
  try {
    const sqlite::DatabaseHeader header = sqlite::parse_header(input, "/srv/app.db");
    require(header.page_size >= 512 && header.page_size <= 65536, "the page size is one of SQLite's");
    require((header.page_size & (header.page_size - 1)) == 0, "the page size is a power of two");
    require(!sqlite::facts_of(header).empty(), "a header gives facts");
    return true;
  } catch (const Error& error) {
    require(error.code() == ErrorCode::not_a_database, error.message());
    return false;
  }
}

}  // namespace dbsnap::fuzz
