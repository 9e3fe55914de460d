// 200 tasks in a tenth of the memory that they would like.

#include "tests/bench/engine/crowd.hpp"
#include "tests/bench/engine/model_shape.hpp"
#include "tests/bench/engine/process_memory.hpp"

namespace avp::bench {

namespace {

using json = nlohmann::ordered_json;

constexpr std::int64_t allowance = 300LL << 20; // for everything that is neither weights nor cache

std::string problem(const std::string& padding, int number) {
  return "Task " + std::to_string(1000 + number) + ": " + padding;
}

// First all thoughts at once, then all answers at once: in between, every task holds a context.
int run_tasks(bench_device& device, int tasks, std::int64_t prompt_tokens, int answer_tokens) {
  const auto padding = device.text_of_length(prompt_tokens, "");
  std::vector<think> thoughts;
  for (int i = 0; i < tasks; ++i) {
    thoughts.push_back(request_of<think>(problem(padding, i)));
    thoughts.back().task = static_cast<std::uint64_t>(i);
    thoughts.back().steps = 5;
  }
  const auto contexts = device.ask_all(thoughts);
  std::vector<generate> questions;
  for (int i = 0; i < tasks; ++i) {
    questions.push_back(greedy("Now give the answer.", answer_tokens));
    questions.back().task = static_cast<std::uint64_t>(i);
    questions.back().context = contexts[static_cast<std::size_t>(i)].context;
  }
  const auto answers = device.ask_all(questions);
  return static_cast<int>(answers.size());
}

} // namespace

json crowded_memory(device_options options, int tasks, std::int64_t prompt_tokens, int answer_tokens) {
  const auto per_token = kv_bytes_per_token(options.model, options.format);
  // Prompt and five latent steps, then the short question with its template and the answer.
  const auto wanted = tasks * (prompt_tokens + 5 + 40 + answer_tokens) * per_token;
  if (options.kv_memory == 0)
    options.kv_memory = wanted / 10;
  const auto before = read_process_memory();
  bench_device device(options);
  const auto loaded = read_process_memory();
  forget_peak();
  std::string failure;
  int finished = 0;
  try {
    finished = run_tasks(device, tasks, prompt_tokens, answer_tokens);
  } catch (const std::runtime_error& error) {
    failure = error.what();
  }
  const auto after = read_process_memory();
  const auto counters = device.records().counters();
  const auto weights = loaded.resident - before.resident;
  const auto bound = weights + options.kv_memory + allowance;
  return {{"tasks", tasks},
          {"finished", finished},
          {"error", failure},
          {"kv_wanted", wanted},
          {"kv_memory", options.kv_memory},
          {"most_kv_used", device.records().most_blocks_used() * counters.block_bytes},
          {"contexts_evicted", counters.contexts_evicted},
          {"preemptions", counters.preemptions},
          {"replayed_rows", counters.rows.replayed},
          {"resident_before_loading", before.resident},
          {"resident_after_loading", loaded.resident},
          {"weights_as_loaded", weights},
          {"of_it_mapped_files", loaded.file},
          {"peak_while_loading", loaded.peak},
          {"peak_while_running", after.peak},
          {"bound", bound},
          {"ok", finished == tasks && after.peak <= bound}};
}

} // namespace avp::bench
