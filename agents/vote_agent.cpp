// Self-consistency (Wang et al., arXiv 2203.11171).
#include "agents/vote_agent.hpp"

#include <algorithm>

#include "agents/text/final_answer.hpp"
#include "agents/text/final_number.hpp"
#include "transport/ascii.hpp"

namespace avp {

namespace {

// What a sample votes for, written so that equal answers are equal texts; empty where it has none.
std::string ballot(const std::string& text, const std::string& answers) {
  if (answers == "exact")
    return std::string(trimmed(text));
  if (answers == "choice") {
    const auto letter = final_choice(text);
    return letter ? std::string(1, *letter) : "";
  }
  const auto number = final_number(text);
  return number ? number->get_str() : "";
}

} // namespace

kind_info vote_agent::info() {
  return {.name = "vote",
          .options = std::vector<option_info>{
              {.name = "samples", .type = option_type::whole, .least = 1},
              {.name = "answers", .type = option_type::word, .words = {"number", "choice", "exact"}}}};
}

vote_agent::vote_agent(const agent_spec& spec)
    : samples_(spec.options.value("samples", 5)),
      answers_(spec.options.value("answers", "number")) {}

std::size_t majority(const std::vector<std::string>& texts, const std::string& answers) {
  std::vector<std::string> ballots;
  for (const auto& text : texts)
    ballots.push_back(ballot(text, answers));
  std::size_t best = 0;
  std::ptrdiff_t most = 0;
  for (std::size_t i = 0; i < ballots.size(); ++i)
    if (const auto votes = std::count(ballots.begin(), ballots.end(), ballots[i]);
        !ballots[i].empty() && votes > most) {
      best = i;
      most = votes;
    }
  return best;
}

eventually<output> vote_agent::run(avp::hop& hop) {
  auto results = co_await hop.samples(samples_);
  std::vector<std::string> texts;
  for (const auto& sample : results)
    texts.push_back(sample.text);
  auto& winner = results.at(majority(texts, answers_));
  co_return output{std::move(winner.text), std::move(winner.context)};
}

} // namespace avp
