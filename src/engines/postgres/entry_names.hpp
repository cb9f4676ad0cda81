// Names of the entries of a PostgreSQL snapshot: the table in docs/engines/postgres.md says what each holds.
#pragma once

#include <string_view>

namespace dbsnap::postgres {

inline constexpr std::string_view kPreData = "schema/pre-data";
inline constexpr std::string_view kPostData = "schema/post-data";
inline constexpr std::string_view kGlobals = "globals";
inline constexpr std::string_view kDatabase = "database";
inline constexpr std::string_view kSequences = "sequences";
inline constexpr std::string_view kLargeObjectDefinitions = "large-objects/definitions";
inline constexpr std::string_view kLargeObjects = "large-objects/content";
inline constexpr std::string_view kTablePrefix = "table/";
inline constexpr std::string_view kRowCounts = "rows";
/// The only entry of an imported file.
inline constexpr std::string_view kScript = "script.sql";

}  // namespace dbsnap::postgres
