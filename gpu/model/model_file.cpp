// Opening a model of either kind, and checking that its weights are all there.
#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <avp/gpu/model/config_json.hpp>
#include <avp/gpu/model/gguf_model.hpp>
#include <avp/gpu/model/model_file.hpp>
#include <avp/gpu/model/safetensors.hpp>
#include <avp/gpu/text/tokenizer_json.hpp>
#include <avp/transport/handshake/hash.hpp>

namespace avp {

namespace {

using shape = std::vector<std::int64_t>;

std::string to_text(const shape& sizes) {
  std::string text = "[";
  for (const auto size : sizes)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

// What the decoder reads, with shapes [out, in].
std::map<std::string, shape> needed_weights(const model_config& config) {
  const auto hidden = config.hidden_size;
  const auto queries = config.num_heads * config.head_dim;
  const auto keys = config.num_kv_heads * config.head_dim;
  const auto inner = config.intermediate_size;
  std::map<std::string, shape> needed{{"model.embed_tokens.weight", {config.vocab_size, hidden}},
                                      {"model.norm.weight", {hidden}}};
  if (!config.tied)
    needed["lm_head.weight"] = {config.vocab_size, hidden};
  for (std::int64_t i = 0; i < config.num_layers; ++i) {
    const auto layer = "model.layers." + std::to_string(i) + ".";
    needed[layer + "input_layernorm.weight"] = {hidden};
    needed[layer + "self_attn.q_proj.weight"] = {queries, hidden};
    needed[layer + "self_attn.k_proj.weight"] = {keys, hidden};
    needed[layer + "self_attn.v_proj.weight"] = {keys, hidden};
    needed[layer + "self_attn.o_proj.weight"] = {hidden, queries};
    needed[layer + "post_attention_layernorm.weight"] = {hidden};
    needed[layer + "mlp.gate_proj.weight"] = {inner, hidden};
    needed[layer + "mlp.up_proj.weight"] = {inner, hidden};
    needed[layer + "mlp.down_proj.weight"] = {hidden, inner};
    if (config.family == "qwen2") {
      needed[layer + "self_attn.q_proj.bias"] = {queries};
      needed[layer + "self_attn.k_proj.bias"] = {keys};
      needed[layer + "self_attn.v_proj.bias"] = {keys};
    }
  }
  return needed;
}

// Some checkpoints store the rotary frequencies, which follow from the configuration; every other tensor of a layer
// that the decoder does not read, and every bias, would change the result.
bool changes_the_result(const std::string& name) {
  if (name.ends_with(".rotary_emb.inv_freq"))
    return false;
  return name.starts_with("model.layers.") || name.ends_with(".bias");
}

void check_weights(const model_file& model, const std::string& where) {
  const auto needed = needed_weights(model.config);
  std::vector<std::string> mistakes;
  for (const auto& [name, expected] : needed) {
    const auto found = model.tensors.find(name);
    if (found == model.tensors.end())
      mistakes.push_back(name + " is missing");
    else if (found->second.shape != expected)
      mistakes.push_back(name + " is " + to_text(found->second.shape) + ", expected " + to_text(expected));
  }
  for (const auto& [name, tensor] : model.tensors)
    if (!needed.contains(name) && changes_the_result(name))
      mistakes.push_back(name + " is not supported");
  if (mistakes.empty())
    return;
  constexpr std::size_t shown = 5;
  std::string text = where + ": " + std::to_string(mistakes.size()) + " of its weights don't fit a " +
                     model.config.family + " model of " + std::to_string(model.config.num_layers) + " layers: ";
  for (std::size_t i = 0; i < std::min(shown, mistakes.size()); ++i)
    text += (i > 0 ? "; " : "") + mistakes[i];
  throw model_error(text + (mistakes.size() > shown ? "; …" : ""));
}

void check_vocabulary(const model_file& model, const std::string& where) {
  const auto tokens = static_cast<std::int64_t>(model.vocabulary.tokens.size());
  if (tokens > model.config.vocab_size)
    throw model_error(where + ": the tokenizer has " + std::to_string(tokens) + " tokens, the embedding only " +
                      std::to_string(model.config.vocab_size) + " rows");
}

model_file read_hugging_face_model(const std::filesystem::path& directory) {
  const auto config_path = directory / "config.json";
  if (!std::filesystem::exists(config_path))
    throw model_error(directory.string() + ": this directory has no config.json, so it is no Hugging Face model");
  const auto json = read_json_file(config_path);
  model_file model;
  model.config = config_from_json(json, config_path.string());
  if (model.config.name.empty())
    model.config.name = std::filesystem::absolute(directory / "").parent_path().filename().string();
  model.model_hash = avp::model_hash(json.dump()).value();
  model.vocabulary = read_tokenizer_json(directory);
  auto weights = open_safetensors(directory);
  model.files = std::move(weights.files);
  model.tensors = std::move(weights.tensors);
  if (model.config.tied)
    model.tensors.erase("lm_head.weight"); // transformers, too, takes the embedding in its place.
  return model;
}

std::string_view text_of(const mapped_file& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::string digest_of(const std::vector<std::shared_ptr<const mapped_file>>& files) {
  if (files.size() == 1)
    return sha256_hex(text_of(*files.front()));
  std::string digests;
  for (const auto& file : files)
    digests += sha256_hex(text_of(*file));
  return sha256_hex(digests);
}

} // namespace

model_file open_model(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    throw model_error(path.string() + ": there is no such file or directory");
  const auto where = path.string();
  auto model = std::filesystem::is_directory(status) ? read_hugging_face_model(path) : read_gguf_model(path);
  check_weights(model, where);
  check_vocabulary(model, where);
  model.weights_digest = digest_of(model.files);
  return model;
}

} // namespace avp
