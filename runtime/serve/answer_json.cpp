// Objects `chat.completion`, `chat.completion.chunk` and `text_completion`.
#include "runtime/serve/answer_json.hpp"

#include <utility>

namespace avp {

namespace {

using nlohmann::ordered_json;

const char* finish_of(const task_result& result) { return result.finish == finish_reason::length ? "length" : "stop"; }

const char* object_of(api_kind kind, bool chunk) {
  if (kind == api_kind::completion)
    return "text_completion";
  return chunk ? "chat.completion.chunk" : "chat.completion";
}

ordered_json head_json(const answer_head& head, bool chunk) {
  return {{"id", head.id}, {"object", object_of(head.kind, chunk)}, {"created", head.created}, {"model", head.model}};
}

ordered_json agent_json(const agent_result& agent, std::size_t choice) {
  ordered_json object = {{"choice", choice},
                         {"name", agent.name},
                         {"kind", agent.kind},
                         {"node", agent.node},
                         {"prompt_tokens", agent.counts.prompt_tokens},
                         {"cached_tokens", agent.counts.prompt_tokens - agent.counts.computed_tokens},
                         {"latent_steps", agent.counts.latent_steps},
                         {"completion_tokens", agent.counts.output_tokens},
                         {"ms", agent.ms}};
  if (!agent.error.empty())
    object["error"] = agent.error;
  return object;
}

} // namespace

std::string json_text(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json usage_of(const answer_head& head, const std::vector<task_result>& results) {
  counts all;
  std::int64_t written_before = 0;
  for (const auto& result : results)
    for (const auto& agent : result.agents) {
      all += agent.counts;
      if (agent.name != head.answering)
        written_before += agent.counts.output_tokens;
    }
  return {{"prompt_tokens", all.prompt_tokens},
          {"completion_tokens", all.output_tokens},
          {"total_tokens", all.prompt_tokens + all.output_tokens},
          {"prompt_tokens_details", {{"cached_tokens", all.prompt_tokens - all.computed_tokens}}},
          {"completion_tokens_details", {{"reasoning_tokens", written_before}}}};
}

ordered_json details_of(const std::vector<task_result>& results) {
  ordered_json agents = ordered_json::array();
  std::int64_t steps = 0;
  for (std::size_t i = 0; i < results.size(); ++i)
    for (const auto& agent : results[i].agents) {
      agents.push_back(agent_json(agent, i));
      steps += agent.counts.latent_steps;
    }
  return {{"mode", name_of(results.front().mode)},
          {"task", results.front().task},
          {"latent_steps", steps},
          {"agents", std::move(agents)}};
}

std::string whole_answer_of(const answer_head& head, const std::vector<task_result>& results) {
  auto answer = head_json(head, false);
  auto& choices = answer["choices"] = ordered_json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    ordered_json choice = {{"index", i}};
    if (head.kind == api_kind::chat)
      choice["message"] = {{"role", "assistant"}, {"content", results[i].text}, {"refusal", nullptr}};
    else
      choice["text"] = results[i].text;
    choice["logprobs"] = nullptr;
    choice["finish_reason"] = finish_of(results[i]);
    choices.push_back(std::move(choice));
  }
  answer["usage"] = usage_of(head, results);
  answer["avp"] = details_of(results);
  return json_text(answer);
}

answer_events::answer_events(answer_head head) : head_(std::move(head)) {}

std::string answer_events::event(ordered_json choices, const ordered_json* more) const {
  auto chunk = head_json(head_, true);
  chunk["choices"] = std::move(choices);
  if (head_.tells_usage)
    chunk["usage"] = nullptr;
  if (more != nullptr)
    chunk.update(*more);
  return "data: " + json_text(chunk) + "\n\n";
}

ordered_json answer_events::choice(std::size_t place, std::string_view text, const ordered_json& finish) const {
  ordered_json one = {{"index", place}};
  if (head_.kind == api_kind::completion)
    one["text"] = text;
  else
    one["delta"] = finish.is_null() ? ordered_json{{"content", text}} : ordered_json::object();
  one["logprobs"] = nullptr;
  one["finish_reason"] = finish;
  return ordered_json::array({std::move(one)});
}

std::string answer_events::begin(std::size_t choice) const {
  if (head_.kind == api_kind::completion)
    return "";
  return event(ordered_json::array({{{"index", choice},
                                     {"delta", {{"role", "assistant"}, {"content", ""}}},
                                     {"logprobs", nullptr},
                                     {"finish_reason", nullptr}}}));
}

std::string answer_events::words(std::size_t choice, std::string_view text) const {
  return event(this->choice(choice, text, nullptr));
}

std::string answer_events::end(std::size_t choice, const task_result& result,
                               const std::vector<task_result>* all) const {
  const auto details = all != nullptr ? ordered_json{{"avp", details_of(*all)}} : ordered_json::object();
  return event(this->choice(choice, "", finish_of(result)), &details);
}

std::string answer_events::usage(const std::vector<task_result>& results) const {
  const ordered_json usage = {{"usage", usage_of(head_, results)}};
  return event(ordered_json::array(), &usage);
}

} // namespace avp
