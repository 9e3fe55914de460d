// A model on disk: a GGUF file or a Hugging Face directory behind one face.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <avp/gpu/model/mapped_file.hpp>
#include <avp/gpu/model/model_config.hpp>
#include <avp/gpu/model/model_error.hpp>
#include <avp/gpu/model/tensor_type.hpp>
#include <avp/gpu/text/vocabulary.hpp>

namespace avp {

/// An open model. Weights stay memory-mapped for as long as it lives.
struct model_file {
  model_config config;
  avp::vocabulary vocabulary;
  std::map<std::string, tensor_view> tensors; ///< By their Hugging Face name: "model.layers.0.self_attn.q_proj.weight".
  bool interleaved_rope = false; ///< Rows of q_proj and k_proj are ordered for adjacent pairs (GGUF, llama family).
  std::string weights_digest;    ///< SHA-256 (hex) of the weight file; of many files, of their digests in name order.
  std::string model_hash;        ///< AVP's model_hash of the configuration.
  std::vector<std::shared_ptr<const mapped_file>> files; ///< The weights, in name order; they keep `tensors` alive.
};

/// Opens a `.gguf` file or a directory with config.json, tokenizer.json and safetensors, and reads all of it once for
/// the digest (about 0.7 s per GB). Throws model_error; weights that are missing or of a wrong shape are all counted in
/// one.
[[nodiscard]] model_file open_model(const std::filesystem::path& path);

} // namespace avp
