// Recovery codes as people type them.
#include "format/recovery_code.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool recovery_code(ByteView input) {
  const TypedCode typed = read_recovery_code(text_of(input));
  if (!typed.code) return false;
  require(typed.fault.empty(), "a code without a fault");
  require(typed.code->size() == 40, "forty symbols");
  const TypedCode again = read_recovery_code(typed.code->view());
  require(again.code && again.code->view() == typed.code->view(), "one code for what was typed");
  return true;
}

}  // namespace dbsnap::fuzz
