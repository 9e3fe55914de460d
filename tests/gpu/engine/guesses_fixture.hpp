// Answers with and without guesses, of models that repeat themselves.
#pragma once

#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/gpu/engine/tiny_engine.hpp"

namespace avp::test {

/// F32 to Q8_0, one float16 scale for every 32 values, so that native has blocks.
inline void to_blocks(gguf_writer::tensor& tensor) {
  std::string blocks;
  for (std::size_t at = 0; at < tensor.data.size(); at += 128) {
    blocks += bytes_of(std::uint16_t{0x2008}); // 1/127
    for (std::size_t i = 0; i < 32; ++i) {
      float value = 0;
      std::memcpy(&value, tensor.data.data() + at + i * 4, 4);
      blocks += static_cast<char>(std::lround(value * 127));
    }
  }
  tensor.type = 8;
  tensor.data = blocks;
}

/// Multiplies some of the values of a tensor.
inline void scale(gguf_writer::tensor& tensor, std::size_t begin, std::size_t end, float factor) {
  for (std::size_t i = begin; i < end; ++i) {
    float value = 0;
    std::memcpy(&value, tensor.data.data() + i * sizeof value, sizeof value);
    tensor.data.replace(i * sizeof value, sizeof value, bytes_of(value * factor));
  }
}

/// A model that has a few words, and repeats itself: the next one is first of all a matter of the last one.
inline gguf_writer repeating_gguf() {
  auto file = runnable_gguf();
  file.u32("qwen2.context_length", 1024);
  for (const auto* name : {"blk.0.attn_output.weight", "blk.1.attn_output.weight"})
    scale(file.tensors.at(name), 0, tiny_hidden * tiny_hidden, 0.1F);
  for (std::size_t token = 0; token < 258; ++token)
    if (token < 'a' || token > 'h')
      scale(file.tensors.at("token_embd.weight"), token * tiny_hidden, (token + 1) * tiny_hidden,
            token == 257 ? 0.6F : 0.1F);
  return file;
}

/// A small model that mostly says the same, and is sure of it.
inline gguf_writer guessing_gguf() {
  auto file = repeating_gguf();
  scale(file.tensors.at("blk.1.attn_output.weight"), 0, tiny_hidden * tiny_hidden, 3);
  scale(file.tensors.at("output_norm.weight"), 0, tiny_hidden, 1000);
  return file;
}

/// The same with another token for each: it is never right.
inline gguf_writer wrong_gguf() {
  auto file = guessing_gguf();
  auto output = file.tensors.at("token_embd.weight");
  constexpr auto row = tiny_hidden * sizeof(float);
  const auto words = output.data.substr('a' * row, 8 * row);
  output.data.replace('a' * row, 8 * row, words.substr(row) + words.substr(0, row));
  file.tensors["output.weight"] = output;
  return file;
}

/// Times of passes in which guesses pay, so that there are some.
inline const std::map<std::string, pass_times> cheap_rows = {{"main", pass_times({.first = 1, .further = 0.1})},
                                                             {"small", pass_times({.first = 0.02, .further = 0.0005})}};

inline const draft_source small_model{"small"};

/// Everything that an answer is, but for time and guesses.
struct whole_answer {
  std::string text, streamed, recipe;
  int finish = 0;
  std::vector<std::byte> cache;
  std::vector<float> hidden;
  std::int64_t context_tokens = 0;
  counts counted;
  double log_probability = 0, entropy = 0;

  bool operator==(const whole_answer&) const = default;
};

class guesses_test : public tiny_engine_test {
protected:
  engine make(std::optional<draft_source> draft, std::optional<std::int64_t> positions = {}) {
    device_config config;
    config.models = {model("main", repeating_gguf())};
    config.models.front().draft = draft;
    if (draft == small_model)
      config.models.push_back(model("small", guessing_gguf()));
    if (positions)
      config.kv_memory = *positions * tiny_position_bytes * static_cast<std::int64_t>(config.models.size()) /
                         (format() == weight_format::float32 ? 1 : 2);
    return engine(config, cheap_rows);
  }

  model_spec model(const std::string& name, gguf_writer gguf) {
    if (format() == weight_format::native)
      for (auto& [tensor_name, tensor] : gguf.tensors)
        if (tensor.shape.size() == 2)
          to_blocks(tensor);
    auto spec = write_model(gguf, folder_.path() / (name + ".gguf"), format());
    spec.name = name;
    return spec;
  }

  [[nodiscard]] virtual weight_format format() const { return weight_format::float32; }

  /// An answer that repeats what its prompt says.
  static generate repeating(int number, int tokens) {
    auto work = generating("abcabcabcabc" + std::string(number % 5, static_cast<char>('a' + number % 26)), tokens);
    work.task = static_cast<std::uint64_t>(number);
    work.seed = static_cast<std::uint64_t>(number);
    work.sampling.temperature = number % 3 == 0 ? 0.0F : number % 3 == 1 ? 0.02F : 0.05F;
    work.sampling.top_p = 1;
    work.sampling.repetition_penalty = number % 4 == 3 ? 1.05F : 1.0F;
    work.wants_certainty = number % 2 == 0;
    return work;
  }

  static whole_answer whole(const result& from, std::string streamed) {
    whole_answer made;
    made.text = from.text;
    made.streamed = std::move(streamed);
    made.recipe = context_of(from).history()->encode();
    made.finish = static_cast<int>(from.finish);
    made.cache.resize(from.context.body->size());
    from.context.body->write(0, made.cache);
    made.hidden = context_of(from).last_hidden_state();
    made.context_tokens = from.context_tokens;
    made.counted = from.counts;
    if (from.certainty)
      std::tie(made.log_probability, made.entropy) =
          std::pair(from.certainty->log_probability, from.certainty->entropy);
    return made;
  }

  /// Runs all of them at once.
  static std::vector<whole_answer> run_all(engine& on, const std::vector<generate>& works) {
    std::vector<std::string> streamed(works.size());
    std::vector<whole_answer> answers(works.size());
    for (std::size_t i = 0; i < works.size(); ++i) {
      auto work = works[i];
      work.id = next_request_id();
      work.on_text = [&, i](std::string_view text) { streamed[i] += text; };
      on.submit(work, [&, i](engine::outcome came) {
        if (auto* error = std::get_if<caf::error>(&came))
          ADD_FAILURE() << i << ": " << text_of(*error);
        else
          answers[i] = whole(std::get<result>(came), streamed[i]);
      });
    }
    drain(on);
    return answers;
  }

  static whole_answer run_one(engine& on, const generate& work) { return run_all(on, {work}).front(); }

  /// What is used when all requests are through is what contexts hold.
  static void expect_nothing_left(engine& on) {
    drain(on);
    EXPECT_EQ(on.counters().blocks_used, 0);
  }
};

} // namespace avp::test
