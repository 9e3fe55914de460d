// A model on disk: a GGUF file or a Hugging Face directory behind one face.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gpu/model/mapped_file.hpp"
#include "gpu/model/model_config.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/tensor_type.hpp"
#include "gpu/sampling.hpp"
#include "gpu/text/vocabulary.hpp"

namespace avp {

/// An open model. Weights stay memory-mapped for as long as it lives.
struct model_file {
  model_config config;
  avp::vocabulary vocabulary;
  std::map<std::string, tensor_view> tensors; ///< By their Hugging Face name: "model.layers.0.self_attn.q_proj.weight".
  std::map<std::string, unreadable_tensor> unreadable; ///< Those of types that can't be read, by the same names.
  bool interleaved_rope =
      false;                  ///< Rows that are rotated are ordered for adjacent pairs (family::interleaved_in_gguf).
  bool norms_add_one = false; ///< Norms multiply by 1 + weight (family::norms_add_one).
  said_sampling sampling;     ///< What generation_config.json says; of a GGUF nothing.
  std::string weights_digest; ///< SHA-256 (hex) of the weight file; of many files, of their digests in name order.
  std::string model_hash;     ///< AVP's model_hash of the configuration.
  std::vector<std::shared_ptr<const mapped_file>> files; ///< The weights, in name order; they keep `tensors` alive.
};

} // namespace avp
