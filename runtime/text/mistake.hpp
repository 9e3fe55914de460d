// One mistake in what the user gave: a pipeline file, a `--set`, an input file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace avp {

/// A mistake with its place. Line and column count from 1, columns in characters; 0 where there is no such thing.
struct mistake {
  std::string file; ///< The file as the user named it, or `--set key`.
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;

  bool operator==(const mistake&) const = default;
};

/// `file:line:column: message`, less what is 0.
[[nodiscard]] std::string to_string(const mistake& m);

/// Sorts by place, files in the order in which they first occur, and drops repeated ones.
void sort_by_place(std::vector<mistake>& mistakes);

/// All mistakes, one per line.
[[nodiscard]] std::string to_string(const std::vector<mistake>& mistakes);

} // namespace avp
