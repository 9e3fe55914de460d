// Renders templates for a test with a live peer: JSON lines in, JSON lines out.
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "gpu/text/jinja/chat_program.hpp"
#include "gpu/text/jinja/error.hpp"

namespace {

using nlohmann::ordered_json;

ordered_json rendered(const ordered_json& order) {
  try {
    avp::jinja::variables given;
    for (const auto& [name, held] : order.at("variables").items())
      given.emplace(name, avp::jinja::value::from_json(held, avp::jinja::origin::data));
    const auto program = avp::jinja::chat_program::compile(order.at("template").get_ref<const std::string&>());
    return {{"text", program.render(given).text()}};
  } catch (const std::exception& wrong) {
    return {{"error", wrong.what()}};
  }
}

} // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);)
    std::cout << rendered(ordered_json::parse(line)).dump(-1, ' ', true, ordered_json::error_handler_t::replace) << '\n'
              << std::flush;
}
