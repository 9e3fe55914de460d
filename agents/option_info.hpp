// What a kind of agent expects of one of its options.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace avp {

/// What the value of an option is.
enum class option_type : std::uint8_t {
  whole,         ///< A whole number.
  number,        ///< A number, 0 or more.
  word,          ///< One of some words.
  prompt,        ///< A template over the fields of the record and variables of the kind's own.
  pattern,       ///< A regular expression (see text_pattern).
  successor,     ///< The name of an agent that the agent hands over to, or a list of such names.
  successor_map, ///< A table of words, each with a successor or a list of them.
};

/// One key of `[agent.X.options]`. The loader checks it.
struct option_info {
  std::string name;
  option_type type = option_type::whole;
  std::int64_t least = 1;                  ///< Of a whole number.
  std::vector<std::string> words = {};     ///< That a word may be.
  std::vector<std::string> variables = {}; ///< That a prompt may name beside the record's fields.
};

} // namespace avp
