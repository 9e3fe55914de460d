// Rounds.
#include "agents/refine_agent.hpp"

#include "transport/ascii.hpp"

namespace avp {

namespace {

constexpr auto default_again =
    "Look at your answer again, correct what is wrong or missing in it, and answer once more.";

bool says_yes(const std::string& text) { return find_word(text, "yes") < find_word(text, "no"); }

} // namespace

kind_info refine_agent::info() {
  return {.name = "refine",
          .options =
              std::vector<option_info>{
                  {.name = "rounds", .type = option_type::whole, .least = 1},
                  {.name = "until", .type = option_type::pattern},
                  {.name = "critic", .type = option_type::prompt, .variables = {"candidate"}},
                  {.name = "again", .type = option_type::prompt, .variables = {"candidate", "critique"}}},
          .check = [](const nlohmann::json& options) -> std::string {
            if (options.contains("until") == options.contains("critic"))
              return "a refine agent stops either at a pattern, \"until\", or when a prompt is answered with yes, "
                     "\"critic\"";
            return "";
          }};
}

refine_agent::refine_agent(const agent_spec& spec)
    : rounds_(spec.options.value("rounds", 3)),
      again_(spec.options.value("again", default_again)) {
  if (spec.options.contains("until"))
    until_.emplace(spec.options.at("until").get<std::string>());
  else
    critic_.emplace(spec.options.at("critic").get<std::string>());
}

eventually<output> refine_agent::run(avp::hop& hop) {
  auto answer = co_await hop.generate(hop.messages());
  for (int round = 1; round < rounds_; ++round) {
    std::map<std::string, std::string> about{{"candidate", answer.text}, {"critique", ""}};
    if (until_) {
      if (until_->matches(answer.text))
        break;
    } else {
      auto question = hop.request(hop.messages(hop.render(*critic_, about)));
      question.sampling.temperature = 0;
      auto critique = co_await hop.generate(std::move(question));
      if (says_yes(critique.text))
        break;
      about["critique"] = critique.text;
    }
    answer = co_await hop.generate(hop.render(again_, about));
  }
  co_return output{std::move(answer.text), std::move(answer.context)};
}

} // namespace avp
