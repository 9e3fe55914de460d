// Records whose problem is filled up to a number of tokens.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gpu/text/tokenizer.hpp"
#include "runtime/pipeline/input.hpp"
#include "runtime/pipeline/pipeline.hpp"

namespace avp {

/// Fills one field of a record up with the texts of the records that follow it in the input file (after the last one
/// the first ones), put in front of its own and cut at a word. Const use is safe from many threads.
class sweep_input {
public:
  /// Reads the whole input file, whatever its limit, and the tokenizer of the answering agent's model. `p` sweeps over
  /// prompt_tokens. Throws model_error, and std::runtime_error where no other record has that field.
  explicit sweep_input(const pipeline& p);

  /// The record with about `tokens` tokens in that field; as it is where it has as many already, or no such text.
  [[nodiscard]] record filled(record one, std::int64_t tokens) const;

private:
  [[nodiscard]] std::string filling(const std::string& id, std::size_t tokens) const;

  std::string field_;
  tokenizer tokenizer_;
  std::vector<std::string> texts_;
  std::map<std::string, std::size_t> place_of_; // in texts_, by record id
};

} // namespace avp
