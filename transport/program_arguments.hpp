// The arguments of a program: read, or explained.
#pragma once

#include <functional>
#include <optional>

namespace CLI {
class App;
}

namespace avp {

/// The exit status after arguments or files that can't be used, of every program.
inline constexpr int bad_arguments = 2;

/// Reads the arguments of a program, then calls `check`, which may throw a CLI::ParseError. Gives an exit status where
/// there is nothing to do: 0 after --help or --version, bad_arguments after a mistake, which has been explained on
/// stderr, with the nearest known option or command.
[[nodiscard]] std::optional<int> parse_arguments(CLI::App& app, int argc, const char* const* argv,
                                                 const std::function<void()>& check = {});

} // namespace avp
