// The arguments of avp-run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "transport/tcp_address.hpp"

namespace avp {

/// What the user asked for.
struct command_line {
  std::vector<std::string> words;              ///< The command as it was typed, the program's name first.
  std::filesystem::path pipeline;              ///< Empty with `resume`.
  std::optional<std::filesystem::path> resume; ///< The folder of a run that is to go on.
  std::optional<std::string> mode;             ///< latent, text, direct or all.
  std::optional<std::string> input;
  std::optional<std::string> ask;
  std::optional<std::size_t> limit;
  std::vector<std::string> set;
  std::optional<std::filesystem::path> out;
  std::optional<std::size_t> concurrency; ///< Tasks in flight at most; see tasks_in_flight().
  std::optional<tcp_address> metrics;     ///< Where counters can be read while the run goes on.
  std::vector<std::filesystem::path> plugins;
  bool json = false;
  bool quiet = false;
  bool check = false;
  bool graph = false;

  /// How many tasks run at once: what the user said, else 64, which fills a batch (every forward pass reads all
  /// weights, for one row as for many, and tasks between two hops have no row in it), or 1 for one question.
  [[nodiscard]] std::size_t tasks_in_flight() const { return concurrency.value_or(ask ? 1 : 64); }

  /// Whether the run leaves a folder.
  [[nodiscard]] bool leaves_folder() const { return out || resume || !ask; }
};

/// Reads the arguments. Gives an exit status instead when there is nothing to run: 0 after --help, 2 after a wrong
/// argument, which has been explained on stderr.
[[nodiscard]] std::variant<command_line, int> parse_command_line(int argc, const char* const* argv);

} // namespace avp
