// Picking successors.
#include "agents/route_agent.hpp"

#include <stdexcept>

#include "transport/ascii.hpp"

namespace avp {

namespace {

// A name, or a list of them.
route_agent::names names_in(const nlohmann::json& value) {
  if (value.is_string())
    return {value.get<std::string>()};
  return value.get<route_agent::names>();
}

std::size_t last_place(const std::string& text, const std::string& word) {
  auto last = std::string::npos;
  for (auto at = find_word(text, word); at != std::string::npos; at = find_word(text, word, at + 1))
    last = at;
  return last;
}

std::string check(const nlohmann::json& options) {
  const bool by_word = options.contains("to");
  if (by_word == options.contains("threshold"))
    return "a route goes either by words, \"to\", or by entropy, \"threshold\" with \"below\" and \"above\"";
  for (const auto* key : {"below", "above"})
    if (options.contains(key) == by_word)
      return std::string("\"") + key + "\" goes with \"threshold\"" +
             (by_word ? ", not with \"to\"" : ", and is missing");
  if (!by_word && options.contains("otherwise"))
    return "\"otherwise\" goes with \"to\", not with \"threshold\"";
  return "";
}

} // namespace

kind_info route_agent::info() {
  return {.name = "route",
          .options = std::vector<option_info>{{.name = "to", .type = option_type::successor_map},
                                              {.name = "otherwise", .type = option_type::successor},
                                              {.name = "threshold", .type = option_type::number},
                                              {.name = "below", .type = option_type::successor},
                                              {.name = "above", .type = option_type::successor}},
          .check = check};
}

route_agent::route_agent(const agent_spec& spec) {
  const auto& options = spec.options;
  if (options.contains("threshold")) {
    threshold_ = options.at("threshold").get<double>();
    below_ = names_in(options.at("below"));
    above_ = names_in(options.at("above"));
    return;
  }
  for (const auto& [word, successors] : options.at("to").items())
    to_.emplace(word, names_in(successors));
  if (options.contains("otherwise"))
    otherwise_ = names_in(options.at("otherwise"));
}

route_agent::names route_agent::picked_by(const std::string& answer) const {
  const names* picked = nullptr;
  std::pair<std::size_t, std::size_t> best; // where the word ends and how long it is: "not sure" goes before "sure"
  for (const auto& [word, successors] : to_) {
    const auto at = last_place(answer, word);
    if (at == std::string::npos || std::pair(at + word.size(), word.size()) <= best)
      continue;
    best = {at + word.size(), word.size()};
    picked = &successors;
  }
  if (picked != nullptr)
    return *picked;
  if (otherwise_)
    return *otherwise_;
  std::string words;
  for (const auto& [word, successors] : to_)
    words += (words.empty() ? "\"" : ", \"") + word + "\"";
  throw std::runtime_error("its answer has none of the words that pick who goes on (" + words +
                           "); name somebody with the option \"otherwise\"");
}

eventually<output> route_agent::run(avp::hop& hop) {
  auto request = hop.request(hop.messages());
  request.wants_certainty = threshold_.has_value();
  auto answer = co_await hop.generate(std::move(request));
  output made{answer.text, answer.context};
  if (!threshold_)
    made.to = picked_by(answer.text);
  else if (!answer.certainty)
    throw std::runtime_error("the device does not tell how sure the answer is");
  else
    made.to = answer.certainty->entropy < *threshold_ ? below_ : above_;
  co_return made;
}

} // namespace avp
