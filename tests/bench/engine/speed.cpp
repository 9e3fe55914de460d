// Speeds from the device's own records.
#include "tests/bench/engine/speed.hpp"

#include <stdexcept>

namespace avp::bench {

namespace {

using json = nlohmann::ordered_json;
using milliseconds = std::chrono::duration<double, std::milli>;

struct stretch {
  std::size_t first = 0, count = 0;
};

// The longest run of passes whose rows are all of one kind, one for each stream.
stretch longest_full(const std::vector<step_record>& steps, std::int64_t row_counts::*kind, std::int64_t streams) {
  stretch best, now;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& rows = steps[i].rows;
    if (rows.*kind == streams && rows.total() == streams) {
      if (now.count == 0)
        now.first = i;
      ++now.count;
    } else {
      now.count = 0;
    }
    if (now.count > best.count)
      best = now;
  }
  return best;
}

json rate(const std::vector<step_record>& steps, std::int64_t row_counts::*kind, std::int64_t streams, int wanted) {
  const auto full = longest_full(steps, kind, streams);
  if (full.count * 2 < static_cast<std::size_t>(wanted))
    throw std::runtime_error("only " + std::to_string(full.count) + " passes in a row had all " +
                             std::to_string(streams) + " streams in them, of " + std::to_string(wanted) +
                             " wanted: answers ended early, or the cache is too small for so many at once");
  const auto& first = steps[full.first];
  const auto& last = steps[full.first + full.count - 1];
  const auto seconds = (milliseconds(last.start - first.start).count() + last.milliseconds) / 1000;
  double busy = 0;
  for (std::size_t i = full.first; i < full.first + full.count; ++i)
    busy += steps[i].milliseconds / 1000;
  const auto passes = static_cast<double>(full.count);
  return {{"streams", streams},
          {"passes", full.count},
          {"seconds", seconds},
          {"seconds_in_passes", busy},
          {"per_stream", passes / seconds},
          {"total", passes * static_cast<double>(streams) / seconds}};
}

std::vector<std::string> stories(bench_device& device, int streams, std::int64_t prompt_tokens) {
  // Digits are tokens of their own in these vocabularies, so every stream's prompt has the same length.
  const auto tail = [](int number) {
    const auto digits = std::to_string(1000 + number);
    return "Tell me long story number " + digits +
           " about a lighthouse keeper, her dog and the winter when the sea froze. Take at least 20 chapters for it.";
  };
  const auto first = device.text_of_length(prompt_tokens, tail(0));
  const auto head = first.substr(0, first.size() - tail(0).size());
  std::vector<std::string> texts;
  for (int i = 0; i < streams; ++i)
    texts.push_back(head + tail(i));
  return texts;
}

json prompts_of(const std::vector<result>& answers) {
  json prompts = json::array();
  for (const auto& answer : answers)
    prompts.push_back(history_of(answer).prompt);
  return prompts;
}

} // namespace

json decode_speed(bench_device& device, int streams, int tokens, std::int64_t prompt_tokens) {
  std::vector<generate> requests;
  for (const auto& text : stories(device, streams, prompt_tokens))
    requests.push_back(greedy(text, tokens + 1)); // the first token comes from the prompt's own pass
  device.records().clear();
  const auto answers = device.ask_all(requests);
  (void)device.records().requests(requests.size());
  auto measured = rate(device.records().steps(), &row_counts::decode, streams, tokens);
  measured["prompts"] = prompts_of(answers);
  measured["generated"] = json::array();
  for (const auto& answer : answers)
    measured["generated"].push_back(history_of(answer).generated);
  return measured;
}

json latent_speed(bench_device& device, int streams, int steps, std::int64_t prompt_tokens, bool explain) {
  std::vector<think> requests;
  for (const auto& text : stories(device, streams, prompt_tokens)) {
    requests.push_back(request_of<think>(text));
    requests.back().steps = steps;
    requests.back().explain = explain;
  }
  device.records().clear();
  const auto answers = device.ask_all(requests);
  (void)device.records().requests(requests.size());
  auto measured = rate(device.records().steps(), &row_counts::latent, streams, steps);
  measured["prompts"] = prompts_of(answers);
  return measured;
}

json prefill_speed(bench_device& device, std::int64_t tokens) {
  const auto request = request_of<think>(device.text_of_length(tokens, ""));
  const auto answer = device.ask(request);
  if (answer.counts.computed_tokens != tokens)
    throw std::runtime_error("only " + std::to_string(answer.counts.computed_tokens) + " of " + std::to_string(tokens) +
                             " prompt tokens were computed: prefixes are shared");
  return {{"tokens", tokens},
          {"seconds", answer.run_ms / 1000},
          {"total", static_cast<double>(tokens) * 1000 / answer.run_ms},
          {"prompts", prompts_of({answer})}};
}

} // namespace avp::bench
