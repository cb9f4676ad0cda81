// The decoders that are fuzzed, one function each, and the table of them.
#pragma once

#include <string_view>

#include "dbsnap/bytes.hpp"

namespace dbsnap::fuzz {

/// Hands `input` to one decoder and checks what comes back. True when the decoder took it for
/// valid, false when it refused it properly; anything else ends the process.
using Run = bool(ByteView input);

Run base64;
Run chunk_table;
Run chunker;
Run config;
Run duration;
Run envelope;
Run frame;
Run frame_codec;
Run manifest;
Run names;
Run pack;
Run plain_file;
Run time_text;
Run url;

struct Target {
  std::string_view name;  ///< also its source file and its folder of the corpus
  Run* run;
};

inline constexpr Target kTargets[] = {
    {"base64", base64},       {"chunk_table", chunk_table},
    {"chunker", chunker},     {"config", config},
    {"duration", duration},   {"envelope", envelope},
    {"frame", frame},         {"frame_codec", frame_codec},
    {"manifest", manifest},   {"names", names},
    {"pack", pack},           {"plain_file", plain_file},
    {"time_text", time_text}, {"url", url},
};

}  // namespace dbsnap::fuzz
