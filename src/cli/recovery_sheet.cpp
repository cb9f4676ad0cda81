#include "cli/recovery_sheet.hpp"

#include <fmt/format.h>

#include "cli/paths.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

namespace dbsnap::cli {

std::string recovery_sheet(const RecoveryKey& made, const Repository& repository, const std::string& repository_word) {
  const std::string facts = name_value_text({{"Repository", repository.id()},
                                             {"Place", place_text(repository.sink().url())},
                                             {"Key", made.key.id},
                                             {"Label", printable(made.key.label)},
                                             {"Made", table_time(made.key.created) + " UTC"}});
  return fmt::format(
      "dbsnap recovery sheet\n"
      "=====================\n"
      "\n"
      "{}"
      "\n"
      "Recovery code\n"
      "\n"
      "    {}\n"
      "\n"
      "The code opens the repository as its password does. Whoever holds it can read every\n"
      "snapshot. Keep it apart from the repository and from the machines that are backed up.\n"
      "\n"
      "To read the repository, type (dbsnap asks for the password: type the code)\n"
      "\n"
      "    dbsnap list -r {}\n"
      "    dbsnap restore latest -r {} --to TARGET\n"
      "\n"
      "Upper and lower case are the same. Dashes and blanks do not count. There is no letter\n"
      "I, L, O or U in a code: what looks like one is 1, 1, 0 or V.\n"
      "\n"
      "To make the code worthless:  dbsnap key remove {} -r {}\n",
      facts, made.code, repository_word, repository_word, made.key.id, repository_word);
}

}  // namespace dbsnap::cli
