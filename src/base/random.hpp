// Randomness for ids and keys, from the operating system's generator.
#pragma once

#include <string>

#include "dbsnap/bytes.hpp"

namespace dbsnap {

void fill_random(MutableByteView out);
/// `count` random bytes as hex.
std::string random_hex(std::size_t count);

}  // namespace dbsnap
