// The same answers twice.
#include "tests/bench/engine/draft_speed.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace avp::bench {

namespace {

using json = nlohmann::ordered_json;

struct timed_answer {
  std::vector<std::int32_t> tokens;
  counts counted;
  double seconds = 0; // of decoding
};

timed_answer timed(bench_device& device, const std::string& prompt, const std::string& model, int tokens) {
  auto request = greedy(prompt, tokens);
  request.model = model;
  device.records().clear();
  const auto answer = device.ask(request);
  (void)device.records().requests(1);
  auto steps = device.records().steps();
  std::erase_if(steps, [](const step_record& step) { return step.rows.decode == 0; });
  timed_answer made{history_of(answer).generated, answer.counts, 0};
  if (!steps.empty())
    made.seconds = std::chrono::duration<double>(steps.back().start - steps.front().start).count() +
                   steps.back().milliseconds / 1000;
  return made;
}

double ratio_of(double plain, double drafted) { return drafted > 0 ? plain / drafted : 1; }

} // namespace

std::vector<std::string> prompts_in(const std::filesystem::path& file, int count) {
  std::ifstream in(file);
  std::vector<json> records;
  for (std::string line; std::getline(in, line);)
    records.push_back(json::parse(line));
  if (records.empty())
    throw std::runtime_error("'" + file.string() + "' has no records");
  std::vector<std::string> prompts;
  const auto step = std::max<std::size_t>(1, records.size() / static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < records.size() && prompts.size() < static_cast<std::size_t>(count); i += step) {
    auto prompt = records[i].at("question").get<std::string>();
    if (const auto program = records[i].find("buggy_code"); program != records[i].end())
      prompt =
          "This program has at least one bug.\n\nTask:\n" + prompt + "\n\nProgram:\n```python\n" +
          program->get<std::string>() +
          "\n```\n\nWrite the program without the bug: the whole class, in one block of Python. Change only what is "
          "wrong.";
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

json draft_speed(bench_device& device, const std::vector<std::string>& prompts, int tokens) {
  double plain_seconds = 0, drafted_seconds = 0;
  std::int64_t chosen = 0;
  counts guesses;
  bool same = true;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    timed_answer plain, drafted;
    for (const bool first : {true, false}) // who comes first changes from prompt to prompt
      if (first == (i % 2 == 0))
        plain = timed(device, prompts[i], model_name, tokens);
      else
        drafted = timed(device, prompts[i], drafting_name, tokens);
    same = same && plain.tokens == drafted.tokens;
    plain_seconds += plain.seconds;
    drafted_seconds += drafted.seconds;
    chosen += plain.counted.output_tokens;
    guesses += drafted.counted;
    ratios.push_back(ratio_of(plain.seconds, drafted.seconds));
  }
  std::ranges::sort(ratios);
  const auto count = static_cast<double>(chosen);
  return {{"answers", prompts.size()},
          {"tokens", chosen},
          {"plain_per_second", count / plain_seconds},
          {"drafted_per_second", count / drafted_seconds},
          {"ratio", ratio_of(plain_seconds, drafted_seconds)},
          {"ratio_least", ratios.front()},
          {"ratio_median", ratios[ratios.size() / 2]},
          {"ratio_most", ratios.back()},
          {"guessed", guesses.guessed_tokens},
          {"accepted", guesses.accepted_tokens},
          {"ok", same}};
}

} // namespace avp::bench
