// Models in GGUF files: what is read of them, and every lack is said.
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/model/open_model.hpp"
#include "tests/gpu/model/open_error.hpp"
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/temporary_folder.hpp"
#include "transport/sha256.hpp"

namespace {

using avp::model_error;
using avp::token_kind;
using avp::test::bytes_of;
using avp::test::gguf_writer;
using avp::test::open_error;
using avp::test::tiny_gguf;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class gguf_model : public testing::Test {
protected:
  avp::model_file open(const gguf_writer& out) { return avp::open_model(folder_.write("tiny.gguf", out.bytes())); }

  /// The error after `change` to a good file.
  std::string error_after(const std::string& architecture, const std::function<void(gguf_writer&)>& change) {
    auto out = tiny_gguf(architecture);
    change(out);
    return open_error(folder_.write("tiny.gguf", out.bytes()));
  }

  avp::test::temporary_folder folder_;
};

TEST_F(gguf_model, configuration_and_vocabulary_are_read) {
  const auto out = tiny_gguf("llama");
  const auto model = open(out);
  EXPECT_EQ(model.config.family, "llama");
  EXPECT_EQ(model.config.name, "tiny");
  EXPECT_EQ(model.config.num_layers, 2);
  EXPECT_EQ(model.config.hidden_size, 32);
  EXPECT_EQ(model.config.intermediate_size, 64);
  EXPECT_EQ(model.config.num_heads, 4);
  EXPECT_EQ(model.config.num_kv_heads, 2);
  EXPECT_EQ(model.config.head_dim, 8);
  EXPECT_EQ(model.config.vocab_size, 8);
  EXPECT_EQ(model.config.max_positions, 128);
  EXPECT_EQ(model.config.rms_norm_eps, 0.5);
  EXPECT_EQ(model.config.rotary.theta, 5000);
  EXPECT_THAT(model.config.rotary.factors, ElementsAre());
  EXPECT_TRUE(model.config.tied);
  EXPECT_TRUE(model.interleaved_rope);
  EXPECT_EQ(model.weights_digest, avp::sha256_hex(out.bytes()));
  EXPECT_EQ(model.model_hash.size(), 64);

  const auto& vocabulary = model.vocabulary;
  ASSERT_EQ(vocabulary.tokens.size(), 8);
  EXPECT_EQ(vocabulary.tokens[4].text, "Ġa");
  EXPECT_EQ(vocabulary.tokens[4].kind, token_kind::normal);
  EXPECT_EQ(vocabulary.tokens[6].kind, token_kind::special);
  EXPECT_EQ(vocabulary.tokens[7].kind, token_kind::added);
  EXPECT_THAT(vocabulary.merges, ElementsAre(Pair("a", "b"), Pair("Ġ", "a")));
  EXPECT_EQ(vocabulary.split, avp::pre_tokenizer::smollm);
  EXPECT_FALSE(vocabulary.ignore_merges);
  EXPECT_EQ(vocabulary.bos, 5);
  EXPECT_THAT(vocabulary.end_of_turn, ElementsAre(6));
  EXPECT_EQ(vocabulary.chat_template, "{{ messages }}");
}

TEST_F(gguf_model, tensors_get_their_hugging_face_names) {
  for (const auto* family : {"llama", "qwen2"}) {
    const auto model = open(tiny_gguf(family));
    const auto expected = avp::test::tiny_tensors(family);
    EXPECT_EQ(model.interleaved_rope, std::string(family) == "llama");
    ASSERT_EQ(model.tensors.size(), expected.size());
    for (const auto& [name, tensor] : expected) {
      ASSERT_TRUE(model.tensors.contains(name)) << name;
      const auto data = model.tensors.at(name).data;
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(data.data()), data.size()), tensor.data) << name;
    }
  }
}

TEST_F(gguf_model, names_of_pre_tokenizers) {
  const auto split = [this](const std::string& name) {
    auto out = tiny_gguf("llama");
    out.text("tokenizer.ggml.pre", name);
    return open(out).vocabulary;
  };
  EXPECT_EQ(split("gpt-2").split, avp::pre_tokenizer::gpt2);
  EXPECT_EQ(split("llama-bpe").split, avp::pre_tokenizer::llama_bpe);
  EXPECT_TRUE(split("llama-bpe").ignore_merges);
  EXPECT_EQ(split("deepseek-r1-qwen").split, avp::pre_tokenizer::qwen2);
  EXPECT_FALSE(split("qwen2").ignore_merges);
}

TEST_F(gguf_model, a_sentencepiece_vocabulary_is_read) {
  auto out = tiny_gguf("llama");
  out.text("tokenizer.ggml.model", "llama");
  out.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "\u2581", "a", "\u2581a", "b", "<0x0A>"});
  out.integers("tokenizer.ggml.token_type", {2, 3, 3, 1, 1, 1, 4, 6});
  out.metadata["tokenizer.ggml.scores"] = bytes_of(9U) + bytes_of(6U) + bytes_of(std::uint64_t{8}) + bytes_of(0.0F) +
                                          bytes_of(0.0F) + bytes_of(0.0F) + bytes_of(-3.0F) + bytes_of(-2.0F) +
                                          bytes_of(-1.0F) + bytes_of(0.0F) + bytes_of(0.0F);
  out.u32("tokenizer.ggml.bos_token_id", 1);
  out.u32("tokenizer.ggml.eos_token_id", 2);
  out.u32("tokenizer.ggml.unknown_token_id", 0);
  const auto vocabulary = open(out).vocabulary;
  EXPECT_EQ(vocabulary.model, avp::subword_kind::scored_bpe);
  EXPECT_EQ(vocabulary.tokens[5].score, -1);
  EXPECT_EQ(vocabulary.tokens[7].kind, token_kind::byte);
  EXPECT_EQ(vocabulary.unknown, 0);
  EXPECT_THAT(vocabulary.before, ElementsAre(1)) << "as llama.cpp takes it where the file says nothing";
  EXPECT_TRUE(vocabulary.after.empty());
  EXPECT_EQ(vocabulary.normalizers.size(), 2U) << "a blank in front, and blanks as marks";

  out.boolean("tokenizer.ggml.add_space_prefix", false);
  out.boolean("tokenizer.ggml.add_bos_token", false);
  EXPECT_EQ(open(out).vocabulary.normalizers.size(), 1U);
  EXPECT_TRUE(open(out).vocabulary.before.empty());

  const auto refused = [&](auto change) {
    auto changed = out;
    change(changed);
    try {
      (void)open(changed);
    } catch (const model_error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(refused([](auto& file) { file.metadata.erase("tokenizer.ggml.scores"); }),
              HasSubstr("\"tokenizer.ggml.scores\" is missing"));
  EXPECT_THAT(refused([](auto& file) { file.boolean("tokenizer.ggml.remove_extra_whitespaces", true); }),
              HasSubstr("remove_extra_whitespaces is set, which is not supported"));
  EXPECT_THAT(refused([](auto& file) { file.integers("tokenizer.ggml.precompiled_charsmap", {1}); }),
              HasSubstr("precompiled_charsmap"));
}

TEST_F(gguf_model, one_matrix_in_two_formats_is_tied_and_another_is_not) {
  auto out = tiny_gguf("qwen2");
  const auto embedding = out.tensors.at("token_embd.weight");
  // The same rows in Q8_0: scale 1/127 as float16, values rounded.
  std::string rounded;
  for (std::size_t row = 0; row < 8; ++row) {
    rounded += bytes_of(std::uint16_t{0x2008});
    for (std::size_t i = 0; i < 32; ++i) {
      float value = 0;
      std::memcpy(&value, embedding.data.data() + (row * 32 + i) * 4, 4);
      rounded += static_cast<char>(std::lround(value * 127));
    }
  }
  out.tensors["output.weight"] = {{8, 32}, 8, rounded};
  auto model = open(out);
  EXPECT_TRUE(model.config.tied);
  EXPECT_EQ(model.tensors.at("lm_head.weight").type, avp::tensor_type::q8_0);

  out.tensors["output.weight"] = {{8, 32}, 0, avp::test::tiny_values(8 * 32, 99)};
  model = open(out);
  EXPECT_FALSE(model.config.tied);
}

TEST_F(gguf_model, rope_factors_come_from_rope_freqs) {
  auto out = tiny_gguf("llama");
  out.tensors["rope_freqs.weight"] = {{4}, 0, bytes_of(1.0F) + bytes_of(2.0F) + bytes_of(8.0F) + bytes_of(8.0F)};
  EXPECT_THAT(open(out).config.rotary.factors, ElementsAre(1, 2, 8, 8));
  EXPECT_THAT(error_after("llama",
                          [](auto& file) {
                            file.tensors["rope_freqs.weight"] = {{2}, 0, std::string(8, 'x')};
                          }),
              HasSubstr("rope_freqs.weight is not F32 of [4]"));
  EXPECT_THAT(error_after("llama",
                          [](auto& file) {
                            file.tensors["rope_freqs.weight"] = {{4}, 0, std::string(16, '\0')};
                          }),
              HasSubstr("rope_freqs.weight has a factor that is not a positive number"));
}

// llama.cpp takes "linear" where the type is missing, and 0 for no factor.
TEST_F(gguf_model, linear_scaling_divides_all_frequencies) {
  const auto factors = [this](const std::function<void(gguf_writer&)>& change) {
    auto out = tiny_gguf("llama");
    change(out);
    return open(out).config.rotary.factors;
  };
  const auto factor_4 = [](auto& file) { file.f32("llama.rope.scaling.factor", 4); };
  EXPECT_THAT(factors(factor_4), ElementsAre(4, 4, 4, 4));
  EXPECT_THAT(factors([](auto& file) { file.f32("llama.rope.scale_linear", 2); }), ElementsAre(2, 2, 2, 2));
  EXPECT_THAT(factors([](auto& file) { file.f32("llama.rope.scaling.factor", 0); }), ElementsAre());
  EXPECT_THAT(factors([&](auto& file) {
                factor_4(file);
                file.text("llama.rope.scaling.type", "linear");
                file.u32("llama.rope.scaling.original_context_length", 64);
              }),
              ElementsAre(4, 4, 4, 4));
  EXPECT_THAT(factors([&](auto& file) {
                factor_4(file);
                file.text("llama.rope.scaling.type", "none");
              }),
              ElementsAre());
  EXPECT_THAT(
      factors([&](auto& file) {
        factor_4(file);
        file.tensors["rope_freqs.weight"] = {{4}, 0, bytes_of(1.0F) + bytes_of(2.0F) + bytes_of(8.0F) + bytes_of(8.0F)};
      }),
      ElementsAre(4, 8, 32, 32));
}

// A factor that nobody would multiply with.
TEST_F(gguf_model, tensors_of_factors_that_mean_nothing_with_the_scaling_are_refused) {
  const std::string factors = bytes_of(1.0F) + bytes_of(2.0F) + bytes_of(8.0F) + bytes_of(8.0F);
  const auto with = [&](const char* type, const char* tensor) {
    return error_after("llama", [&](auto& file) {
      if (type != nullptr)
        file.text("llama.rope.scaling.type", type);
      file.tensors[tensor] = {{4}, 0, factors};
    });
  };
  for (const char* tensor : {"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"})
    EXPECT_THAT(with("yarn", tensor), HasSubstr(std::string(tensor) + " is there, too")) << tensor;
  EXPECT_THAT(with("longrope", "rope_freqs.weight"), HasSubstr("rope_freqs.weight is there, too"));
  EXPECT_THAT(with(nullptr, "rope_factors_short.weight"), HasSubstr("rope_factors_long.weight"));
}

TEST_F(gguf_model, layers_with_a_window_have_their_own_base) {
  auto out = tiny_gguf("gemma3");
  EXPECT_EQ(open(out).config.window_rotary->theta, 10000);
  out.f32("gemma3.rope.freq_base_swa", 500);
  EXPECT_EQ(open(out).config.window_rotary->theta, 500);
  EXPECT_EQ(open(out).config.rotary.theta, 5000);
}

TEST_F(gguf_model, biases_of_queries_tell_a_model_apart) {
  auto out = tiny_gguf("llama");
  const auto plain = open(out).model_hash;
  for (const char* layer : {"blk.0.", "blk.1."}) {
    out.tensors[std::string(layer) + "attn_q.bias"] = {{32}, 0, avp::test::tiny_values(32, 5)};
    out.tensors[std::string(layer) + "attn_k.bias"] = {{16}, 0, avp::test::tiny_values(16, 6)};
    out.tensors[std::string(layer) + "attn_v.bias"] = {{16}, 0, avp::test::tiny_values(16, 7)};
  }
  EXPECT_TRUE(open(out).config.qkv_bias);
  EXPECT_NE(open(out).model_hash, plain);
}

TEST_F(gguf_model, a_type_that_cannot_be_read_matters_only_where_it_is_needed) {
  auto out = tiny_gguf("qwen2");
  out.tensors["extra.weight"] = {{7, 9}, 77, "odd"};
  out.tensors["other.weight"] = {{2, 256}, 16, std::string(132, 'x')};
  out.tensors["empty.weight"] = {{0, 4}, 0, ""};
  const auto model = open(out);
  EXPECT_EQ(model.unreadable.at("extra.weight").type, "ggml's type 77");
  EXPECT_THAT(model.unreadable.at("other.weight").shape, ElementsAre(2, 256));
  EXPECT_THAT(model.tensors.at("empty.weight").shape, ElementsAre(0, 4));

  const auto error = error_after("qwen2", [](auto& file) {
    file.tensors.at("blk.1.ffn_down.weight").type = 16;
    file.tensors.at("blk.0.attn_q.bias").type = 99;
  });
  EXPECT_THAT(error, AllOf(HasSubstr("2 of its weights don't fit"),
                           HasSubstr("model.layers.1.mlp.down_proj.weight is stored as IQ2_XXS, which can't be read"),
                           HasSubstr("model.layers.0.self_attn.q_proj.bias is stored as ggml's type 99"),
                           HasSubstr("Weights can be F32, F16 and BF16, in GGUF files also Q4_0")));
  EXPECT_THAT(error_after("qwen2", [](auto& file) { file.tensors.at("token_embd.weight").type = 16; }),
              HasSubstr("model.embed_tokens.weight is stored as IQ2_XXS"));
  EXPECT_THAT(error_after("qwen2",
                          [](auto& file) {
                            file.tensors["output.weight"] = {{8, 32}, 16, "x"};
                          }),
              HasSubstr("lm_head.weight is stored as IQ2_XXS"));
  EXPECT_THAT(error_after("llama",
                          [](auto& file) {
                            file.tensors["rope_freqs.weight"] = {{4}, 28, std::string(32, 'x')};
                          }),
              HasSubstr("rope_freqs.weight is not F32 of [4]"));
  EXPECT_THAT(error_after("llama",
                          [](auto& file) {
                            file.tensors["blk.0.odd.weight"] = {{4}, 77, "x"};
                          }),
              HasSubstr("model.layers.0.odd.weight is not supported"));
}

TEST_F(gguf_model, unsupported_models_are_refused) {
  const auto after = [this](const std::function<void(gguf_writer&)>& change) { return error_after("llama", change); };
  EXPECT_THAT(after([](auto& file) { file.text("general.architecture", "mamba"); }),
              HasSubstr("architecture \"mamba\" is not supported; these are: llama, qwen2, qwen3"));
  EXPECT_THAT(after([](auto& file) {
                file.text("general.architecture", "qwen3moe");
                file.u32("qwen3moe.expert_count", 128);
              }),
              HasSubstr("architecture \"qwen3moe\" is a mixture of experts"));
  EXPECT_THAT(after([](auto& file) { file.metadata.erase("general.architecture"); }),
              HasSubstr("\"general.architecture\" is missing"));
  EXPECT_THAT(after([](auto& file) { file.text("llama.rope.scaling.type", "ntk"); }),
              AllOf(HasSubstr("\"llama.rope.scaling.type\" is \"ntk\""), HasSubstr("rope_freqs.weight")));
  EXPECT_THAT(after([](auto& file) {
                file.text("llama.rope.scaling.type", "yarn");
                file.f32("llama.rope.scaling.yarn_ext_factor", 2);
              }),
              HasSubstr("\"llama.rope.scaling.yarn_ext_factor\" is 2.000000: only 1 is supported"));
  EXPECT_THAT(after([](auto& file) { file.f32("llama.rope.scaling.alpha", 2); }),
              HasSubstr("\"llama.rope.scaling.alpha\" is not known, so rotary embedding would be wrong"));
  EXPECT_THAT(after([](auto& file) { file.f32("llama.rope.scaling.attn_factor", 2); }),
              HasSubstr("only 1 is supported"));
  EXPECT_THAT(after([](auto& file) { file.f32("llama.rope.scaling.factor", -2); }),
              HasSubstr("\"llama.rope.scaling.factor\" is -2.000000: expected a positive number"));
  EXPECT_THAT(after([](auto& file) {
                file.tensors["rope_factors_long.weight"] = {{4}, 0, std::string(16, 'x')};
              }),
              HasSubstr("rope_factors_short.weight are needed, and one of them is missing"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.rope.dimension_count", 4); }), HasSubstr("a part of each head"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.attention.value_length", 16); }), HasSubstr("different sizes"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.expert_count", 8); }), HasSubstr("mixtures of experts"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.attention.sliding_window", 64); }),
              HasSubstr("sliding-window attention is not supported for llama models"));
  EXPECT_THAT(after([](auto& file) { file.boolean("llama.attention.causal", false); }),
              HasSubstr("only causal attention"));
}

TEST_F(gguf_model, absurd_configurations_are_refused) {
  const auto after = [this](const std::function<void(gguf_writer&)>& change) { return error_after("llama", change); };
  EXPECT_THAT(after([](auto& file) { file.metadata.erase("llama.block_count"); }),
              HasSubstr("metadata \"llama.block_count\" is missing"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.block_count", 0xffffffff); }),
              HasSubstr("the number of layers is 4294967295"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.embedding_length", 0); }), HasSubstr("the hidden size is 0"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.attention.head_count", 0); }),
              HasSubstr("the number of attention heads is 0"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.attention.head_count_kv", 3); }),
              HasSubstr("can't share 3 key-value heads"));
  EXPECT_THAT(after([](auto& file) {
                file.integers("llama.attention.head_count", {4, 4});
              }),
              HasSubstr("is of type array of i32"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.attention.key_length", 7); }),
              HasSubstr("a head size of 7 has no pairs"));
  EXPECT_THAT(after([](auto& file) { file.f32("llama.rope.freq_base", std::nanf("")); }),
              HasSubstr("the base of the rotary"));
  EXPECT_THAT(after([](auto& file) { file.f32("llama.attention.layer_norm_rms_epsilon", 0); }),
              HasSubstr("the epsilon"));
}

TEST_F(gguf_model, missing_and_wrong_weights_are_all_counted) {
  const auto error = error_after("qwen2", [](auto& file) {
    file.tensors.erase("blk.0.attn_q.bias");
    file.tensors.erase("blk.1.ffn_down.weight");
    file.tensors["output_norm.weight"] = {{16}, 0, avp::test::tiny_values(16, 1)};
    file.tensors["blk.1.attn_output.bias"] = {{32}, 0, avp::test::tiny_values(32, 1)};
  });
  EXPECT_THAT(error, HasSubstr("4 of its weights don't fit a qwen2 model of 2 layers: "));
  EXPECT_THAT(error, HasSubstr("model.layers.0.self_attn.q_proj.bias is missing"));
  EXPECT_THAT(error, HasSubstr("model.layers.1.mlp.down_proj.weight is missing"));
  EXPECT_THAT(error, HasSubstr("model.norm.weight is [16], expected [32]"));
  EXPECT_THAT(error, HasSubstr("model.layers.1.self_attn.o_proj.bias is not supported"));

  const auto many = error_after("llama", [](auto& file) { file.u32("llama.block_count", 100); });
  EXPECT_THAT(many, AllOf(HasSubstr("882 of its weights"), HasSubstr("; …")));
  EXPECT_LT(many.size(), 600);
  EXPECT_THAT(error_after("llama", [](auto& file) { file.tensors.erase("token_embd.weight"); }),
              HasSubstr("\"token_embd.weight\" is missing"));
  EXPECT_THAT(error_after("llama",
                          [](auto& file) {
                            file.tensors["blk.0.attn_q_norm.weight"] = {{8}, 0, std::string(32, 'x')};
                          }),
              HasSubstr("model.layers.0.attn_q_norm.weight is not supported"));
}

TEST_F(gguf_model, a_tokenizer_that_is_missing_or_wrong_is_said) {
  const auto after = [this](const std::function<void(gguf_writer&)>& change) { return error_after("llama", change); };
  for (const auto* key : {"model", "pre", "tokens", "token_type", "merges"})
    EXPECT_THAT(after([&](auto& file) { file.metadata.erase("tokenizer.ggml." + std::string(key)); }),
                HasSubstr("has no tokenizer: metadata \"tokenizer.ggml." + std::string(key) + "\" is missing"));
  EXPECT_THAT(after([](auto& file) { file.text("tokenizer.ggml.model", "bert"); }),
              HasSubstr("what works is \"gpt2\" (byte-level BPE), \"llama\""));
  EXPECT_THAT(after([](auto& file) { file.text("tokenizer.ggml.pre", "default"); }),
              AllOf(HasSubstr("tokenizer.ggml.pre is \"default\"; these work: gpt-2"), HasSubstr("qwen2")));
  EXPECT_THAT(after([](auto& file) {
                file.integers("tokenizer.ggml.token_type", {1, 1});
              }),
              HasSubstr("has 8 entries and tokenizer.ggml.token_type 2"));
  EXPECT_THAT(after([](auto& file) {
                file.integers("tokenizer.ggml.token_type", {1, 1, 1, 1, 1, 3, 3, 7});
              }),
              HasSubstr("token_type of token 7 is 7"));
  EXPECT_THAT(after([](auto& file) {
                file.texts("tokenizer.ggml.merges", {"a b", "ab"});
              }),
              HasSubstr("entry 1 is \"ab\", not two pieces"));
  EXPECT_THAT(after([](auto& file) { file.u32("tokenizer.ggml.bos_token_id", 8); }),
              HasSubstr("bos_token_id is 8, but there are 8 tokens"));
  EXPECT_THAT(after([](auto& file) {
                file.metadata.erase("tokenizer.ggml.eos_token_id");
                file.integers("tokenizer.ggml.token_type", {1, 1, 1, 1, 1, 1, 1, 1});
              }),
              HasSubstr("no token ends an answer"));
  EXPECT_THAT(after([](auto& file) {
                file.tensors["token_embd.weight"] = {{7, 32}, 0, std::string(7 * 32 * 4, '\0')};
              }),
              HasSubstr("the tokenizer has 8 tokens, the embedding only 7 rows"));
}

TEST(open_model, a_path_that_is_no_model_is_refused) {
  const avp::test::temporary_folder folder;
  EXPECT_THAT(open_error(folder.path() / "missing.gguf"), HasSubstr("there is no such file or directory"));
  EXPECT_THAT(open_error(folder.write("notes.txt", "hello")), HasSubstr("is not a GGUF file (it has 5 bytes"));
  EXPECT_THAT(open_error("/dev/null"), HasSubstr("is not a regular file"));
}

} // namespace
