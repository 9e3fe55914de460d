// Ranking samples.
#include "agents/best_of_agent.hpp"

#include <algorithm>
#include <limits>

#include "agents/text/final_answer.hpp"
#include "agents/text/final_number.hpp"

namespace avp {

namespace {

double grade_in(const std::string& text, bool letters) {
  constexpr auto none = -std::numeric_limits<double>::infinity();
  if (!letters) {
    const auto number = final_number(text);
    return number ? number->get_d() : none;
  }
  const auto letter = final_choice(text);
  return letter ? -static_cast<double>(*letter) : none;
}

} // namespace

kind_info best_of_agent::info() {
  return {.name = "best_of",
          .options =
              std::vector<option_info>{{.name = "samples", .type = option_type::whole, .least = 1},
                                       {.name = "judge", .type = option_type::prompt, .variables = {"candidate"}},
                                       {.name = "grade", .type = option_type::word, .words = {"number", "letter"}}},
          .check = [](const nlohmann::json& options) -> std::string {
            if (options.contains("grade") && !options.contains("judge"))
              return "\"grade\" says what the judge gives, and there is no \"judge\"";
            return "";
          }};
}

best_of_agent::best_of_agent(const agent_spec& spec)
    : samples_(spec.options.value("samples", 5)),
      letters_(spec.options.value("grade", "number") == "letter") {
  if (spec.options.contains("judge"))
    judge_.emplace(spec.options.at("judge").get<std::string>());
}

eventually<std::vector<double>> best_of_agent::grades(avp::hop& hop, const payload& given,
                                                      const std::vector<result>& candidates) {
  std::vector<generate> requests;
  for (const auto& candidate : candidates) {
    const auto sample = static_cast<int>(requests.size());
    requests.push_back(hop.request(hop.messages(hop.render(*judge_, {{"candidate", candidate.text}})), sample));
    requests.back().context = given;
    requests.back().sampling.temperature = 0;
  }
  auto verdicts = co_await hop.together(std::move(requests));
  std::vector<double> grades;
  for (const auto& verdict : verdicts)
    grades.push_back(grade_in(verdict.text, letters_));
  co_return grades;
}

eventually<output> best_of_agent::run(avp::hop& hop) {
  const auto given = hop.context();
  auto results = co_await hop.samples(samples_, !judge_);
  std::vector<double> scores;
  if (judge_)
    scores = co_await grades(hop, given, results);
  else
    for (const auto& sample : results)
      scores.push_back(sample.certainty ? sample.certainty->log_probability : 0);
  auto& best = results.at(std::max_element(scores.begin(), scores.end()) - scores.begin()); // the first of equals
  co_return output{std::move(best.text), std::move(best.context)};
}

} // namespace avp
