// Every family on the engine: windows, layers that are rotated otherwise or not at all, and what else they compute must
// not make a row depend on its company, and keys that move must be those of where they come to lie.
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/engine/engine.hpp"
#include "gpu/model/open_model.hpp"
#include "tests/gpu/engine/lone_sequence.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/gpu/engine/task_chains.hpp"
#include "tests/gpu/engine/tiny_engine.hpp"

namespace {

using namespace avp;
using namespace avp::test;

std::vector<std::string> all_architectures() {
  std::vector<std::string> names;
  for (const auto& family : families())
    if (!family.architecture.empty())
      names.emplace_back(family.architecture);
  return names;
}

class families_run : public tiny_engine_test, public testing::WithParamInterface<std::string> {
protected:
  engine make(std::optional<std::int64_t> positions = {}) {
    device_config config;
    config.models = {write_model(runnable_gguf(GetParam()), folder_.path() / "tiny.gguf")};
    if (positions)
      config.kv_memory = *positions * tiny_position_bytes;
    return engine(config);
  }

  [[nodiscard]] model_file file() const {
    return open_model(write_model(runnable_gguf(GetParam()), folder_.path() / "tiny.gguf").source);
  }

  static std::vector<std::int32_t> some_tokens(int count, int first) {
    std::vector<std::int32_t> tokens;
    for (int i = first; i < first + count; ++i)
      tokens.push_back((i * i + 3 * i) % 251);
    return tokens;
  }

  // Keys of the first layer by position: [kv_heads, length, head_dim].
  static at::Tensor first_keys(const block_pool& pool, const sequence& of) {
    const auto& shape = pool.shape();
    std::vector<at::Tensor> blocks;
    for (const auto block : of.blocks())
      blocks.push_back(pool.data()
                           .select(0, block)
                           .select(0, 0)
                           .select(0, 0)
                           .view({shape.kv_heads, shape.head_dim, block_positions})
                           .transpose(1, 2));
    return at::cat(blocks, 1).narrow(1, 0, of.length());
  }
};

TEST_P(families_run, answers_do_not_depend_on_company_or_memory) {
  const auto all = numbers(12);
  auto alone = make();
  const auto expected = avp::test::run(alone, all, 1);
  auto together = make();
  EXPECT_EQ(avp::test::run(together, all, 12), expected);
  auto small = make(448); // two tasks at most
  EXPECT_EQ(avp::test::run(small, all, 12), expected);
  EXPECT_GT(small.counters().rows.replayed, 0);
}

TEST_P(families_run, a_prompt_has_its_bits_in_any_pieces) {
  const c10::InferenceMode no_gradients;
  model_spec spec;
  spec.format = weight_format::float32;
  const decoder network(file(), spec, at::kCPU);
  const auto tokens = some_tokens(90, 0); // longer than any window
  lone_sequence whole(network), pieces(network);
  const auto expected = whole.feed(tokens);
  std::vector<at::Tensor> parts;
  for (std::size_t done = 0; done < tokens.size();) {
    const auto count = std::min(done % 3 * 10 + 1, tokens.size() - done);
    parts.push_back(pieces.feed(std::span(tokens).subspan(done, count)));
    done += count;
  }
  EXPECT_TRUE(at::equal(at::cat(parts), expected));
}

// Branches are longer than any window, so that rows behind the join see positions that have moved.
TEST_P(families_run, joined_contexts_come_back_as_they_were) {
  constexpr std::int64_t room = 448;
  auto on = make(room);
  const auto root = run(on, thinking("All begin alike", 2));
  const auto left = run(on, thinking(std::string(40, 'l'), 3, root.context));
  const auto right = run(on, thinking(std::string(25, 'r'), 2, root.context));
  auto cut = joining({left.context, right.context});
  cut.keep = keep::latent_only;
  const auto whole = run(on, joining({left.context, right.context})), steps = run(on, cut);
  EXPECT_GT(on.counters().moved_tokens, 0);
  for (const auto& joined : {whole, steps}) {
    const auto expected = tokens_of(run(on, generating("and?", 12, joined.context)));
    evict_all(on, room);
    EXPECT_FALSE(context_of(joined).is_resident());
    EXPECT_EQ(tokens_of(run(on, generating("and?", 12, joined.context))), expected);
  }
}

// The first layer's keys depend on nothing that comes before them, so that all the difference is their place. Each kind
// of layer is made the first one.
TEST_P(families_run, keys_that_move_are_those_of_where_they_lie) {
  const c10::InferenceMode no_gradients;
  model_spec spec;
  spec.format = weight_format::float32;
  const auto tokens = some_tokens(40, 3);
  for (const bool windowed : {false, true}) {
    auto model = file();
    model.config.windowed.assign(tiny_layers, windowed);
    const decoder network(model, spec, at::kCPU);
    for (const int moved_by : {1, 45, 300}) {
      lone_sequence alone(network), behind(network);
      (void)alone.feed(tokens);
      (void)behind.feed(some_tokens(moved_by, 100));
      (void)behind.feed(tokens);
      sequence target(alone.pool());
      target.extend(40);
      const auto turn = network.rotation_by(moved_by);
      move_positions(*alone.pool(), alone.blocks(), 0, 40, target, &turn);
      const auto moved = first_keys(*alone.pool(), target);
      const auto there = first_keys(*behind.pool(), behind.blocks()).narrow(1, moved_by, 40);
      EXPECT_LT(((moved - there).abs().max() / there.abs().max()).item<double>(), 1e-6) << moved_by;
      EXPECT_FALSE(at::allclose(first_keys(*alone.pool(), alone.blocks()), there, 1e-2, 1e-2)) << "nothing was turned";
    }
  }
}

// Scales that a family has for what tokens become hold for what latent steps feed back, too: a state that is certain of
// a token becomes what that token is.
TEST_P(families_run, latent_steps_are_fed_in_the_scale_of_tokens) {
  const c10::InferenceMode no_gradients;
  model_spec spec;
  spec.format = weight_format::float32;
  auto gguf = runnable_gguf(GetParam());
  std::string table(258 * tiny_hidden * sizeof(float), '\0');
  for (std::uint64_t token = 0; token < 258; ++token) { // each has a direction of its own among its neighbours
    const auto value = bytes_of(static_cast<float>(token + 1));
    table.replace((token * tiny_hidden + token % tiny_hidden) * sizeof(float), sizeof(float), value);
  }
  gguf.tensors["token_embd.weight"] = {{258, tiny_hidden}, 0, table};
  decoder network(open_model(write_model(gguf, folder_.path() / "certain.gguf").source), spec, at::kCPU);
  auto certain = at::zeros({1, static_cast<std::int64_t>(tiny_hidden)});
  certain[0][257 % static_cast<std::int64_t>(tiny_hidden)] = 100;
  EXPECT_TRUE(at::allclose(network.latent_input(certain), network.embed(std::vector<std::int32_t>{257}), 1e-5, 1e-5));
}

INSTANTIATE_TEST_SUITE_P(families, families_run, testing::ValuesIn(all_architectures()),
                         [](const auto& family) { return family.param; });

TEST(layers_without_rotation, keep_their_keys_where_these_move) {
  const c10::InferenceMode no_gradients;
  const temporary_folder folder;
  auto model = open_model(write_model(runnable_gguf("smollm3"), folder.path() / "tiny.gguf").source);
  model.config.unrotated = {true, false};
  model_spec spec;
  spec.format = weight_format::float32;
  const decoder network(model, spec, at::kCPU);
  const auto turn = network.rotation_by(45);
  EXPECT_TRUE(at::equal(turn.cos[0], at::ones({4})));
  EXPECT_TRUE(at::equal(turn.sin[0], at::zeros({4})));
  EXPECT_GT(turn.sin[1].abs().max().item<double>(), 0.1);
}

} // namespace
