// A model on disk: a GGUF file or a Hugging Face directory behind one face.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <avp/gpu/model/model_config.hpp>
#include <avp/gpu/model/tensor_type.hpp>
#include <avp/gpu/text/vocabulary.hpp>

namespace avp {

/// A model file that can't be used. The text says which file, what was expected, what came, what to do.
class model_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// An open model. Weights stay memory-mapped for as long as it lives.
struct model_file {
  model_config config;
  avp::vocabulary vocabulary;
  std::map<std::string, tensor_view> tensors; ///< By their Hugging Face name: "model.layers.0.self_attn.q_proj.weight".
  bool interleaved_rope = false; ///< Rows of q_proj and k_proj are ordered for adjacent pairs (GGUF, llama family).
  std::string weights_digest;    ///< SHA-256 (hex) of the weight bytes as they are in the file or files.
  std::string model_hash;        ///< AVP's model_hash of the configuration.
  std::shared_ptr<const void> mapping; ///< Keeps `tensors` alive.
};

/// Opens a `.gguf` file or a directory with config.json, tokenizer.json and safetensors. Throws model_error.
[[nodiscard]] model_file open_model(const std::filesystem::path& path);

} // namespace avp
