// The arguments of avp-run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace avp {

/// What the user asked for.
struct command_line {
  std::filesystem::path pipeline;
  std::optional<std::string> mode; ///< latent, text, direct or all.
  std::optional<std::string> input;
  std::optional<std::string> ask;
  std::optional<std::size_t> limit;
  std::vector<std::string> set;
  std::optional<std::filesystem::path> out;
  std::size_t concurrency = 2; ///< Tasks in flight: one computes while the next one's prompts are made.
  std::vector<std::filesystem::path> plugins;
  bool json = false;
  bool quiet = false;
  bool check = false;
  bool graph = false;
};

/// Reads the arguments. Gives an exit status instead when there is nothing to run: 0 after --help, 2 after a wrong
/// argument, which has been explained on stderr.
[[nodiscard]] std::variant<command_line, int> parse_command_line(int argc, const char* const* argv);

} // namespace avp
