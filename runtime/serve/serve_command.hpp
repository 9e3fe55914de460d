// The arguments of avp-serve.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/serve/ask_queue.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

/// What the user asked for.
struct serve_command {
  std::vector<std::filesystem::path> pipelines;
  std::optional<std::filesystem::path> models;
  tcp_address address{"127.0.0.1", 8080};
  std::optional<std::filesystem::path> keys;
  std::string cors;
  std::vector<std::filesystem::path> plugins;
  queue_limits queue;
};

/// Reads the arguments. Gives an exit status instead when there is nothing to serve, as parse_command_line() does.
[[nodiscard]] std::variant<serve_command, int> parse_serve_command(int argc, const char* const* argv);

} // namespace avp
