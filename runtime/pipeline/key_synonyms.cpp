// What other programs call the keys of a pipeline file.
#include "runtime/pipeline/key_synonyms.hpp"

#include <algorithm>
#include <array>

namespace avp {
namespace {

struct synonym {
  std::string_view name;
  std::string_view key;
};

/// One name may stand for several keys; the table has one of them.
constexpr auto synonyms = std::to_array<synonym>({
    {"max_tokens", "max_new_tokens"},
    {"max_completion_tokens", "max_new_tokens"},
    {"max_output_tokens", "max_new_tokens"},
    {"max_length", "max_new_tokens"},
    {"num_predict", "max_new_tokens"},
    {"n_predict", "max_new_tokens"},
    {"temp", "temperature"},
    {"nucleus", "top_p"},
    {"repeat_penalty", "repetition_penalty"},
    {"rep_pen", "repetition_penalty"},
    {"stop_strings", "stop"},
    {"stop_sequences", "stop"},
    {"stop_token", "stop"},
    {"random_seed", "seed"},
    {"timeout", "time_limit"},
    {"timeout", "node_timeout"},
    {"latent_steps", "steps"},
    {"num_steps", "steps"},
    {"n_steps", "steps"},
    {"type", "kind"},
    {"role", "kind"},
    {"metric", "kind"},
    {"system_prompt", "system"},
    {"system_message", "system"},
    {"instruction", "prompt"},
    {"instructions", "prompt"},
    {"user", "prompt"},
    {"template", "prompt"},
    {"template", "chat_template"},
    {"path", "source"},
    {"file", "source"},
    {"name", "source"},
    {"model", "source"},
    {"model_path", "source"},
    {"gguf", "source"},
    {"repo", "source"},
    {"precision", "dtype"},
    {"quantization", "dtype"},
    {"torch_dtype", "dtype"},
    {"cache_dtype", "kv_dtype"},
    {"cache_type", "kv_dtype"},
    {"num_threads", "threads"},
    {"n_threads", "threads"},
    {"memory", "kv_memory"},
    {"cache_memory", "kv_memory"},
    {"path", "file"},
    {"data", "file"},
    {"source", "file"},
    {"max_records", "limit"},
    {"answer", "expected"},
    {"target", "expected"},
    {"reference", "expected"},
    {"graph", "flow"},
    {"edges", "flow"},
});

} // namespace

std::optional<std::string> key_called(std::string_view name, const std::vector<std::string>& known) {
  for (const auto& one : synonyms)
    if (one.name == name && std::find(known.begin(), known.end(), one.key) != known.end())
      return std::string(one.key);
  return std::nullopt;
}

} // namespace avp
