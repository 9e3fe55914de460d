// What a device is to hold.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <caf/meta/type_name.hpp>

#include "gpu/wire_field.hpp"
#include "transport/metadata.hpp"
#include "transport/name_table.hpp"

namespace avp {

class device_observer;

/// How a device keeps a model's weights.
enum class weight_format : std::uint8_t {
  float32,
  bfloat16,
  native, ///< The blocks of a GGUF as they are; other tensors in bfloat16.
  int8,   ///< Quantised at load time: one scale per output row.
  int4,   ///< Quantised at load time: scale and zero per 32 inputs.
};

template <>
inline constexpr auto name_table<weight_format> = std::to_array<named_value<weight_format>>({
    {weight_format::float32, "float32"},
    {weight_format::bfloat16, "bfloat16"},
    {weight_format::native, "native"},
    {weight_format::int8, "int8"},
    {weight_format::int4, "int4"},
});

/// Who guesses the next tokens of answers, so that several are computed in one pass.
struct draft_source {
  std::string model; ///< Another one of the device, by its name; empty: what followed in the request's own context.

  static const draft_source prompt;

  bool operator==(const draft_source&) const = default;

  /// "prompt" or "model:NAME", as a pipeline file has it.
  [[nodiscard]] std::string text() const { return model.empty() ? "prompt" : "model:" + model; }
  [[nodiscard]] static std::optional<draft_source> read(std::string_view text) {
    constexpr std::string_view other = "model:";
    if (text == "prompt")
      return prompt;
    if (text.starts_with(other) && text.size() > other.size())
      return draft_source{std::string(text.substr(other.size()))};
    return {};
  }
};

inline const draft_source draft_source::prompt{};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, draft_source& x) {
  return f(caf::meta::type_name("avp::draft_source"), x.model);
}

/// A model that a device loads, under the name by which requests know it.
struct model_spec {
  std::string name;
  std::string source; ///< Catalogue name, path of a .gguf, or a Hugging Face directory.
  /// Unless set, native for a GGUF with quantised blocks on a CPU, else bfloat16.
  std::optional<weight_format> format;
  /// Of the KV-cache: float32 or bfloat16. Unless set, float32 for float32 weights, else bfloat16.
  std::optional<data_type> kv_dtype;
  bool layercast = false; ///< Arithmetic in float32 on weights that are kept in bfloat16.
  /// A built-in one or one of the model's by name, or "file:PATH"; empty: the model's own.
  std::string chat_template;
  std::string template_text;      ///< Of "file:PATH": what stands in the file, so that it is the same on all machines.
  std::string template_variables; ///< For the model's own chat template: a JSON object; empty: none.
  std::string model_hash;         ///< AVP model_hash to use in place of the computed one; empty: computed.
  /// Whether special tokens count in data that was put into prompts, as well as in what the pipeline's author wrote.
  bool special_tokens_in_text = false;
  std::optional<draft_source> draft; ///< Unset: nobody. It changes no answer.

  /// Type of the KV-cache, chosen or not.
  [[nodiscard]] data_type cache_dtype() const {
    return kv_dtype.value_or(format == weight_format::float32 ? data_type::float32 : data_type::bfloat16);
  }

  /// Whether both would load the same thing, whatever it is called and whoever guesses its tokens.
  [[nodiscard]] bool same_weights(const model_spec& other) const {
    return source == other.source && format == other.format && cache_dtype() == other.cache_dtype() &&
           layercast == other.layercast && chat_template == other.chat_template &&
           template_text == other.template_text && template_variables == other.template_variables &&
           model_hash == other.model_hash && special_tokens_in_text == other.special_tokens_in_text;
  }
};

/// How it goes from machine to machine.
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, model_spec& x) {
  return f(caf::meta::type_name("avp::model_spec"), x.name, x.source, as_field(x.format), as_field(x.kv_dtype),
           x.layercast, x.chat_template, x.template_text, x.template_variables, x.model_hash, x.special_tokens_in_text,
           as_field(x.draft));
}

/// A device and its models.
struct device_config {
  std::string device = "cpu"; ///< "cpu" or "cuda:N".
  std::optional<int> threads; ///< Arithmetic threads; the machine's cores unless set.
  std::vector<model_spec> models;
  std::optional<std::int64_t> kv_memory;     ///< Bytes for all KV-cache blocks; a share of the free memory unless set.
  bool prefix_sharing = true;                ///< Whether prompts that begin alike share blocks.
  std::shared_ptr<device_observer> observer; ///< May be empty.
};

} // namespace avp
