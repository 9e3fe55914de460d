// What there is to know about a model file.
#include "runtime/model_info.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

#include "gpu/kernels/block_matrix.hpp"
#include "gpu/text/chat_template.hpp"
#include "runtime/text/number_text.hpp"
#include "runtime/text/sampling_text.hpp"

namespace avp {

namespace {

using nlohmann::ordered_json;

struct type_total {
  std::int64_t tensors = 0;
  std::uint64_t values = 0;
  std::uint64_t bytes = 0;
};

std::uint64_t values_of(const tensor_view& tensor) {
  std::uint64_t values = 1;
  for (const auto size : tensor.shape)
    values *= static_cast<std::uint64_t>(size);
  return values;
}

ordered_json weights_of(const model_file& model) {
  std::map<tensor_type, type_total> totals;
  type_total all;
  for (const auto& [name, tensor] : model.tensors)
    for (auto* total : {&totals[tensor.type], &all}) {
      total->tensors += 1;
      total->values += values_of(tensor);
      total->bytes += tensor.data.size();
    }
  std::vector<std::pair<tensor_type, type_total>> by_size(totals.begin(), totals.end());
  std::ranges::sort(by_size, [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  auto types = ordered_json::array();
  for (const auto& [type, total] : by_size) {
    types.push_back(
        {{"type", to_string(type)},
         {"tensors", total.tensors},
         {"bytes", total.bytes},
         {"share", static_cast<double>(total.bytes) / static_cast<double>(std::max<std::uint64_t>(all.bytes, 1))}});
    if (block_values(type) > 1)
      types.back()["kernels"] = block_matrix::supports(type);
  }
  return {{"values", all.values}, {"bytes", all.bytes}, {"types", types}};
}

ordered_json tokenizer_of(const vocabulary& vocabulary) {
  auto ends = ordered_json::array();
  for (const auto id : vocabulary.end_of_turn)
    ends.push_back(vocabulary.tokens.at(static_cast<std::size_t>(id)).text);
  const auto special = std::ranges::count(vocabulary.tokens, token_kind::special, &vocabulary_token::kind);
  return {{"model", name_of(vocabulary.model)}, {"pre_tokenizer", name_of(vocabulary.split)},
          {"tokens", vocabulary.tokens.size()}, {"special", special},
          {"merges", vocabulary.merges.size()}, {"end_of_turn", ends}};
}

// What it makes of a question shows more than a name would.
ordered_json chat_of(const vocabulary& vocabulary) {
  const std::vector<chat_message> question{{"user", "Hello"}};
  auto named = ordered_json::array();
  for (const auto& [name, text] : vocabulary.named_templates)
    named.push_back(name);
  ordered_json chat{{"named", named}};
  try {
    chat["reads_hello_as"] = chat_template(vocabulary).render(question).text();
  } catch (const std::exception& error) {
    chat["reads_hello_as"] = nullptr;
    chat["problem"] = error.what();
  }
  return chat;
}

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f%%", share * 100);
  return text;
}

void add_line(std::string& text, std::string key, const std::string& value) {
  constexpr std::size_t width = 22;
  key.resize(std::max(width, key.size() + 1), ' ');
  text += key + value + "\n";
}

std::string plain(const ordered_json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

} // namespace

ordered_json model_info(const model_file& model) {
  const auto& config = model.config;
  ordered_json shape{{"family", config.family},
                     {"layers", config.num_layers},
                     {"hidden_size", config.hidden_size},
                     {"intermediate_size", config.intermediate_size},
                     {"heads", config.num_heads},
                     {"kv_heads", config.num_kv_heads},
                     {"head_dim", config.head_dim},
                     {"vocabulary", config.vocab_size},
                     {"longest_context", config.max_positions},
                     {"rope_theta", config.rotary.theta},
                     {"rope_scaled", !config.rotary.factors.empty()},
                     {"rms_norm_eps", config.rms_norm_eps},
                     {"tied_embeddings", config.tied}};
  auto files = ordered_json::array();
  for (const auto& file : model.files)
    files.push_back(file->path().string());
  return {{"name", config.name},
          {"files", files},
          {"config", shape},
          {"weights", weights_of(model)},
          {"tokenizer", tokenizer_of(model.vocabulary)},
          {"chat_template", chat_of(model.vocabulary)},
          {"sampling", sampling_json(model.sampling)},
          {"weights_digest", model.weights_digest},
          {"model_hash", model.model_hash}};
}

std::string model_info_text(const ordered_json& info) {
  std::string text;
  add_line(text, "name", plain(info["name"]));
  for (const auto& file : info["files"])
    add_line(text, "file", plain(file));
  for (const auto& [key, value] : info["config"].items())
    add_line(text, key, plain(value));
  const auto& weights = info["weights"];
  add_line(text, "weights", weights["values"].dump() + " values, " + size_text(weights["bytes"].get<std::uint64_t>()));
  for (const auto& type : weights["types"])
    add_line(text, "  " + plain(type["type"]),
             percent(type["share"].get<double>()) + " of the bytes, " + type["tensors"].dump() + " tensors" +
                 (type.value("kernels", true) ? "" : "; without kernels, so kept as bfloat16 with native"));
  const auto& tokenizer = info["tokenizer"];
  add_line(text, "tokenizer",
           plain(tokenizer["model"]) + ", splits as " + plain(tokenizer["pre_tokenizer"]) + ", " +
               tokenizer["tokens"].dump() + " tokens (" + tokenizer["special"].dump() + " special), " +
               tokenizer["merges"].dump() + " merges");
  for (const auto& end : tokenizer["end_of_turn"])
    add_line(text, "  ends a turn", plain(end));
  const auto& chat = info["chat_template"];
  add_line(text, "chat template",
           chat.contains("problem") ? plain(chat["problem"])
                                    : "reads Hello as " + chat["reads_hello_as"].dump(
                                                              -1, ' ', false, ordered_json::error_handler_t::replace));
  for (const auto& name : chat["named"])
    add_line(text, "  another one", plain(name));
  if (const auto said = sampling_text(info["sampling"]); !said.empty())
    add_line(text, "sampling", said + " unless said otherwise (generation_config.json)");
  add_line(text, "weights digest", plain(info["weights_digest"]));
  add_line(text, "model hash", plain(info["model_hash"]));
  return text;
}

} // namespace avp
