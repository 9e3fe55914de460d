// Rendering templates in tests.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "gpu/text/jinja/chat_program.hpp"
#include "gpu/text/jinja/error.hpp"

namespace avp::jinja::test {

/// Variables from a JSON text; their strings are data.
inline variables variables_of(std::string_view json) {
  variables given;
  const auto values = nlohmann::ordered_json::parse(json);
  for (const auto& [name, held] : values.items())
    given.emplace(name, value::from_json(held, origin::data));
  return given;
}

/// What the template makes of the variables, or "error: " and what is thrown.
inline std::string rendered(std::string_view source, std::string_view json = "{}") {
  try {
    return chat_program::compile(source).render(variables_of(json)).text();
  } catch (const error& wrong) {
    return std::string("error: ") + wrong.what();
  }
}

} // namespace avp::jinja::test
