// Opening models: both kinds of files give one and the same model, and every lack is said.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "temporary_folder.hpp"
#include "tiny_model.hpp"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <avp/gpu/model/model_file.hpp>
#include <avp/transport/handshake/hash.hpp>

namespace {

using avp::model_error;
using avp::token_kind;
using avp::test::bytes_of;
using avp::test::gguf_writer;
using avp::test::tiny_gguf;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string open_error(const std::filesystem::path& path) {
  try {
    (void)avp::open_model(path);
  } catch (const model_error& error) {
    EXPECT_THAT(error.what(), HasSubstr(path.string()));
    return error.what();
  }
  return "(no error)";
}

std::vector<float> values_of(const avp::tensor_view& tensor) {
  std::size_t count = 1;
  for (const auto size : tensor.shape)
    count *= static_cast<std::size_t>(size);
  std::vector<float> values(count);
  avp::dequantize(tensor.type, tensor.data.data(), values);
  return values;
}

// ---- GGUF ----

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
  EXPECT_EQ(model.config.rope_theta, 5000);
  EXPECT_THAT(model.config.rope_factors, ElementsAre());
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
  EXPECT_THAT(open(out).config.rope_factors, ElementsAre(1, 2, 8, 8));
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

TEST_F(gguf_model, unsupported_models_are_refused) {
  const auto after = [this](const std::function<void(gguf_writer&)>& change) { return error_after("llama", change); };
  EXPECT_THAT(after([](auto& file) { file.text("general.architecture", "mamba"); }),
              HasSubstr("architecture \"mamba\" is not supported; these are: llama, qwen2"));
  EXPECT_THAT(after([](auto& file) { file.metadata.erase("general.architecture"); }),
              HasSubstr("\"general.architecture\" is missing"));
  EXPECT_THAT(after([](auto& file) { file.text("llama.rope.scaling.type", "yarn"); }),
              AllOf(HasSubstr("\"llama.rope.scaling.type\" is \"yarn\""), HasSubstr("rope_freqs.weight")));
  EXPECT_THAT(after([](auto& file) { file.f32("llama.rope.scale_linear", 4); }), HasSubstr("rope.scale_linear"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.rope.dimension_count", 4); }), HasSubstr("a part of each head"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.attention.value_length", 16); }), HasSubstr("different sizes"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.expert_count", 8); }), HasSubstr("mixtures of experts"));
  EXPECT_THAT(after([](auto& file) { file.u32("llama.attention.sliding_window", 64); }), HasSubstr("sliding-window"));
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
  EXPECT_THAT(after([](auto& file) { file.text("tokenizer.ggml.model", "llama"); }),
              HasSubstr("only \"gpt2\" (byte-level BPE) works"));
  EXPECT_THAT(after([](auto& file) { file.text("tokenizer.ggml.pre", "default"); }),
              AllOf(HasSubstr("tokenizer.ggml.pre is \"default\"; these work: gpt-2"), HasSubstr("qwen2")));
  EXPECT_THAT(after([](auto& file) {
                file.integers("tokenizer.ggml.token_type", {1, 1});
              }),
              HasSubstr("has 8 entries and tokenizer.ggml.token_type 2"));
  EXPECT_THAT(after([](auto& file) {
                file.integers("tokenizer.ggml.token_type", {1, 1, 1, 1, 1, 3, 3, 6});
              }),
              HasSubstr("token_type of token 7 is 6"));
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

// ---- Hugging Face directories ----

class hugging_face_model : public testing::Test {
protected:
  /// Writes a whole directory, with `config` in place of the good one.
  void write(const std::string& family, const json& config) {
    folder_.write("tiny/config.json", config.dump());
    folder_.write("tiny/tokenizer.json", avp::test::tiny_tokenizer_json().dump());
    folder_.write("tiny/model.safetensors", avp::test::safetensors_bytes(avp::test::tiny_tensors(family)));
  }

  /// The error after `key` of the good llama configuration has another value.
  std::string error_with(const std::string& key, const json& value) {
    auto config = avp::test::tiny_config("llama");
    config[key] = value;
    write("llama", config);
    try {
      (void)avp::open_model(path());
    } catch (const model_error& error) {
      return error.what();
    }
    return "(no error)";
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "tiny"; }

  avp::test::temporary_folder folder_;
};

TEST_F(hugging_face_model, is_the_same_model_as_its_gguf) {
  for (const std::string family : {"llama", "qwen2"}) {
    write(family, avp::test::tiny_config(family));
    const auto model = avp::open_model(path());
    const auto gguf = avp::open_model(folder_.write("tiny.gguf", tiny_gguf(family).bytes()));
    EXPECT_EQ(model.config.name, "tiny");
    EXPECT_EQ(model.config.family, gguf.config.family);
    EXPECT_EQ(model.config.num_layers, gguf.config.num_layers);
    EXPECT_EQ(model.config.hidden_size, gguf.config.hidden_size);
    EXPECT_EQ(model.config.intermediate_size, gguf.config.intermediate_size);
    EXPECT_EQ(model.config.num_heads, gguf.config.num_heads);
    EXPECT_EQ(model.config.num_kv_heads, gguf.config.num_kv_heads);
    EXPECT_EQ(model.config.head_dim, gguf.config.head_dim);
    EXPECT_EQ(model.config.vocab_size, gguf.config.vocab_size);
    EXPECT_EQ(model.config.max_positions, gguf.config.max_positions);
    EXPECT_EQ(model.config.rms_norm_eps, gguf.config.rms_norm_eps);
    EXPECT_EQ(model.config.rope_theta, gguf.config.rope_theta);
    EXPECT_TRUE(model.config.tied);
    EXPECT_FALSE(model.interleaved_rope);
    ASSERT_EQ(model.tensors.size(), gguf.tensors.size());
    for (const auto& [name, tensor] : gguf.tensors)
      EXPECT_EQ(values_of(model.tensors.at(name)), values_of(tensor)) << name;
    ASSERT_EQ(model.vocabulary.tokens.size(), 8);
    EXPECT_EQ(model.vocabulary.tokens[6].kind, token_kind::special);
  }
}

// Python: hashlib.sha256(json.dumps(config, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
TEST_F(hugging_face_model, hash_is_that_of_canonical_json) {
  auto config = avp::test::tiny_config("llama");
  config["_name_or_path"] = "Grüße/🙂";
  config["rms_norm_eps"] = 1e-5;
  config["rope_theta"] = 1000000.0;
  write("llama", config);
  const auto model = avp::open_model(path());
  EXPECT_EQ(model.config.name, "Grüße/🙂");
  EXPECT_EQ(model.model_hash, "489f6644e78b93afcf3fd6ac50604d404c00364a733d3179b9c9975fcff6e7d9");
}

TEST_F(hugging_face_model, digest_is_that_of_the_weights) {
  write("llama", avp::test::tiny_config("llama"));
  const auto weights = avp::test::safetensors_bytes(avp::test::tiny_tensors("llama"));
  EXPECT_EQ(avp::open_model(path()).weights_digest, avp::sha256_hex(weights));

  std::filesystem::remove(path() / "model.safetensors");
  std::map<std::string, gguf_writer::tensor> halves[2];
  json map;
  for (const auto& [name, tensor] : avp::test::tiny_tensors("llama")) {
    halves[map.size() % 2][name] = tensor;
    map[name] = map.size() % 2 == 0 ? "a.safetensors" : "b.safetensors";
  }
  folder_.write("tiny/model.safetensors.index.json", json{{"weight_map", map}}.dump());
  folder_.write("tiny/a.safetensors", avp::test::safetensors_bytes(halves[0]));
  folder_.write("tiny/b.safetensors", avp::test::safetensors_bytes(halves[1]));
  EXPECT_EQ(avp::open_model(path()).weights_digest,
            avp::sha256_hex(avp::sha256_hex(avp::test::safetensors_bytes(halves[0])) +
                            avp::sha256_hex(avp::test::safetensors_bytes(halves[1]))));
}

TEST_F(hugging_face_model, untied_needs_a_head_and_tied_ignores_it) {
  auto config = avp::test::tiny_config("llama");
  config["tie_word_embeddings"] = false;
  write("llama", config);
  EXPECT_THAT(open_error(path()), HasSubstr("lm_head.weight is missing"));
  auto tensors = avp::test::tiny_tensors("llama");
  tensors["lm_head.weight"] = {{8, 32}, 0, avp::test::tiny_values(8 * 32, 77)};
  tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {{4}, 0, avp::test::tiny_values(4, 1)};
  folder_.write("tiny/model.safetensors", avp::test::safetensors_bytes(tensors));
  auto model = avp::open_model(path());
  EXPECT_FALSE(model.config.tied);
  EXPECT_TRUE(model.tensors.contains("lm_head.weight"));
  config["tie_word_embeddings"] = true;
  folder_.write("tiny/config.json", config.dump());
  model = avp::open_model(path());
  EXPECT_TRUE(model.config.tied);
  EXPECT_FALSE(model.tensors.contains("lm_head.weight"));
}

TEST_F(hugging_face_model, rope_is_read_from_every_place_where_it_may_be) {
  const auto theta = [this](const json& changes) {
    auto config = avp::test::tiny_config("llama");
    config.erase("rope_theta");
    config.update(changes);
    write("llama", config);
    return avp::open_model(path()).config.rope_theta;
  };
  EXPECT_EQ(theta(json::object()), 10000);
  EXPECT_EQ(theta({{"rope_theta", 7000}, {"rope_scaling", nullptr}}), 7000);
  EXPECT_EQ(theta({{"rope_parameters", {{"rope_theta", 8000.0}, {"rope_type", "default"}}}}), 8000);
  EXPECT_EQ(theta({{"rope_scaling", {{"rope_theta", 9000.0}, {"type", "default"}}}}), 9000);
}

// Expected: 1 / (scaled frequency / plain frequency) of transformers' _compute_llama3_parameters for these numbers.
TEST_F(hugging_face_model, llama3_scaling_becomes_factors) {
  auto config = avp::test::tiny_config("llama");
  config["head_dim"] = 8;
  config["rope_theta"] = 500.0;
  config["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 64}};
  write("llama", config);
  const auto factors = avp::open_model(path()).config.rope_factors;
  ASSERT_EQ(factors.size(), 4);
  const std::vector<float> expected{1.0F, 2.16637521F, 8.0F, 8.0F};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_FLOAT_EQ(factors[i], expected[i]);
  config["rope_scaling"]["low_freq_factor"] = 5;
  write("llama", config);
  EXPECT_THAT(open_error(path()), HasSubstr("0 < low_freq_factor < high_freq_factor"));
  config["rope_scaling"].erase("factor");
  write("llama", config);
  EXPECT_THAT(open_error(path()), HasSubstr("\"rope_scaling\": \"factor\" is missing"));
}

TEST_F(hugging_face_model, unsupported_features_are_refused) {
  EXPECT_THAT(error_with("model_type", "gemma"),
              HasSubstr("\"model_type\" is \"gemma\"; these are supported: llama, qwen2"));
  EXPECT_THAT(error_with("hidden_act", "gelu"), HasSubstr("\"hidden_act\" is \"gelu\""));
  EXPECT_THAT(error_with("attention_bias", true), HasSubstr("\"attention_bias\" is true"));
  EXPECT_THAT(error_with("mlp_bias", true), HasSubstr("\"mlp_bias\" is true"));
  EXPECT_THAT(error_with("use_sliding_window", true), HasSubstr("sliding-window attention is not supported"));
  EXPECT_THAT(error_with("layer_types", {"full_attention", "sliding_attention"}),
              HasSubstr("\"layer_types\" has \"sliding_attention\""));
  EXPECT_THAT(error_with("partial_rotary_factor", 0.5), HasSubstr("\"partial_rotary_factor\" is not 1"));
  EXPECT_THAT(error_with("quantization_config", {{"bits", 4}}), HasSubstr("read from GGUF files only"));
  EXPECT_THAT(error_with("rope_scaling", {{"type", "linear"}, {"factor", 2.0}}),
              HasSubstr("\"rope_type\" is \"linear\"; these work: default, llama3"));
}

TEST_F(hugging_face_model, wrong_values_are_named) {
  EXPECT_THAT(error_with("num_hidden_layers", nullptr), HasSubstr("\"num_hidden_layers\" is missing"));
  EXPECT_THAT(error_with("num_hidden_layers", 2.5), HasSubstr("\"num_hidden_layers\" is 2.5, expected a whole number"));
  EXPECT_THAT(error_with("hidden_size", ~std::uint64_t{0}), HasSubstr("expected a whole number"));
  EXPECT_THAT(error_with("hidden_size", -32), HasSubstr("the hidden size is -32"));
  EXPECT_THAT(error_with("vocab_size", 0), HasSubstr("the vocabulary size is 0"));
  EXPECT_THAT(error_with("rope_theta", "big"), HasSubstr("\"rope_theta\" is \"big\", expected a number"));
  EXPECT_THAT(error_with("rope_scaling", 3), HasSubstr("\"rope_scaling\": expected a JSON object, found number"));
  EXPECT_THAT(error_with("tie_word_embeddings", 1), HasSubstr("expected true or false"));
  EXPECT_THAT(error_with("hidden_act", 1), HasSubstr("\"hidden_act\" is 1, expected a string"));
  EXPECT_THAT(error_with("intermediate_size", 48), HasSubstr("mlp.down_proj.weight is [32, 64], expected [32, 48]"));
}

TEST_F(hugging_face_model, a_directory_that_lacks_a_file_is_refused) {
  write("llama", avp::test::tiny_config("llama"));
  std::filesystem::remove(path() / "tokenizer.json");
  EXPECT_THAT(open_error(path()), HasSubstr("tokenizer.json"));
  std::filesystem::remove(path() / "config.json");
  EXPECT_THAT(open_error(path()), HasSubstr("has no config.json, so it is no Hugging Face model"));
  folder_.write("tiny/config.json", "{\"model_type\": ");
  EXPECT_THAT(open_error(path()), HasSubstr("config.json: is not valid JSON"));
  folder_.write("tiny/config.json", "[1]");
  EXPECT_THAT(open_error(path()), HasSubstr("config.json: expected a JSON object, found array"));
}

// ---- Paths ----

TEST(open_model, a_path_that_is_no_model_is_refused) {
  const avp::test::temporary_folder folder;
  EXPECT_THAT(open_error(folder.path() / "missing.gguf"), HasSubstr("there is no such file or directory"));
  EXPECT_THAT(open_error(folder.write("notes.txt", "hello")), HasSubstr("is not a GGUF file (it has 5 bytes"));
  EXPECT_THAT(open_error("/dev/null"), HasSubstr("is not a regular file"));
}

} // namespace
