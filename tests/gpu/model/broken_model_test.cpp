// Models, contexts and scores with NaN or infinities in them: the request ends with an error that says where, nobody
// else's does, and nothing broken is left behind.
#include <cmath>
#include <cstring>
#include <limits>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "gpu/cache/context_slice.hpp"
#include "tests/gpu/engine/tiny_engine.hpp"
#include "transport/payload.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::AllOf;
using testing::HasSubstr;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

/// One value of a tensor of the tiny model, by its place.
void put(gguf_writer& file, const std::string& tensor, float value, std::size_t place = 0) {
  file.tensors.at(tensor).data.replace(place * sizeof value, sizeof value, bytes_of(value));
}

/// The file with a matrix of its own for scores, so that a row of the input table is read only for its token.
gguf_writer untied_gguf() {
  auto file = runnable_gguf();
  file.tensors["output.weight"] = {{258, tiny_hidden}, 0, tiny_values(258 * tiny_hidden, 99)};
  return file;
}

constexpr std::uint16_t good_scale = 0x2008; // 1/127 as a float16

/// F32 to Q8_0: one float16 scale for every 32 values, of which `first` is put into the first block.
void to_q8_0(gguf_writer& file, const std::string& name, std::uint16_t first) {
  auto& tensor = file.tensors.at(name);
  std::string blocks;
  for (std::size_t at = 0; at < tensor.data.size(); at += 128) {
    blocks += bytes_of(at == 0 ? first : good_scale);
    for (std::size_t i = 0; i < 32; ++i) {
      float value = 0;
      std::memcpy(&value, tensor.data.data() + at + i * 4, 4);
      blocks += static_cast<char>(std::lround(value * 127));
    }
  }
  tensor.type = 8;
  tensor.data = blocks;
}

/// A context as it comes from another device.
class bytes_body final : public payload_body {
public:
  explicit bytes_body(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  void write(std::uint64_t offset, std::span<std::byte> out) const override {
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
  }

private:
  std::vector<std::byte> bytes_;
};

class broken_model : public tiny_engine_test {
protected:
  engine load(const gguf_writer& file, weight_format format = weight_format::float32) {
    return engine(
        {"cpu", {}, {write_model(file, folder_.path() / ("m" + std::to_string(++models_) + ".gguf"), format)}});
  }

  /// What a request that fails leaves: nothing.
  static void expect_nothing_left(engine& on) {
    drain(on);
    EXPECT_EQ(on.counters().blocks_used, 0);
  }

  static std::string failed(engine& on, engine::work work) {
    auto text = failure(on, std::move(work), error_code::not_finite);
    EXPECT_THAT(text, AllOf(HasSubstr("model 'main' broke down"), HasSubstr("`avp-model check ")));
    expect_nothing_left(on);
    return text;
  }

  int models_ = 0;
};

struct broken_weight {
  const char* tensor;
  const char* from;
};

constexpr auto layer_0 = "has infinities or NaN from layer 0 on (of 0 to 1)";
constexpr auto layer_1 = "has infinities or NaN from layer 1 on (of 0 to 1)";
constexpr auto at_the_end = "has infinities or NaN behind the attention of the last layer (1)";

constexpr broken_weight broken_weights[] = {
    {"blk.0.attn_norm.weight", layer_0},      {"blk.0.attn_q.weight", layer_0},
    {"blk.0.attn_k.weight", layer_0},         {"blk.0.attn_v.weight", layer_0},
    {"blk.0.attn_k.bias", layer_0},           {"blk.0.attn_output.weight", layer_1},
    {"blk.0.ffn_norm.weight", layer_1},       {"blk.0.ffn_gate.weight", layer_1},
    {"blk.0.ffn_up.weight", layer_1},         {"blk.0.ffn_down.weight", layer_1},
    {"blk.1.attn_norm.weight", layer_1},      {"blk.1.attn_q.weight", layer_1},
    {"blk.1.attn_k.weight", layer_1},         {"blk.1.attn_v.bias", layer_1},
    {"blk.1.attn_output.weight", at_the_end}, {"blk.1.ffn_norm.weight", at_the_end},
    {"blk.1.ffn_up.weight", at_the_end},      {"blk.1.ffn_down.weight", at_the_end},
    {"output_norm.weight", at_the_end},
};

TEST_F(broken_model, a_broken_weight_anywhere_is_found_in_every_format) {
  for (const auto format : {weight_format::float32, weight_format::bfloat16, weight_format::native, weight_format::int8,
                            weight_format::int4})
    for (const auto& [tensor, from] : broken_weights)
      for (const float value : {not_a_number, infinite}) {
        SCOPED_TRACE(std::string(tensor) + " " + std::to_string(value) + " in " +
                     std::to_string(static_cast<int>(format)));
        auto file = runnable_gguf();
        if (format == weight_format::native) // needs some blocks
          to_q8_0(file, std::string(tensor) == "blk.0.ffn_up.weight" ? "blk.1.ffn_down.weight" : "blk.0.ffn_up.weight",
                  good_scale);
        put(file, tensor, value);
        auto on = load(file, format);
        const auto error = failed(on, generating("hello", 4));
        EXPECT_THAT(error, AllOf(HasSubstr("while it read the prompt: position "), HasSubstr(from)));
        EXPECT_EQ(failed(on, thinking("hello", 2)), error);
      }
}

TEST_F(broken_model, a_scale_of_a_block_that_is_no_number_is_found) {
  for (const auto* tensor :
       {"blk.0.attn_k.weight", "blk.0.ffn_gate.weight", "blk.1.ffn_down.weight", "token_embd.weight"})
    for (const std::uint16_t scale : {std::uint16_t{0x7e00}, std::uint16_t{0x7c00}, std::uint16_t{0xfc00}}) {
      SCOPED_TRACE(tensor);
      auto file = runnable_gguf();
      to_q8_0(file, tensor, scale);
      auto on = load(file, weight_format::native);
      failed(on, generating("hello", 4));
      failed(on, thinking("hello", 4));
    }
}

TEST_F(broken_model, a_float16_infinity_is_found) {
  auto file = runnable_gguf();
  auto& tensor = file.tensors.at("blk.0.ffn_up.weight");
  std::string halves;
  for (std::size_t i = 0; i < tensor.data.size() / 4; ++i)
    halves += bytes_of(i == 77 ? std::uint16_t{0x7c00} : std::uint16_t{0x2e66});
  tensor.type = 1;
  tensor.data = halves;
  to_q8_0(file, "blk.1.ffn_down.weight", good_scale); // native needs some blocks
  for (const auto format : {weight_format::float32, weight_format::bfloat16, weight_format::native}) {
    auto on = load(file, format);
    EXPECT_THAT(failed(on, generating("hello", 4)), HasSubstr(layer_1));
  }
}

// What is finite but so large that its squares are not would come out of the norm as zeros.
TEST_F(broken_model, an_overflow_is_found) {
  for (const auto format : {weight_format::float32, weight_format::bfloat16})
    for (const auto* tensor : {"blk.0.ffn_down.weight", "blk.1.ffn_down.weight", "blk.1.attn_output.weight"}) {
      SCOPED_TRACE(tensor);
      auto file = runnable_gguf();
      for (std::size_t i = 0; i < tiny_hidden; ++i)
        put(file, tensor, 1e30F, i);
      auto on = load(file, format);
      failed(on, generating("hello", 4));
      failed(on, thinking("hello", 4));
    }
}

TEST_F(broken_model, scores_that_are_no_numbers_end_the_answer_however_it_is_sampled) {
  auto file = runnable_gguf();
  put(file, "token_embd.weight", not_a_number, 1 * tiny_hidden); // the byte 1, which no prompt here has
  auto on = load(file);
  for (const float temperature : {0.0F, 0.7F}) {
    auto work = generating("hello", 4);
    work.sampling.temperature = temperature;
    work.wants_certainty = temperature > 0;
    EXPECT_THAT(failed(on, work), HasSubstr("before the first token of its answer: the scores of the next token are no "
                                            "finite numbers"));
  }
  EXPECT_THAT(failed(on, thinking("hello", 4)),
              HasSubstr("in latent step 1 of 4: the soft embedding that it goes on with is no finite vector"));
  EXPECT_EQ(run(on, thinking("hello", 0)).counts.latent_steps, 0) << "what is only read does not need that row";
}

TEST_F(broken_model, the_realignment_of_an_untied_model_is_looked_at) {
  auto file = untied_gguf();
  put(file, "output.weight", infinite, 1 * tiny_hidden);
  auto on = load(file);
  EXPECT_THAT(failed(on, thinking("hello", 4)), HasSubstr("in latent step 1 of 4: the soft embedding"));
}

TEST_F(broken_model, an_answer_that_comes_upon_a_broken_row_ends_there) {
  auto healthy = load(untied_gguf());
  const auto expected = tokens_of(run(healthy, generating("hello", 3)));
  ASSERT_EQ(expected.size(), 3U);
  ASSERT_NE(expected[0], expected[1]);
  auto file = untied_gguf();
  put(file, "token_embd.weight", not_a_number, static_cast<std::size_t>(expected[1]) * tiny_hidden);
  auto on = load(file);
  const auto prompt = run(on, thinking("hello", 0)).counts.prompt_tokens;
  EXPECT_THAT(failed(on, generating("hello", 3)),
              HasSubstr("after token 2 of its answer: position " + std::to_string(prompt + 1) + " " + layer_0));
  EXPECT_EQ(tokens_of(run(on, generating("hello", 1))).front(), expected[0]);
}

// The token z breaks whoever reads it; the others are in the same passes.
TEST_F(broken_model, others_in_the_batch_are_not_harmed) {
  auto file = untied_gguf();
  put(file, "token_embd.weight", infinite, std::size_t{'z'} * tiny_hidden + 3);
  auto on = load(file);
  const std::vector<std::string> prompts{"hello", "hello there, this is a prompt of more than one block", "and?"};
  std::vector<std::vector<std::int32_t>> alone;
  for (const auto& prompt : prompts)
    alone.push_back(tokens_of(run(on, generating(prompt, 8))));
  std::vector<std::optional<engine::outcome>> came(2 * prompts.size());
  for (std::size_t i = 0; i < came.size(); ++i) {
    const auto& prompt = prompts[i / 2];
    on.submit(generating(i % 2 == 0 ? prompt : prompt + "z", 8),
              [&came, i](engine::outcome outcome) { came[i] = std::move(outcome); });
  }
  drain(on);
  for (std::size_t i = 0; i < came.size(); ++i) {
    ASSERT_TRUE(came[i]);
    if (i % 2 == 0)
      EXPECT_EQ(tokens_of(std::get<result>(*came[i])), alone[i / 2]);
    else
      EXPECT_THAT(text_of(std::get<caf::error>(*came[i])), HasSubstr(layer_0));
  }
}

TEST_F(broken_model, a_broken_prompt_is_shared_with_nobody) {
  auto file = untied_gguf();
  put(file, "token_embd.weight", not_a_number, std::size_t{'z'} * tiny_hidden);
  auto on = load(file);
  auto work = thinking(std::string(100, 'a') + "z" + std::string(100, 'b'), 1);
  for (int i = 0; i < 2; ++i) {
    work.id = next_request_id();
    work.prefix_scope = 1;
    failed(on, work);
  }
  EXPECT_EQ(on.counters().blocks_cached, 0);
  EXPECT_EQ(on.counters().shared_tokens, 0);
}

TEST_F(broken_model, a_context_from_elsewhere_is_looked_through) {
  for (const auto dtype : {data_type::float32, data_type::bfloat16}) {
    auto on = make({}, {}, dtype);
    const auto thought = run(on, thinking("hello", 2));
    std::vector<std::byte> good(thought.context.body->size());
    thought.context.body->write(0, good);
    const std::size_t width = dtype == data_type::float32 ? 4 : 2;
    const auto broken_at = [&](std::size_t from_end, std::uint32_t bits) {
      auto broken = good;
      bits >>= dtype == data_type::float32 ? 0U : 16U;
      std::memcpy(broken.data() + broken.size() - from_end * width, &bits, width);
      const payload arrived{thought.context.meta, std::make_shared<bytes_body>(std::move(broken))};
      const auto text = failure(on, generating("and?", 3, arrived), error_code::context_mismatch);
      EXPECT_EQ(failure(on, thinking("and?", 3, arrived), error_code::context_mismatch), text);
      EXPECT_EQ(failure(on, joining({arrived, thought.context}), error_code::context_mismatch), text);
      return text;
    };
    EXPECT_THAT(broken_at(1, 0x7fc00000U), HasSubstr("has infinities or NaN in the values of layer 1: it is damaged"));
    EXPECT_THAT(broken_at(tiny_position_bytes / 16 * static_cast<std::size_t>(thought.context_tokens) + 5, 0xff800000U),
                HasSubstr("in the keys of layer 1"));
    EXPECT_EQ(on.counters().requests_failed, 6);
    EXPECT_EQ(run(on, generating("and?", 3, thought.context)).counts.output_tokens, 3);
  }
}

TEST_F(broken_model, a_slice_from_elsewhere_is_looked_through) {
  auto on = make();
  const auto thought = run(on, thinking("hello", 2));
  auto slice = *slice_of(thought.context, 0);
  auto broken = slice;
  broken.meta.extra["hidden_state"].replace(0, 8, "AADAfwAA"); // a NaN in base64
  auto there = make();
  EXPECT_THAT(failure(there, adopting(context_of(thought).history(), {}, broken), error_code::context_mismatch),
              HasSubstr("its last hidden state has infinities or NaN"));
  expect_nothing_left(there);
  EXPECT_EQ(run(there, adopting(context_of(thought).history(), {}, slice)).context_tokens, thought.context_tokens);
}

} // namespace
