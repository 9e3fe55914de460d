// The arguments of a program, by CLI11.
#include "transport/program_arguments.hpp"

#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "transport/nearest_name.hpp"

namespace avp {

namespace {

/// The options of a program and of the command that was named.
std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames())
      names.push_back("--" + name);
  for (const auto* command : app.get_subcommands())
    for (auto& name : option_names(*command))
      names.push_back(std::move(name));
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::string unknown(const std::string& what, const std::string& word, const std::vector<std::string>& known) {
  const auto nearest = nearest_name(word, known);
  return "there is no " + what + " " + word + (nearest ? "; did you mean " + *nearest + "?" : "");
}

/// A mistyped word comes first: what else is wrong may only follow from it.
std::string explained(const CLI::App& app, const CLI::ParseError& mistake) {
  const auto words = app.remaining(true);
  for (const auto& word : words)
    if (word.size() > 1 && word.front() == '-')
      return unknown("option", word.substr(0, word.find('=')), option_names(app));
  if (const auto commands = command_names(app); !commands.empty() && app.get_subcommands().empty() && !words.empty())
    return unknown("command", words.front(), commands);
  return mistake.what();
}

} // namespace

std::optional<int> parse_arguments(CLI::App& app, int argc, const char* const* argv,
                                   const std::function<void()>& check) {
  try {
    app.parse(argc, argv);
    if (check)
      check();
    return std::nullopt;
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& mistake) {
    std::cerr << app.get_name() << ": " << explained(app, mistake) << "\nRun with --help for more information."
              << std::endl;
    return bad_arguments;
  }
}

} // namespace avp
