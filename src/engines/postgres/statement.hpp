// What a statement of a dump is, by its first words: decides what may run beside what, and what is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dbsnap::postgres {

/// The first `most` tokens of a statement: words (upper case unless quoted), names with their schema ("public.orders"
/// as it is written), single characters, and strings as '…'. Comments are left out.
std::vector<std::string> tokens_of(std::string_view sql, std::size_t most);

enum class StatementKind {
  setting,      ///< SET …, or SELECT set_config: for the session
  index,        ///< CREATE INDEX: beside other indexes of the same table
  constraint,   ///< PRIMARY KEY, UNIQUE, EXCLUDE, CHECK: alone on its table
  foreign_key,  ///< alone on both of its tables
  detail,       ///< of an index or constraint before it: COMMENT, CLUSTER ON, ATTACH PARTITION, …
  other,        ///< after all that came before, and before all that follows
};

struct StatementInfo {
  StatementKind kind = StatementKind::other;
  std::string table;       ///< as written: public.orders
  std::string referenced;  ///< by a foreign key
};

/// For statements of pg_dump's section after the rows.
StatementInfo classify(std::string_view sql);

bool changes_owner(std::string_view sql);       ///< ALTER … OWNER TO …
bool changes_privileges(std::string_view sql);  ///< GRANT, REVOKE, ALTER DEFAULT PRIVILEGES
bool is_about_databases(std::string_view sql);  ///< CREATE, DROP, ALTER DATABASE

/// The first words of a statement, for messages.
std::string beginning_of(std::string_view sql);

}  // namespace dbsnap::postgres
