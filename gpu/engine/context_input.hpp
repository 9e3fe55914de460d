// A context that a request was given, wherever it is from.
#pragma once

#include <cstdint>
#include <memory>

#include "gpu/cache/kv_context.hpp"

namespace avp {

/// A context as its recipe tells, with the place where its bits are.
struct context_input {
  payload message;                         ///< As it came.
  std::shared_ptr<const kv_context> local; ///< Where its blocks are of this engine's pool, or were.
  std::shared_ptr<const recipe> history;
  payload_origins origins; ///< The bytes that its history goes back to.
};

/// Looks at a context that a model is to continue on. Bytes of another process, another device or other arithmetic get
/// a recipe that names them. Throws request_error when it belongs to another model or is damaged.
[[nodiscard]] context_input open_context(const payload& message, const model_fingerprint& model,
                                         const block_pool& pool);

} // namespace avp
