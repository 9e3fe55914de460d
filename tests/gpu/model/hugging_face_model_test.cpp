// Models in Hugging Face directories: the same as their GGUFs, and every lack is said.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> values_of(const avp::tensor_view& tensor) {
  std::size_t count = 1;
  for (const auto size : tensor.shape)
    count *= static_cast<std::size_t>(size);
  std::vector<float> values(count);
  avp::dequantize(tensor.type, tensor.data.data(), values);
  return values;
}
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
    EXPECT_EQ(model.config.rotary.theta, gguf.config.rotary.theta);
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
    return avp::open_model(path()).config.rotary.theta;
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
  const auto factors = avp::open_model(path()).config.rotary.factors;
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

TEST_F(hugging_face_model, linear_scaling_becomes_factors) {
  auto config = avp::test::tiny_config("llama");
  config["rope_scaling"] = {{"type", "linear"}, {"factor", 2.5}, {"low_freq_factor", nullptr}};
  write("llama", config);
  EXPECT_THAT(avp::open_model(path()).config.rotary.factors, ElementsAre(2.5, 2.5, 2.5, 2.5));
  config["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 2.5}, {"rope_theta", 5000}};
  write("llama", config);
  EXPECT_THAT(avp::open_model(path()).config.rotary.factors, ElementsAre(2.5, 2.5, 2.5, 2.5));
}

// What is left aside would change the frequencies in silence.
TEST_F(hugging_face_model, scaling_that_is_not_understood_is_refused) {
  EXPECT_THAT(error_with("rope_scaling", {{"factor", 4.0}}),
              HasSubstr("\"rope_scaling\": \"factor\" is not known without a rope_type; these are: rope_type"));
  EXPECT_THAT(error_with("rope_parameters", {{"rope_type", "default"}, {"factor", 4.0}}),
              HasSubstr("\"rope_parameters\": \"factor\" is not known for the rope_type \"default\""));
  EXPECT_THAT(error_with("rope_scaling", {{"rope_type", "linear"}, {"factor", 4.0}, {"mscale", 1}}),
              HasSubstr("\"mscale\" is not known for the rope_type \"linear\""));
  EXPECT_THAT(error_with("rope_scaling", {{"rope_type", "linear"}}), HasSubstr("\"factor\" is missing"));
  EXPECT_THAT(error_with("rope_scaling", {{"rope_type", "linear"}, {"factor", 0}}), HasSubstr("expected a positive"));
  EXPECT_THAT(error_with("rope_scaling", {{"rope_type", "linear"}, {"factor", "4"}}), HasSubstr("expected a number"));
  EXPECT_THAT(error_with("rope_scaling", {{"rope_type", "linear"}, {"type", "yarn"}, {"factor", 2}}),
              HasSubstr("\"rope_type\" is \"linear\", but \"type\" beside it is \"yarn\""));
  EXPECT_THAT(error_with("rope_parameters", {{"partial_rotary_factor", 0.5}}), HasSubstr("a part of each head"));
  EXPECT_THAT(error_with("rope_parameters", {{"full_attention", {{"rope_type", "default"}}}}),
              HasSubstr("\"full_attention\" is not known"));
  auto config = avp::test::tiny_config("llama");
  config["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 4.0}};
  config["rope_parameters"] = {{"rope_type", "default"}};
  write("llama", config);
  EXPECT_THAT(open_error(path()), HasSubstr("contradict each other"));
  config["rope_scaling"] = {{"rope_type", "default"}, {"rope_theta", 7000}};
  config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 8000}};
  write("llama", config);
  EXPECT_THAT(open_error(path()), HasSubstr("contradict each other in rope_theta"));
}

TEST_F(hugging_face_model, a_type_that_cannot_be_read_matters_only_where_it_is_needed) {
  auto tensors = avp::test::tiny_tensors("llama");
  write("llama", avp::test::tiny_config("llama"));
  const auto bytes_with = [&](const std::string& name, const std::string& dtype, const json& shape) {
    const auto good = avp::test::safetensors_bytes(tensors);
    std::uint64_t length = 0;
    std::memcpy(&length, good.data(), sizeof length);
    auto header = json::parse(good.substr(8, length));
    if (header.contains(name))
      header[name]["dtype"] = dtype;
    else
      header[name] = {{"dtype", dtype}, {"shape", shape}, {"data_offsets", {0, 0}}};
    const auto text = header.dump();
    return bytes_of(std::uint64_t{text.size()}) + text + good.substr(8 + length);
  };
  folder_.write("tiny/model.safetensors", bytes_with("counts", "I64", {3}));
  EXPECT_EQ(avp::open_model(path()).unreadable.at("counts").type, "I64");
  folder_.write("tiny/model.safetensors", bytes_with("nothing", "F32", {0, 5}));
  EXPECT_THAT(avp::open_model(path()).tensors.at("nothing").shape, ElementsAre(0, 5));
  folder_.write("tiny/model.safetensors", bytes_with("model.norm.weight", "F64", {}));
  EXPECT_THAT(open_error(path()), HasSubstr("model.norm.weight is stored as F64, which can't be read"));
  folder_.write("tiny/model.safetensors", bytes_with("model.layers.0.mlp.gate_proj.weight", "F8_E4M3", {}));
  EXPECT_THAT(open_error(path()), HasSubstr("gate_proj.weight is stored as F8_E4M3"));
}

TEST_F(hugging_face_model, what_lies_in_place_of_the_weights_is_named) {
  write("llama", avp::test::tiny_config("llama"));
  std::filesystem::remove(path() / "model.safetensors");
  folder_.write("tiny/pytorch_model.bin", "PK");
  EXPECT_THAT(open_error(path()), HasSubstr("its pytorch_model.bin can't be read"));
  folder_.write("tiny/model-00001-of-00002.safetensors", "x");
  EXPECT_THAT(open_error(path()), HasSubstr("need their index, model.safetensors.index.json"));
  folder_.write("tiny/tiny.gguf", "x");
  EXPECT_THAT(open_error(path()),
              HasSubstr("has a GGUF file, which is named by itself: " + (path() / "tiny.gguf").string()));
}

TEST_F(hugging_face_model, unsupported_features_are_refused) {
  EXPECT_THAT(error_with("model_type", "gemma"),
              HasSubstr("\"model_type\" is \"gemma\"; these are supported: llama, mistral, qwen2"));
  EXPECT_THAT(error_with("hidden_act", "gelu"), HasSubstr("\"hidden_act\" is \"gelu\""));
  EXPECT_THAT(error_with("attention_bias", true), HasSubstr("self_attn.o_proj.bias is missing"));
  EXPECT_THAT(error_with("mlp_bias", true), HasSubstr("mlp.down_proj.bias is missing"));
  EXPECT_THAT(error_with("num_local_experts", 8), HasSubstr("(no error)")) << "llama has none";
  auto config = avp::test::tiny_config("qwen2");
  config["attention_bias"] = true;
  write("qwen2", config);
  EXPECT_THAT(open_error(path()), HasSubstr("\"attention_bias\" is true; these biases are not supported for qwen2"));
  config["model_type"] = "mixtral";
  config["num_local_experts"] = 8;
  write("qwen2", config);
  EXPECT_THAT(open_error(path()), HasSubstr("\"model_type\" is \"mixtral\", a mixture of experts"));
  EXPECT_THAT(error_with("use_sliding_window", true), HasSubstr("sliding-window attention is not supported"));
  EXPECT_THAT(error_with("layer_types", {"full_attention", "sliding_attention"}),
              HasSubstr("\"layer_types\" has \"sliding_attention\""));
  EXPECT_THAT(error_with("partial_rotary_factor", 0.5), HasSubstr("\"partial_rotary_factor\" is not 1"));
  EXPECT_THAT(error_with("quantization_config", {{"bits", 4}}), HasSubstr("read from GGUF files only"));
  EXPECT_THAT(error_with("rope_scaling", {{"type", "ntk"}, {"factor", 2.0}}),
              HasSubstr("\"rope_type\" is \"ntk\"; these work: default, linear, dynamic, llama3, yarn, longrope"));
}

TEST_F(hugging_face_model, wrong_values_are_named) {
  EXPECT_THAT(error_with("num_hidden_layers", nullptr), HasSubstr("\"num_hidden_layers\" is missing"));
  EXPECT_THAT(error_with("num_hidden_layers", 2.5), HasSubstr("\"num_hidden_layers\" is 2.5, expected a whole number"));
  EXPECT_THAT(error_with("hidden_size", ~std::uint64_t{0}), HasSubstr("expected a whole number"));
  EXPECT_THAT(error_with("hidden_size", -32), HasSubstr("the hidden size is -32"));
  EXPECT_THAT(error_with("vocab_size", 0), HasSubstr("the vocabulary size is 0"));
  EXPECT_THAT(error_with("max_position_embeddings", 1 << 30), HasSubstr("the longest context is 1073741824, expected"));
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

} // namespace
