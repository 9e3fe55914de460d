// A tiny model that can be talked to: byte vocabulary, ChatML, random weights, answers at once.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "gpu/device_config.hpp"
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/gpu/text/small_vocabulary.hpp"

namespace avp::test {

/// Tokens of the runnable model: 256 bytes, `<|im_start|>` (256), `<|im_end|>` (257, ends an answer).
inline gguf_writer runnable_gguf(const std::string& architecture = "qwen2", std::uint64_t seed = 7) {
  auto out = tiny_gguf(architecture);
  std::vector<std::string> tokens(byte_alphabet().begin(), byte_alphabet().end());
  tokens.insert(tokens.end(), {"<|im_start|>", "<|im_end|>"});
  std::vector<std::int32_t> kinds(256, 1);
  kinds.insert(kinds.end(), {3, 3});
  out.texts("tokenizer.ggml.tokens", tokens);
  out.integers("tokenizer.ggml.token_type", kinds);
  out.texts("tokenizer.ggml.merges", {});
  out.u32("tokenizer.ggml.bos_token_id", 256);
  out.u32("tokenizer.ggml.eos_token_id", 257);
  out.u32(architecture + ".context_length", 512);
  out.f32(architecture + ".attention.layer_norm_rms_epsilon", 1e-5F);
  out.tensors["token_embd.weight"] = {{258, tiny_hidden}, 0, tiny_values(258 * tiny_hidden, seed)};
  return out;
}

/// Writes the file and gives what a device needs to load it under the name "main".
inline model_spec write_model(const gguf_writer& gguf, const std::filesystem::path& file,
                              weight_format format = weight_format::float32) {
  std::ofstream(file, std::ios::binary) << gguf.bytes();
  model_spec spec;
  spec.name = "main";
  spec.source = file.string();
  spec.format = format;
  spec.chat_template = "chatml";
  return spec;
}

} // namespace avp::test
