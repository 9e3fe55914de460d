// What guessing tokens gains, and what it costs where there is nothing to guess.
#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

#include "tests/bench/engine/bench_device.hpp"

namespace avp::bench {

/// Prompts of a file of JSON Lines: `question`, and where a record has it the program `buggy_code` to be mended.
/// Records are taken from all over the file. Throws std::runtime_error when it can't be read.
[[nodiscard]] std::vector<std::string> prompts_in(const std::filesystem::path& file, int count);

/// Answers each prompt greedily with and without guesses, one request at a time, in turns. What counts is the time from
/// the first to the last pass that decodes. The device must have been started with `drafts`. `ok` is whether all tokens
/// were the same.
[[nodiscard]] nlohmann::ordered_json draft_speed(bench_device& device, const std::vector<std::string>& prompts,
                                                 int tokens);

} // namespace avp::bench
