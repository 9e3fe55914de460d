// What the loader has to know about a kind of agent.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "agents/option_info.hpp"

namespace avp {

/// A kind of agent.
struct kind_info {
  std::string name;
  bool answers = true; ///< Whether it makes text in latent mode; "think" does not.

  /// The options that it knows; without a list any are taken as they are.
  std::optional<std::vector<option_info>> options = std::nullopt;

  /// What is wrong with options whose types are right: a sentence, or nothing. Called only where there is a list.
  std::function<std::string(const nlohmann::json&)> check = nullptr;
};

} // namespace avp
