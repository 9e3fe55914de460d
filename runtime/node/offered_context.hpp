// A context of this process that other nodes may ask for.
#pragma once

#include <memory>
#include <string>

#include "runtime/node/kept_contexts.hpp"

namespace avp {

/// As long as the object lives.
class offered_context {
public:
  offered_context(std::shared_ptr<kept_contexts> kept, const payload& context, std::string id)
      : kept_(std::move(kept)),
        id_(std::move(id)) {
    kept_->keep(context);
  }
  offered_context(const offered_context&) = delete;
  offered_context& operator=(const offered_context&) = delete;
  ~offered_context() { kept_->release(id_); }

private:
  std::shared_ptr<kept_contexts> kept_;
  std::string id_;
};

} // namespace avp
