// Decodes and prefills on demand, for run.py: keeps one model loaded and obeys lines on standard input.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <avp/gpu/engine/engine.hpp>

namespace {

// Long enough an answer for any benchmark: a model that ends its turn early would fail the round.
constexpr auto decode_prompt =
    "Tell me a long story about a lighthouse keeper, her dog and the winter when the sea froze.";

template <class Work>
Work request_of(const std::string& text) {
  Work work;
  work.model = "main";
  work.messages = {{"user", text}};
  return work;
}

std::vector<std::int32_t> prompt_ids(const avp::loaded_model& model, const std::string& text) {
  const std::vector<avp::chat_message> messages{{"user", text}};
  return model.tokenizer.encode(model.chat_template.render(messages));
}

// A message that is rendered to exactly `tokens` tokens.
std::string text_of_length(const avp::loaded_model& model, std::size_t tokens) {
  std::string text = "the";
  while (prompt_ids(model, text).size() < tokens)
    text += " the";
  if (prompt_ids(model, text).size() != tokens)
    throw std::runtime_error("cannot make a prompt of " + std::to_string(tokens) + " tokens with this chat template");
  return text;
}

// The answer to a request that is submitted already.
avp::result run_to_end(avp::engine& engine, const std::optional<avp::result>& answer) {
  while (!answer && engine.step()) {
  }
  if (!answer)
    throw std::runtime_error("the request failed");
  return *answer;
}

avp::engine::callback keep_in(std::optional<avp::result>& answer) {
  return [&answer](avp::engine::outcome outcome) {
    if (auto* result = std::get_if<avp::result>(&outcome))
      answer = std::move(*result);
  };
}

struct timed {
  double seconds = 0;
  std::vector<std::int32_t> tokens;
};

// Sampling, detokenising and the pass of every token are in the time, the prompt and the first token's choice are not.
timed decode(avp::engine& engine, int tokens) {
  auto work = request_of<avp::generate>(decode_prompt);
  work.max_new_tokens = tokens;
  work.sampling.temperature = 0;
  std::optional<avp::result> answer;
  engine.submit(work, keep_in(answer));
  if (!engine.step() || answer)
    throw std::runtime_error("the answer ended with the prompt");
  const auto start = std::chrono::steady_clock::now();
  const auto done = run_to_end(engine, answer);
  timed measured;
  measured.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (done.finish != avp::finish_reason::length)
    throw std::runtime_error("the answer ended after " + std::to_string(done.counts.output_tokens) + " tokens of " +
                             std::to_string(tokens));
  measured.tokens = dynamic_cast<const avp::context&>(*done.context.body).history()->generated;
  return measured;
}

double prefill(avp::engine& engine, const std::string& text) {
  const auto start = std::chrono::steady_clock::now();
  std::optional<avp::result> answer;
  engine.submit(request_of<avp::think>(text), keep_in(answer));
  (void)run_to_end(engine, answer);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void print(const std::vector<std::int32_t>& ids) {
  for (auto id : ids)
    std::cout << ' ' << id;
}

// prompt            → the ids of the prompt that `decode` uses
// prompt TOKENS     → the ids of the one that `prefill TOKENS` uses
// decode TOKENS     → seconds, then the ids
// prefill TOKENS    → seconds
void obey(avp::engine& engine, const std::string& line) {
  std::istringstream in(line);
  std::string verb;
  int count = 0;
  in >> verb >> count;
  const auto& model = engine.model("main");
  if (verb == "prompt") {
    print(prompt_ids(model, count == 0 ? decode_prompt : text_of_length(model, static_cast<std::size_t>(count))));
  } else if (verb == "decode") {
    const auto measured = decode(engine, count);
    std::cout << measured.seconds;
    print(measured.tokens);
  } else if (verb == "prefill") {
    std::cout << prefill(engine, text_of_length(model, static_cast<std::size_t>(count)));
  } else {
    throw std::runtime_error("expected prompt, decode or prefill, got '" + line + "'");
  }
  std::cout << std::endl;
}

int serve(const std::string& source, const std::string& dtype, int threads) {
  at::set_num_threads(threads);
  avp::device_config config;
  config.prefix_sharing = false; // the same prompt comes again and again
  config.models.resize(1);
  config.models[0].name = "main";
  config.models[0].source = source;
  config.models[0].format = dtype == "float32" ? avp::weight_format::float32 : avp::weight_format::bfloat16;
  avp::engine engine(config);
  for (std::string line; std::getline(std::cin, line);)
    obey(engine, line);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const std::string dtype = argc == 4 ? argv[2] : "";
  if (dtype != "float32" && dtype != "bfloat16") {
    std::cerr << "usage: avp-bench-decode MODEL float32|bfloat16 THREADS   (started by run.py)\n";
    return 2;
  }
  try {
    return serve(argv[1], dtype, std::stoi(argv[3]));
  } catch (const std::exception& error) {
    std::cerr << "avp-bench-decode: " << error.what() << '\n';
    return 1;
  }
}
